-- adds up: every artist of a chart has a row on its day, with as many tracks as the chart has of the artist

with facts as (
    select facts.snapshot_date, facts.market, count(*) as artists, sum(facts.charted_tracks) as tracks
    from marts.fct_artist_chart_daily as facts
    inner join ops.days_to_build as days
        on days.mart = 'trending_artists_daily' and facts.snapshot_date = days.snapshot_date
    group by 1, 2
),

made as (
    select
        trends.snapshot_date,
        trends.market,
        count(case when trends.charted_tracks > 0 then 1 end) as artists,
        sum(trends.charted_tracks) as tracks
    from marts.trending_artists_daily as trends
    inner join ops.days_to_build as days
        on days.mart = 'trending_artists_daily' and trends.snapshot_date = days.snapshot_date
    group by 1, 2
)

(select * from facts except select * from made)
union all
(select * from made except select * from facts)
