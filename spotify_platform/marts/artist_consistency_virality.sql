-- question: who is consistent and who is viral, on two axes, as of a charting week?
-- grain:    one row per market, charting week and artist on a chart of the four weeks up to it
-- window:   28 days; streaks and peaks since the market's first chart, growth over 13 weeks

with calendar as (
    -- a market's charts as the ledger tells them: a missing day is left out, it is not a day without the artist
    select
        ledger.market,
        ledger.snapshot_date,
        dates.chart_week,
        min(ledger.snapshot_date) over (partition by ledger.market) as history_from,
        row_number() over (partition by ledger.market order by ledger.snapshot_date) as chart_number,
        lag(ledger.snapshot_date) over (partition by ledger.market order by ledger.snapshot_date) as previous_date
    from marts.coverage as ledger
    inner join marts.dim_date as dates on ledger.snapshot_date = dates.snapshot_date
    where ledger.entity = 'chart_entries' and ledger.market <> '*' and ledger.readable
),

charts as (
    -- charts stand in a row where their steps follow each other: a gap of more than 3 days leaves one out
    select
        market,
        snapshot_date,
        chart_week,
        history_from,
        cast(
            chart_number + sum(case when date_diff('day', previous_date, snapshot_date) > 3 then 1 else 0 end) over (
                partition by market order by snapshot_date rows between unbounded preceding and current row
            ) as integer
        ) as step
    from calendar
),

weeks as (
    -- numbered: a number is joined and grouped faster than a market and a date
    select
        market,
        chart_week,
        history_from,
        count(*) as charts,
        max(snapshot_date) as last_date,
        max(step) as last_step,
        cast(row_number() over (order by market, chart_week) as integer) as week_number
    from charts
    group by market, chart_week, history_from
),

made as (
    select weeks.*
    from weeks
    inner join ops.days_to_build as days
        on days.mart = 'artist_consistency_virality' and weeks.chart_week = days.snapshot_date
),

spans as (
    -- each week that is to be made, with those of its thirteen weeks that have a chart
    select
        made.week_number,
        past.week_number as past_number,
        past.charts,
        date_diff('day', past.chart_week, made.chart_week) as days_ago
    from made
    inner join weeks as past
        on made.market = past.market and date_diff('day', past.chart_week, made.chart_week) between 0 and 84
),

dates_made as (
    select distinct chart_week
    from made
),

dates_recent as (
    -- the weeks that a stage is reckoned from, in whatever market
    select distinct dates_made.chart_week, weeks.chart_week as past_week
    from dates_made
    inner join weeks on date_diff('day', weeks.chart_week, dates_made.chart_week) between 0 and 21
),

charts_recent as (
    select charts.market, charts.snapshot_date
    from charts
    inner join (select distinct past_week from dates_recent) as recent on charts.chart_week = recent.past_week
),

acts as (
    -- an artist in a market; who was on no chart of the weeks looked at needs no history either
    select
        known.market,
        known.artist_key,
        known.artist_id,
        cast(row_number() over (order by known.market, known.artist_key) as integer) as act
    from (
        select distinct facts.market, facts.artist_key, facts.artist_id
        from marts.fct_artist_chart_daily as facts
        inner join charts_recent
            on facts.snapshot_date = charts_recent.snapshot_date and facts.market = charts_recent.market
    ) as known
),

artists as (
    select
        known.artist_key,
        known.artist_id,
        names.artist_name,
        cast(row_number() over (order by known.artist_key) as integer) as artist_number
    from (select distinct artist_key, artist_id from acts) as known
    left join marts.dim_artist as names on known.artist_id = names.artist_id
),

acts_numbered as (
    select acts.act, acts.market, acts.artist_key, artists.artist_number, artists.artist_id, artists.artist_name
    from acts
    inner join artists on acts.artist_key = artists.artist_key
),

days as (
    -- a row of charts begins anew where the step and the count of the artist's charts drift apart
    select
        acts.act,
        weeks.week_number,
        weeks.last_step as week_last_step,
        charts.step,
        facts.best_rank,
        cast(facts.points as integer) as points,
        charts.step - cast(row_number() over (partition by acts.act order by charts.step) as integer) as run,
        min(facts.best_rank) over (
            partition by acts.act order by charts.step rows between unbounded preceding and current row
        ) as peak_rank
    from marts.fct_artist_chart_daily as facts
    inner join charts on facts.snapshot_date = charts.snapshot_date and facts.market = charts.market
    inner join weeks on charts.market = weeks.market and charts.chart_week = weeks.chart_week
    inner join acts on facts.market = acts.market and facts.artist_key = acts.artist_key
),

