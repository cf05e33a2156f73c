"""The marts' SQL on other warehouses: the text that Snowflake gets, and what in it Snowflake would not take.

A mart is written once, in DuckDB's dialect, and must give the same rows everywhere. sqlglot translates words, not
meanings, and there is no Snowflake to try it on. So `lacks` is narrow on purpose: it knows what the marts use, and
whatever is new to it (a function, a type) is a finding until somebody has read Snowflake's page about it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sqlglot import exp

# sqlglot is imported where it is used: the import takes 0.3 s.

_DOCS = "docs.snowflake.com/en/sql-reference/"

# Each has its page, `functions/<name>`, and gives for the marts' values what DuckDB's gives; where not, a rule says so.
# Not here on purpose: concat_ws, greatest and least, which are NULL as soon as one of their values is.
FUNCTIONS = {
    "ABS",
    "AVG",  # of integers a NUMBER: see the rule on doubles
    "CAST",
    "COALESCE",
    "COUNT",
    "DATEDIFF",  # of two dates; of times the boundaries that lie between
    "DAY",  # this, MONTH, YEAR and DAYOFWEEKISO: functions/year
    "DAYOFWEEKISO",  # from 1, Monday, to 7, whatever WEEK_START says
    "LAG",
    "LEAD",
    "LISTAGG",  # of no value '' and not NULL: see the rule on it
    "LN",
    "MAX",  # of texts by the bytes of UTF-8, as DuckDB: constructs/order-by
    "MAX_BY",  # passes over rows where the second value is NULL: see the rule on the first one
    "MEDIAN",  # of an even number the mean of the middle two; of integers a NUMBER: see the rule on doubles
    "MIN",
    "MIN_BY",
    "MONTH",
    "NULLIF",
    "ROUND",  # half away from zero unless it is told otherwise, as DuckDB
    "ROW_NUMBER",
    "STDDEV_POP",  # a double
    "SUBSTRING",
    "SUM",  # of integers NUMBER(38, 0); DuckDB's is HUGEINT
    "YEAR",
}

# sql-reference/intro-summary-data-types; FLOAT and DOUBLE are one type, and all whole numbers are NUMBER(38, 0).
TYPES = {"VARCHAR", "TEXT", "DOUBLE", "FLOAT", "DECIMAL", "INT", "BIGINT", "BOOLEAN", "DATE", "TIMESTAMPNTZ"}

# sql-reference/reserved-keywords
RESERVED = frozenset(
    """
    all alter and any as between by case cast check column connect constraint create cross current current_date
    current_time current_timestamp current_user delete distinct drop else exists false following for from full grant
    group gscluster having ilike in increment inner insert intersect into is issue join lateral left like localtime
    localtimestamp minus natural not null of on or order organization qualify regexp revoke right rlike row rows
    sample select set some start table tablesample then to trigger true try_cast union unique update using values
    view when whenever where with
    """.upper().split()
)


def rendered(select: str, warehouse: Literal["duckdb", "snowflake"]) -> str:
    """A mart's SELECT as `warehouse` gets it: DuckDB the text as it stands, Snowflake a translation without comments.

    What an ASC leaves open, Snowflake's DEFAULT_NULL_ORDERING decides (sql-reference/parameters), and sqlglot drops
    NULLS LAST there. So a mart that orders by a value that may be NULL says `value is null, value`.
    """
    if warehouse == "duckdb":
        return select
    from sqlglot import ErrorLevel, transpile

    (statement,) = transpile(
        select, read="duckdb", write="snowflake", pretty=True, comments=False, unsupported_level=ErrorLevel.RAISE
    )
    return statement


def lacks(select: str) -> list[str]:
    """What a SELECT rendered for Snowflake holds that Snowflake does not have, or has with other rows; each once."""
    from sqlglot import parse_one
    from sqlglot.errors import SqlglotError

    try:
        statement = parse_one(select, dialect="snowflake")
    except SqlglotError as error:
        return [f"no SQL of Snowflake's: {str(error).splitlines()[0]}"]
    rules = _rules()
    found = [rule.told(node) for node in statement.walk() for rule in rules if rule.broken(node)]
    return list(dict.fromkeys([*found, *_in_the_text(select)]))


@dataclass(frozen=True)
class Rule:
    """Something that must not stand in a statement, and the page of Snowflake's documentation that tells why."""

    what: str
    page: str
    broken: Callable[["exp.Expr"], bool]

    def told(self, node: "exp.Expr") -> str:
        """The finding, with the beginning of what it is about."""
        return f"{self.what}: {node.sql('snowflake')[:80]} ({_DOCS}{self.page})"


