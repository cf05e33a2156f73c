"""Coverage: which charts are there, up to when, and what the figures are good for."""

from spotify_platform.powerbi.measures.measure import DAY, SHARE, TEXT, WHOLE, Measure

_FOLDER = "Coverage"

COVERAGE = (
    Measure(
        "Charts there",
        "coverage",
        _FOLDER,
        "Charts of the chosen markets and days that are there. Artists, tracks and genres do not change it.",
        WHOLE,
        """
        CALCULATE(
            COUNTROWS(coverage),
            coverage[entity] = "chart_entries",
            coverage[readable] = TRUE(),
            coverage[market] <> "*"
        )
        """,
        "market GLOBAL, all days",
        """
        select count(distinct snapshot_date)
        from curated.chart_entries
        where market = 'GLOBAL'
        """,
    ),
    Measure(
        "Newest chart day",
        "coverage",
        _FOLDER,
        "Day of the newest chart among the chosen markets and days. Measures of a day are of this one.",
        DAY,
        """
        CALCULATE(
            MAX(coverage[snapshot_date]),
            coverage[entity] = "chart_entries",
            coverage[readable] = TRUE(),
            coverage[market] <> "*"
        )
        """,
        "market GLOBAL, all days",
        """
        select max(snapshot_date)
        from curated.chart_entries
        where market = 'GLOBAL'
        """,
    ),
    Measure(
        "Newest full week",
        "coverage",
        _FOLDER,
        "Friday of the newest charting week of which all seven charts of every chosen market are there. Measures of a "
        "week are of this one.",
        DAY,
        """
        MAXX(
            FILTER(
                VALUES(dim_week[chart_week]),
                [Charts there] = 7 * COUNTROWS(dim_market)
            ),
            dim_week[chart_week]
        )
        """,
        "market GLOBAL, all days",
        """
        select max(friday)
        from (
            select snapshot_date - ((isodow(snapshot_date) + 2) % 7)::int as friday
            from (select distinct snapshot_date from curated.chart_entries where market = 'GLOBAL')
            group by friday
            having count(*) = 7
        )
        """,
    ),
    Measure(
        "Chart coverage",
        "coverage",
        _FOLDER,
        "Charts that are there over one for each chosen market and day.",
        SHARE,
        "DIVIDE([Charts there], COUNTROWS(dim_date) * COUNTROWS(dim_market))",
        "all markets, all days",
        """
        select count(distinct (market, snapshot_date))
            / (count(distinct market) * (max(snapshot_date) - min(snapshot_date) + 1.0))
        from curated.chart_entries
        """,
    ),
    Measure(
        "Confidence",
        "coverage",
        _FOLDER,
        "What the coverage is good for: high from 0.8 on, medium from 0.5 on, else low.",
        TEXT,
        """
        VAR Share = [Chart coverage]
        RETURN
            SWITCH(
                TRUE(),
                ISBLANK(Share), BLANK(),
                Share >= 0.8, "high",
                Share >= 0.5, "medium",
                "low"
            )
        """,
        "all markets, all days",
        """
        select case when there >= 0.8 * wanted then 'high' when there >= 0.5 * wanted then 'medium' else 'low' end
        from (
            select
                count(distinct (market, snapshot_date)) as there,
                count(distinct market) * (max(snapshot_date) - min(snapshot_date) + 1) as wanted
            from curated.chart_entries
        )
        """,
    ),
    Measure(
        "Days not complete",
        "coverage",
        _FOLDER,
        "Days on which an entity is not there as a whole: missing, partial, unpublished, withheld or purged.",
        WHOLE,
        'CALCULATE(COUNTROWS(coverage), coverage[market] = "*", coverage[state] <> "complete")',
        "entity albums, all days",
        """
        select count(*)
        from marts.dim_date
        where snapshot_date not in (
            select snapshot_date from curated.albums where detail = 'full'
        )
        """,
    ),
    Measure(
        "First day",
        "coverage",
        _FOLDER,
        "First of the days on which an entity is not complete.",
        DAY,
        'CALCULATE(MIN(coverage[snapshot_date]), coverage[market] = "*", coverage[state] <> "complete")',
        "entity albums, all days",
        """
        select min(snapshot_date)
        from marts.dim_date
        where snapshot_date not in (
            select snapshot_date from curated.albums where detail = 'full'
        )
        """,
    ),
    Measure(
        "Last day",
        "coverage",
        _FOLDER,
        "Last of the days on which an entity is not complete.",
        DAY,
        'CALCULATE(MAX(coverage[snapshot_date]), coverage[market] = "*", coverage[state] <> "complete")',
        "entity albums, all days",
        """
        select max(snapshot_date)
        from marts.dim_date
        where snapshot_date not in (
            select snapshot_date from curated.albums where detail = 'full'
        )
        """,
    ),
)
