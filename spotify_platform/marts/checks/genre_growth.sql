-- adds up: the genres of a market's week share it wholly; each of up to 1,000 is rounded to 6 decimals

select
    shares.chart_week,
    shares.market,
    sum(shares.share) as shared,
    sum(shares.share_4w) as shared_4w,
    sum(shares.share_before) as shared_before
from marts.genre_growth as shares
inner join ops.days_to_build as days
    on days.mart = 'genre_growth' and shares.chart_week = days.snapshot_date
group by 1, 2
having
    sum(shares.share) not between 0.999 and 1.001
    or sum(shares.share_4w) not between 0.999 and 1.001
    or sum(shares.share_before) not between 0.999 and 1.001
