-- title: Genres that grow and shrink
-- value: genre_growth.growth
-- draw:  bars growth genre percent
-- axes:  Growth of the share in four weeks (%)
-- read:  +50 % is half as much again. The eight that grew most and the eight that shrank most.
with placed as (
    select
        *,
        case when growth is not null then row_number() over (order by growth is null, growth desc, genre) end as first,
        case when growth is not null then row_number() over (order by growth is null, growth, genre) end as last
    from marts.genre_growth
    where market = $market and chart_week = $week
)

select genre, growth, share_4w, share_before, tracks, coverage, confidence, reason
from placed
where growth is null or (first <= 8 and growth > 0) or (last <= 8 and growth <= 0)
order by growth is null, growth desc, genre
limit 40
