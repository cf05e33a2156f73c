-- question: which artists stood on which chart, and how high?
-- grain:    one row per market, chart date and artist; every artist of a track gets its points in full
-- window:   the day

with held as (
    select ledger.market, ledger.snapshot_date
    from marts.coverage as ledger
    inner join ops.days_to_build as days
        on days.mart = 'fct_artist_chart_daily' and ledger.snapshot_date = days.snapshot_date
    where ledger.entity = 'chart_entries' and ledger.market <> '*' and ledger.readable
),

sizes as (
    select entries.market, entries.snapshot_date, max(entries.rank) as chart_size, count(*) as places
    from curated.chart_entries as entries
    where exists (
        select 1 from held where held.market = entries.market and held.snapshot_date = entries.snapshot_date
    )
    group by entries.market, entries.snapshot_date
),

doubled as (
    -- the few charts that have fewer tracks than places
    select sizes.market, sizes.snapshot_date
    from sizes
    inner join (
        select better.market, better.snapshot_date, count(*) as tracks
        from marts.fct_chart_daily as better
        where exists (
            select 1 from held where held.market = better.market and held.snapshot_date = better.snapshot_date
        )
        group by better.market, better.snapshot_date
    ) as better
        on sizes.market = better.market and sizes.snapshot_date = better.snapshot_date
    where better.tracks < sizes.places
),

places as (
    select
        entries.market,
        entries.snapshot_date,
        credits.artist_id,
        case when credits.artist_id is null then coalesce(entries.artist_names, '') end as unknown,
        entries.artist_names,
        entries.rank,
        1 as tracks
    from curated.chart_entries as entries
    left join marts.bridge_track_artist as credits on entries.track_id = credits.track_id
    union all
    -- the places of one track are one track: what the rows above have too much of it, in place of a count(distinct)
    -- over all places, which takes longer than everything else here
    select
        entries.market,
        entries.snapshot_date,
        credits.artist_id,
        case when credits.artist_id is null then coalesce(entries.artist_names, '') end as unknown,
        null as artist_names,
        null as rank,
        1 - count(*) as tracks
    from curated.chart_entries as entries
    inner join doubled
        on entries.market = doubled.market and entries.snapshot_date = doubled.snapshot_date
    left join marts.bridge_track_artist as credits on entries.track_id = credits.track_id
    group by entries.market, entries.snapshot_date, entries.track_id, 3, 4
),

artists as (
    select
        places.snapshot_date,
        places.market,
        places.artist_id,
        places.unknown,
        max(places.artist_names) as credited_as,
        sum(sizes.chart_size + 1 - places.rank) as points,
        min(places.rank) as best_rank,
        sum(places.tracks) as charted_tracks,
        max(sizes.chart_size) as chart_size
    from places
    inner join sizes
        on places.market = sizes.market and places.snapshot_date = sizes.snapshot_date
    group by places.snapshot_date, places.market, places.artist_id, places.unknown
)

select
    snapshot_date,
    market,
    coalesce(artist_id, 'name:' || unknown) as artist_key,
    artist_id,
    credited_as,
    points,
    best_rank,
    charted_tracks,
    chart_size
from artists