stretches as (
    -- the days of a week together, as far as they are in one row and under one peak
    select
        act,
        week_number,
        run,
        peak_rank,
        min(step) as first_step,
        max(step) as last_step,
        count(*) as charted_days,
        sum(days.points) as points,
        count(case when best_rank = peak_rank then 1 end) as peak_days,
        max(case when step = days.week_last_step then best_rank end) as last_rank
    from days
    group by act, week_number, run, peak_rank
),

streaks as (
    select
        *,
        last_step - min(first_step) over (partition by act, run) + 1 as streak,
        sum(peak_days) over (
            partition by act, peak_rank order by first_step rows between unbounded preceding and current row
        ) as days_at_peak,
        sum(charted_days) over (
            partition by act order by first_step rows between unbounded preceding and current row
        ) as days_on_chart,
        lead(week_number) over (partition by act order by first_step) as next_number
    from stretches
),

so_far as (
    select
        *,
        max(streak) over (
            partition by act order by first_step rows between unbounded preceding and current row
        ) as longest_streak
    from streaks
),

sizes as (
    select facts.market, facts.snapshot_date, max(facts.chart_size) as chart_size
    from marts.fct_artist_chart_daily as facts
    inner join (
        select distinct charts.market, charts.snapshot_date
        from charts
        inner join weeks on charts.market = weeks.market and charts.chart_week = weeks.chart_week
        inner join spans on spans.days_ago <= 21 and weeks.week_number = spans.past_number
    ) as needed
        on facts.snapshot_date = needed.snapshot_date and facts.market = needed.market
    group by facts.market, facts.snapshot_date
),

week_sizes as (
    select
        weeks.week_number,
        max(sizes.chart_size) as largest_size,
        max(case when sizes.snapshot_date = weeks.last_date then sizes.chart_size end) as last_size
    from sizes
    inner join charts on sizes.market = charts.market and sizes.snapshot_date = charts.snapshot_date
    inner join weeks on charts.market = weeks.market and charts.chart_week = weeks.chart_week
    group by weeks.week_number
),

observed as (
    select
        spans.week_number,
        sum(case when spans.days_ago <= 21 then spans.charts else 0 end) as observed_days,
        sum(case when spans.days_ago between 7 and 28 then spans.charts else 0 end) as days_before_week,
        sum(case when spans.days_ago >= 28 then spans.charts else 0 end) as days_before_4w,
        max(case when spans.days_ago <= 21 then week_sizes.largest_size end) as largest_size,
        max(case when spans.days_ago = 0 then week_sizes.last_size end) as last_size,
        max(case when spans.days_ago = 7 then week_sizes.last_size end) as last_size_before
    from spans
    left join week_sizes on spans.past_number = week_sizes.week_number
    group by spans.week_number
),

counted as (
    -- The last one of these stretches tells what the artist has come to by the end of the week; of what only grows, or
    -- only falls, that is the greatest or the least.
    select
        so_far.act,
        spans.week_number,
        sum(case when spans.days_ago <= 21 then so_far.charted_days else 0 end) as charted_days,
        sum(case when spans.days_ago = 0 then so_far.charted_days else 0 end) as week_days,
        sum(case when spans.days_ago between 7 and 28 then so_far.charted_days else 0 end) as charted_before_week,
        sum(case when spans.days_ago <= 21 then so_far.points else 0 end) as points_4w,
        max(case when spans.days_ago = 0 then so_far.last_rank end) as last_rank,
        max(case when spans.days_ago = 7 then so_far.last_rank end) as last_rank_before,
        max(case when spans.days_ago = 0 and so_far.last_rank is not null then so_far.streak else 0 end)
            as current_streak,
        max(so_far.longest_streak) as longest_streak,
        max(so_far.days_on_chart) as days_on_chart,
        min(so_far.peak_rank) as peak_rank,
        max(
            case
                when coalesce(so_far.next_number, spans.week_number + 1) > spans.week_number then so_far.days_at_peak
            end
        ) as days_at_peak
    from so_far
    inner join spans on spans.days_ago <= 28 and so_far.week_number = spans.past_number
    group by 1, 2
    having sum(case when spans.days_ago <= 21 then so_far.charted_days else 0 end) > 0
),

