-- title:    How did the shares of the leading genres develop?
-- asked by: product teams
-- reading:  The five genres with most weight in the last week, week by week.
-- picture:  line chart_week share genre

select shares.chart_week, shares.genre, shares.share
from marts.genre_growth as shares
inner join marts.genre_growth as newest
    on shares.genre = newest.genre and shares.market = newest.market
where
    shares.market = 'GLOBAL'
    and newest.chart_week = (select max(chart_week) from marts.genre_growth)
    and newest.rank_by_share <= 5
order by shares.chart_week, shares.share is null, shares.share desc, shares.genre
