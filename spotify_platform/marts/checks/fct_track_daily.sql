-- adds up: a row for each row of curated.tracks, with its popularity

with curated as (
    select facts.snapshot_date, count(*) as tracks, sum(facts.popularity) as popularity
    from curated.tracks as facts
    inner join ops.days_to_build as days
        on days.mart = 'fct_track_daily' and facts.snapshot_date = days.snapshot_date
    group by 1
),

made as (
    select facts.snapshot_date, count(*) as tracks, sum(facts.popularity) as popularity
    from marts.fct_track_daily as facts
    inner join ops.days_to_build as days
        on days.mart = 'fct_track_daily' and facts.snapshot_date = days.snapshot_date
    group by 1
)

(select * from curated except select * from made)
union all
(select * from made except select * from curated)