counted_before as (
    select so_far.act, spans.week_number, sum(so_far.points) as points
    from so_far
    inner join spans on spans.days_ago >= 28 and so_far.week_number = spans.past_number
    group by 1, 2
),

windows as (
    -- the 28 days up to each week that is to be made, and up to the week before it
    select market, chart_week, cast(row_number() over (order by market, chart_week) as integer) as window_number
    from (
        select made.market, made.chart_week
        from made
        union
        select made.market, made.chart_week - 7 as chart_week
        from made
    ) as wanted
),

windows_of_weeks as (
    select
        made.week_number,
        this_one.window_number,
        one_before.window_number as window_before
    from made
    inner join windows as this_one on made.market = this_one.market and made.chart_week = this_one.chart_week
    inner join windows as one_before
        on made.market = one_before.market and made.chart_week - 7 = one_before.chart_week
),

reaches as (
    select weeks.week_number, windows.window_number
    from weeks
    inner join windows
        on
            weeks.market = windows.market
            and date_diff('day', weeks.chart_week, windows.chart_week) between 0 and 21
),

steady as (
    -- Who was on at least half of the charts before the week. Of all others median and MAD of the points are 0, so
    -- each of their days in the week stands out.
    select
        counted.act,
        counted.week_number,
        windows_of_weeks.window_before,
        observed.days_before_week - counted.charted_before_week as absences
    from counted
    inner join observed on counted.week_number = observed.week_number
    inner join windows_of_weeks on counted.week_number = windows_of_weeks.week_number
    where
        counted.week_days > 0
        and observed.days_before_week >= 7
        and 2 * counted.charted_before_week >= observed.days_before_week
),

numbers as (
    -- half of the charts of 28 days; a market with so many charts has a chart of each of these numbers
    select distinct chart_number as number
    from calendar
    where chart_number <= 14
),

measured as (
    -- a chart without the artist is a day with no points, and with no place
    select days.act, reaches.window_number, days.best_rank, days.points
    from days
    inner join reaches on days.week_number = reaches.week_number
    union all
    select steady.act, steady.window_before as window_number, null as best_rank, 0 as points
    from steady
    inner join numbers on steady.absences >= numbers.number
),

medians as (
    -- in halves, which are whole numbers: they take half of the memory, and each day of an artist counts in four weeks
    select
        act,
        window_number,
        cast(2 * median(cast(best_rank as double)) as integer) as rank_halves,
        cast(2 * median(cast(points as double)) as integer) as points_halves
    from measured
    group by act, window_number
),

deviations as (
    select
        measured.act,
        measured.window_number,
        min(medians.points_halves) as points_halves,
        median(cast(abs(2 * measured.best_rank - medians.rank_halves) as double)) / cast(2 as double) as rank_mad,
        median(cast(abs(2 * measured.points - medians.points_halves) as double)) as points_mad_halves
    from measured
    inner join medians on measured.act = medians.act and measured.window_number = medians.window_number
    group by measured.act, measured.window_number
),

thresholds as (
    select
        steady.act,
        steady.week_number,
        deviations.points_halves + 3 * deviations.points_mad_halves as threshold_halves
    from steady
    inner join deviations on steady.act = deviations.act and steady.window_before = deviations.window_number
),

spikes as (
    select
        thresholds.act,
        thresholds.week_number,
        count(case when 2 * days.points > thresholds.threshold_halves then 1 end) as spike_days
    from days
    inner join thresholds on days.act = thresholds.act and days.week_number = thresholds.week_number
    group by thresholds.act, thresholds.week_number
),

entries as (
    -- who came onto the charts of the week: the credits' artists, or the chart's own credit where no one else is told
    select
        made.week_number,
        coalesce(credits.artist_id, 'name:' || coalesce(moved.artist_names, '')) as artist_key,
        count(moved.track_id) as new_entries
    from marts.chart_movement as moved
    inner join charts on moved.snapshot_date = charts.snapshot_date and moved.market = charts.market
    inner join made on charts.market = made.market and charts.chart_week = made.chart_week
    left join marts.bridge_track_artist as credits on moved.track_id = credits.track_id
    where moved.previous_date is not null and moved.previous_rank is null
    group by 1, 2
),

