-- adds up: a row for each row of curated.artists, with its popularity

with curated as (
    select facts.snapshot_date, count(*) as artists, sum(facts.popularity) as popularity
    from curated.artists as facts
    inner join ops.days_to_build as days
        on days.mart = 'fct_artist_daily' and facts.snapshot_date = days.snapshot_date
    group by 1
),

made as (
    select facts.snapshot_date, count(*) as artists, sum(facts.popularity) as popularity
    from marts.fct_artist_daily as facts
    inner join ops.days_to_build as days
        on days.mart = 'fct_artist_daily' and facts.snapshot_date = days.snapshot_date
    group by 1
)

(select * from curated except select * from made)
union all
(select * from made except select * from curated)
