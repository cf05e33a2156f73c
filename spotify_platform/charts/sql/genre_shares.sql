-- title: Share of the leading genres
-- value: genre_growth.share
-- draw:  lines chart_week share genre percent
-- axes:  Charting week (Friday, UTC) | Share of the chart's weight (%)
-- read:  the six genres with most weight in the chosen week, over 26 weeks; other is all the rest.
with leaders as (
    select genre
    from marts.genre_growth
    where market = $market and chart_week = $week and rank_by_share <= 6
),

named as (
    select
        shares.chart_week,
        coalesce(leaders.genre, 'other') as genre,
        shares.share,
        shares.coverage,
        shares.confidence,
        shares.reason
    from marts.genre_growth as shares
    left join leaders on shares.genre = leaders.genre
    where shares.market = $market and shares.chart_week between $week - 175 and $week
)

select
    chart_week,
    genre,
    round(sum(share), 6) as share,
    min(coverage) as coverage,
    min_by(confidence, coverage) as confidence,
    case when sum(share) is null then max(reason) end as reason
from named
group by chart_week, genre
order by chart_week, genre = 'other', genre