popularity_days as (
    select distinct dates.snapshot_date, dates.chart_week
    from marts.dim_date as dates
    inner join dates_made
        on dates.chart_week = dates_made.chart_week or dates.chart_week = dates_made.chart_week - 7
),

popularities as (
    select
        told.artist_id,
        popularity_days.chart_week,
        arg_max(
            told.popularity, case when told.popularity is not null then told.snapshot_date end
        ) as popularity
    from curated.artists as told
    inner join popularity_days on told.snapshot_date = popularity_days.snapshot_date
    group by 1, 2
),

stage_points as (
    select dates_recent.chart_week, acts_numbered.artist_number, sum(so_far.points) as points
    from so_far
    inner join acts_numbered on so_far.act = acts_numbered.act
    inner join weeks on so_far.week_number = weeks.week_number
    inner join dates_recent on weeks.chart_week = dates_recent.past_week
    group by 1, 2
),

stage_places as (
    select
        chart_week,
        artist_number,
        row_number() over (partition by chart_week order by points desc, artist_number) - 1 as artists_before,
        count(*) over (partition by chart_week) as artists
    from stage_points
),

stages as (
    -- in whole numbers: 0.0003 times 10,000 is not 3 in doubles
    select
        chart_week,
        artist_number,
        case
            when artists_before * 10000 < artists * 3 then 'superstar'
            when artists_before * 10000 < artists * 23 then 'mainstream'
            when artists_before * 10000 < artists * 123 then 'mid-level'
            else 'developing'
        end as stage
    from stage_places
),

credits_of_weeks as (
    -- what the charts call those that no source has a name of; DISTINCT and not MAX, which DuckDB would take of the
    -- charts of all days before it joins
    select distinct nameless.act, weeks.week_number, facts.credited_as
    from marts.fct_artist_chart_daily as facts
    inner join acts_numbered as nameless
        on nameless.artist_name is null and facts.market = nameless.market and facts.artist_key = nameless.artist_key
    inner join charts on facts.snapshot_date = charts.snapshot_date and facts.market = charts.market
    inner join weeks on charts.market = weeks.market and charts.chart_week = weeks.chart_week
),

fallback_names as (
    select credits_of_weeks.act, spans.week_number, max(credits_of_weeks.credited_as) as credited_as
    from credits_of_weeks
    inner join spans on spans.days_ago <= 21 and credits_of_weeks.week_number = spans.past_number
    group by credits_of_weeks.act, spans.week_number
),

figures as (
    select
        counted.act,
        counted.week_number,
        counted.charted_days,
        counted.current_streak,
        counted.longest_streak,
        counted.days_on_chart,
        counted.peak_rank,
        counted.days_at_peak,
        deviations.rank_mad,
        stages.stage,
        case
            when observed.days_before_week < 7 then null
            else coalesce(spikes.spike_days, counted.week_days)
        end as spike_days,
        coalesce(counted.last_rank_before, observed.last_size_before + 1)
        - coalesce(counted.last_rank, observed.last_size + 1) as rank_gain,
        case when made.last_date > made.history_from then coalesce(entries.new_entries, 0) end as new_entries,
        case
            when this_week.popularity - last_week.popularity > 20 then 20
            when this_week.popularity - last_week.popularity < -20 then -20
            else this_week.popularity - last_week.popularity
        end as popularity_change,
        case
            when date_diff('day', made.history_from, made.chart_week) + 7 >= 91 and observed.days_before_4w > 0
                then
                    cast(counted.points_4w as double) / observed.observed_days
                    - cast(coalesce(counted_before.points, 0) as double) / observed.days_before_4w
        end as growth
    from counted
    inner join made on counted.week_number = made.week_number
    inner join acts_numbered as acts on counted.act = acts.act
    inner join observed on counted.week_number = observed.week_number
    inner join windows_of_weeks on counted.week_number = windows_of_weeks.week_number
    inner join deviations
        on counted.act = deviations.act and windows_of_weeks.window_number = deviations.window_number
    inner join stages on made.chart_week = stages.chart_week and acts.artist_number = stages.artist_number
    left join counted_before on counted.act = counted_before.act and counted.week_number = counted_before.week_number
    left join spikes on counted.act = spikes.act and counted.week_number = spikes.week_number
    left join entries on counted.week_number = entries.week_number and acts.artist_key = entries.artist_key
    left join popularities as this_week
        on acts.artist_id = this_week.artist_id and made.chart_week = this_week.chart_week
    left join popularities as last_week
        on acts.artist_id = last_week.artist_id and made.chart_week - 7 = last_week.chart_week
),

