"""Charts, report and dashboard: from the SQL of a figure to what a browser shows of it."""
