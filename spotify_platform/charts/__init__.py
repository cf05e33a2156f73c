"""Charts: what the dashboard, the report and the README show, as questions in SQL and functions that draw the answers.

`sql/` has one SELECT a figure, with a header that says how it is drawn; `sql/choices/` what a filter offers. `figure`
reads them, puts filters in and says in words what a figure means, from the contracts; `draw` makes Altair charts,
`palette` their colours, `findings` sentences. Nothing here knows where rows come from: callers hand in a function that
answers a SELECT. Pages and layout are the dashboard's and the report's.
"""