spreads as (
    select
        week_number,
        avg(cast(rank_gain as double)) as mean_gain,
        stddev_pop(cast(rank_gain as double)) as deviation_gain,
        avg(cast(new_entries as double)) as mean_entries,
        stddev_pop(cast(new_entries as double)) as deviation_entries,
        avg(cast(popularity_change as double)) as mean_change,
        stddev_pop(cast(popularity_change as double)) as deviation_change
    from figures
    group by week_number
),

growth_spreads as (
    select week_number, stage, stddev_pop(growth) as deviation_growth
    from figures
    group by week_number, stage
),

scored as (
    select
        figures.*,
        -- a deviation under 1e-9 is one of equal values
        case when spreads.deviation_gain < 1e-9 then 0
            else cast(figures.rank_gain - spreads.mean_gain as double) / spreads.deviation_gain end
        + case when figures.new_entries is null or spreads.deviation_entries < 1e-9 then 0
            else cast(figures.new_entries - spreads.mean_entries as double) / spreads.deviation_entries end
        + case when figures.popularity_change is null or spreads.deviation_change < 1e-9 then 0
            else cast(figures.popularity_change - spreads.mean_change as double) / spreads.deviation_change end
            as virality,
        round(
            case when growth_spreads.deviation_growth < 1e-9 then 0
                else cast(figures.growth as double) / growth_spreads.deviation_growth end, 6
        ) as growth_score
    from figures
    inner join spreads on figures.week_number = spreads.week_number
    inner join growth_spreads
        on figures.week_number = growth_spreads.week_number and figures.stage = growth_spreads.stage
)

select
    made.chart_week,
    acts.market,
    acts.artist_key,
    acts.artist_id,
    coalesce(acts.artist_name, fallback_names.credited_as) as artist_name,
    scored.charted_days,
    observed.observed_days,
    round(cast(scored.charted_days as double) / observed.observed_days, 6) as presence_rate,
    scored.rank_mad,
    round(
        cast(100 * scored.charted_days as double) / observed.observed_days
        * (1 - cast(scored.rank_mad as double) / observed.largest_size),
        6
    ) as consistency,
    scored.current_streak,
    scored.longest_streak,
    scored.days_on_chart,
    scored.peak_rank,
    scored.days_at_peak,
    scored.spike_days,
    scored.rank_gain,
    scored.new_entries,
    scored.popularity_change,
    case when scored.rank_gain is not null then round(scored.virality, 6) end as virality,
    scored.stage,
    scored.growth_score,
    case
        when scored.growth is null then 'insufficient history'
        when scored.growth_score >= 8 then 'explosive'
        when scored.growth_score >= 2 then 'high'
        when scored.growth_score > 1 then 'moderate'
        when scored.growth_score >= -1 then 'average'
        else 'declining'
    end as growth_class,
    nullif(
        substr(
            case when scored.rank_gain is null then '; no chart in the week before' else '' end
            || case
                when observed.days_before_week < 7 then '; fewer than 7 charts in the four weeks before' else ''
            end
            || case when scored.growth is null then '; history of under 13 weeks' else '' end
            || case
                when acts.artist_id is null
                    then '; no capture tells the artist of the track; named as the chart does'
                else ''
            end,
            3
        ),
        ''
    ) as reason,
    made.history_from,
    round(cast(observed.observed_days as double) / 28, 6) as coverage,
    case
        when round(cast(observed.observed_days as double) / 28, 6) >= 0.8 then 'high'
        when round(cast(observed.observed_days as double) / 28, 6) >= 0.5 then 'medium'
        else 'low'
    end as confidence
from scored
inner join made on scored.week_number = made.week_number
inner join observed on scored.week_number = observed.week_number
inner join acts_numbered as acts on scored.act = acts.act
left join fallback_names on scored.act = fallback_names.act and scored.week_number = fallback_names.week_number