def _rules() -> tuple[Rule, ...]:
    from sqlglot import exp

    return (
        Rule(
            "a named window", "functions-window-syntax", lambda node: isinstance(node, exp.Window) and bool(node.alias)
        ),
        Rule("FILTER (WHERE …)", "functions-aggregation", lambda node: isinstance(node, exp.Filter)),
        # Snowflake has these two by now. The marts need neither, and no account was there to try them on.
        Rule(
            "UNION BY NAME",
            "operators-query",
            lambda node: isinstance(node, exp.SetOperation) and bool(node.args.get("by_name")),
        ),
        Rule(
            "a RANGE frame with an interval",
            "functions-window-syntax",
            lambda node: isinstance(node, exp.WindowSpec) and node.find(exp.Interval) is not None,
        ),
        # An ARRAY holds VARIANTs and counts from 0; DuckDB's list has a type and counts from 1.
        Rule("a list", "data-types-semistructured", lambda node: isinstance(node, exp.Array | exp.Bracket)),
        Rule("a struct", "data-types-semistructured", lambda node: isinstance(node, exp.Struct)),
        Rule("a lambda", "functions/transform", lambda node: isinstance(node, exp.Lambda)),
        Rule("unnest", "functions/flatten", lambda node: isinstance(node, exp.Unnest | exp.Lateral)),
        Rule("a GROUP BY of a row", "constructs/group-by", lambda node: isinstance(node, exp.Group) and _of_rows(node)),
        # Snowflake has it; what it draws is not what DuckDB draws.
        Rule("a sample", "constructs/sample", lambda node: isinstance(node, exp.TableSample)),
        # SEMI, ANTI and POSITIONAL are DuckDB's alone; ASOF asks for a MATCH_CONDITION (constructs/asof-join).
        Rule("a join of DuckDB's", "constructs/join", lambda node: isinstance(node, exp.Join) and _is_ducks(node)),
        Rule(
            "a type that is not known here",
            "intro-summary-data-types",
            lambda node: isinstance(node, exp.DataType) and node.this.name not in TYPES,
        ),
        Rule(
            "a reserved word as a name",
            "reserved-keywords",
            lambda node: isinstance(node, exp.Identifier) and not node.quoted and node.name.upper() in RESERVED,
        ),
        # Tables are created with plain names, which Snowflake keeps in capitals: "rank" is none of their columns.
        Rule("a quoted name", "identifiers-syntax", lambda node: isinstance(node, exp.Identifier) and node.quoted),
        Rule(
            "LISTAGG without an order",
            "functions/listagg",
            lambda node: isinstance(node, exp.GroupConcat) and not isinstance(node.this, exp.Order),
        ),
        Rule(
            "LISTAGG outside of CASE, which is '' of no value, not NULL",
            "functions/listagg",
            lambda node: isinstance(node, exp.GroupConcat) and not isinstance(node.parent, exp.If),
        ),
        # DuckDB passes over a row whose first value is NULL, Snowflake answers NULL. So the mart says what is meant.
        Rule(
            "MAX_BY or MIN_BY whose first value may be NULL",
            "functions/max_by",
            lambda node: isinstance(node, exp.ArgMax | exp.ArgMin) and not _is_sure(node),
        ),
        # Of whole numbers both are a NUMBER with 6 digits after the point; what DuckDB computes is a double.
        Rule(
            "a division without a cast to double",
            "operators-arithmetic",
            lambda node: isinstance(node, exp.Div) and not _is_double(node),
        ),
        Rule(
            "AVG without a cast to double",
            "functions/avg",
            lambda node: isinstance(node, exp.Avg) and not _is_double(node.this),
        ),
        Rule(
            "MEDIAN without a cast to double",
            "functions/median",
            lambda node: isinstance(node, exp.Median) and not _is_double(node.this),
        ),
        # Which of the two is meant, DuckDB and Snowflake decide differently from clause to clause.
        Rule(
            "a name that is a column and an alias of the same SELECT",
            "constructs/group-by",
            lambda node: isinstance(node, exp.Select) and bool(_shadowed(node)),
        ),
    )


def _of_rows(group: "exp.Group") -> bool:
    """Whether DuckDB groups by a row here (a struct), which Snowflake reads as a list of columns, or by a star."""
    from sqlglot import exp

    return any(isinstance(by, exp.Tuple | exp.Star) for by in group.expressions)


def _is_ducks(join: "exp.Join") -> bool:
    """Whether a join is of a kind of DuckDB's; sqlglot reads POSITIONAL as the alias of a table joined to all rows."""
    on = join.args.get("on") or join.args.get("using")
    return join.kind in ("SEMI", "ANTI") or join.method != "" or (not on and join.kind != "CROSS")


def _is_sure(node: "exp.ArgMax | exp.ArgMin") -> bool:
    """Whether NULL is taken care of: the first value is coalesced, or CASE leaves out the rows that do not count."""
    from sqlglot import exp

    return isinstance(node.this, exp.Coalesce) or isinstance(node.expression, exp.Case)


def _is_double(node: "exp.Expr") -> bool:
    """Whether an expression is a cast to double, or a division by or of one."""
    from sqlglot import exp

    node = node.unnest()
    if isinstance(node, exp.Div):
        return _is_double(node.left) or _is_double(node.right)
    return isinstance(node, exp.Cast) and node.to.this.name in ("DOUBLE", "FLOAT")


def _shadowed(select: "exp.Select") -> set[str]:
    """Names without a table that are also an alias for something else in the same SELECT; its subqueries not."""
    from sqlglot import exp

    new = {one.alias.upper() for one in select.expressions if isinstance(one, exp.Alias)}
    nodes = select.walk(prune=lambda node: node is not select and isinstance(node, exp.Query))
    return {node.name.upper() for node in nodes if isinstance(node, exp.Column) and not node.table} & new


def _in_the_text(select: str) -> Iterator[str]:
    """Findings about the words as they are written: sqlglot reads many functions' names as those it knows.

    A word before a parenthesis is a function, unless it is reserved or says what a window, a name or a type is.
    """
    from sqlglot import tokenize

    tokens = tokenize(select, "snowflake")
    if any(token.comments for token in tokens):
        # `//` begins one on Snowflake; integer division it has not.
        yield f"a comment: // begins one ({_DOCS}operators-arithmetic)"
    for before, word, after in zip([None, *tokens], tokens, tokens[1:], strict=False):
        name = word.text.upper()
        is_type = before is not None and before.text.upper() in ("AS", "::")
        if after.text != "(" or not name.isidentifier() or is_type or name == "OVER":
            continue
        if name not in FUNCTIONS and name not in RESERVED - {"LEFT", "RIGHT", "TRY_CAST"}:
            yield f"a function that is not known here: {name.lower()} ({_DOCS}functions-all)"
