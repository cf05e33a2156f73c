-- title: Biggest moves
-- value: chart_movement.rank_change
-- draw:  bars rank_change track
-- axes:  Places gained since the previous chart (places)
-- read:  the eight tracks that rose most and the eight that fell most since the market's previous chart.
-- empty: No track of the previous chart moved; or this is the market's first chart, with nothing to compare.
with moved as (
    select
        *,
        row_number() over (order by rank_change desc, rank, track_id) as rising,
        row_number() over (order by rank_change, rank, track_id) as falling
    from marts.chart_movement
    where market = $market and snapshot_date = $day and rank_change <> 0
)

select
    track_name || ' · ' || artist_names as track,
    rank_change,
    previous_rank,
    rank,
    days_on_chart,
    coverage,
    confidence,
    reason
from moved
where (rising <= 8 and rank_change > 0) or (falling <= 8 and rank_change < 0)
order by rank_change desc, rank, track
