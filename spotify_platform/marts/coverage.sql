-- question: which entity, market and day is there, and why is one not?
-- grain:    one row per date, entity and market; market * is the entity as a whole
-- window:   none: the ledger as it stands when the marts are built

select snapshot_date, entity, market, state, readable, items, reason
from ops.coverage
