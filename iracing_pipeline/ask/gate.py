"""Check of foreign statements: one SELECT over schema ``grafana``, with known functions.

The statement is parsed, checked, and generated from the parse tree: what runs is what was
checked, whatever comments, quotes or escapes it held. Privileges and the READ ONLY transaction of
`iracing_pipeline.ask.database` hold beside this.
"""

from __future__ import annotations

import logging

import sqlglot
from sqlglot import exp

from iracing_pipeline.ask.answer import AskError

LONGEST_STATEMENT = 10_000
SCHEMA = "grafana"
# fmt: off
FUNCTIONS = frozenset((
    "abs", "array_agg", "array_length", "avg", "bool_and", "bool_or", "cardinality", "ceil",
    "ceiling", "coalesce", "concat", "concat_ws", "corr", "count", "cume_dist", "date_bin",
    "date_part", "date_trunc", "dense_rank", "exp", "extract", "first_value", "floor",
    "generate_series", "greatest", "grouping", "initcap", "isfinite", "lag", "last_value", "lead",
    "least", "left", "length", "ln", "log", "lower", "ltrim", "make_interval", "max", "min",
    "mod", "mode", "nth_value", "ntile", "nullif", "percent_rank", "percentile_cont",
    "percentile_disc", "power", "pow", "rank", "regr_count", "regr_intercept", "regr_r2",
    "regr_slope", "right", "round", "row_number", "rtrim", "sign", "sqrt", "stddev", "stddev_pop",
    "stddev_samp", "string_agg", "strpos", "substring", "substr", "sum", "to_char",
    "to_timestamp", "trim", "trunc", "unnest", "upper", "var_pop", "var_samp", "variance",
    "width_bucket", "lap_channel", "lap_clock", "lap_compare", "lap_corner_losses", "lap_id",
    "lap_points", "lap_time", "length", "pressure", "speed", "temperature", "volume",
))
"""Functions that a statement may call; all of them only compute, and give little for little."""
_KEYWORDS = frozenset((
    "current_catalog", "current_role", "current_schema", "current_user", "session_user",
    "system_user", "user",
))
"""Names that PostgreSQL takes for a function without brackets, and the parser for a column."""
# fmt: on
_MOST_SERIES = 100_000
_REFUSED = (
    exp.Into,
    exp.Lock,
    exp.DDL,
    exp.DML,
    exp.Command,
    exp.Placeholder,
    exp.Parameter,
    exp.SessionParameter,
    exp.TableSample,
)
# Syntax that sqlglot keeps as a function although it calls none.
_SYNTAX = (
    exp.And,
    exp.Or,
    exp.Cast,
    exp.TryCast,
    exp.Case,
    exp.If,
    exp.Array,
    exp.Exists,
    exp.AnonymousAggFunc,
)

# It prints the statements that it cannot read, whatever they hold.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


def checked(statement: str) -> str:
    """The statement as it may run.

    Raises:
        AskError: It may not.
    """
    if len(statement) > LONGEST_STATEMENT:
        raise _refusal(f"it is longer than {LONGEST_STATEMENT} characters")
    try:
        parsed = sqlglot.parse(statement, read="postgres")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise _refusal("it cannot be parsed as PostgreSQL") from error
    trees = [tree for tree in parsed if tree is not None]
    if len(trees) != 1:
        raise _refusal(f"it holds {len(trees)} statements")
    tree = trees[0]
    if not isinstance(tree, exp.Query):
        raise _refusal("it is not a SELECT")
    _check(tree)
    return str(tree.sql(dialect="postgres", comments=False))


def _check(tree: exp.Expr) -> None:
    for node in tree.walk():
        if isinstance(node, _REFUSED):
            raise _refusal(f"{node.key.upper()} is not allowed")
        if isinstance(node, exp.Query) and not isinstance(
            node, exp.Select | exp.SetOperation | exp.Subquery | exp.Table
        ):
            raise _refusal(f"{node.key.upper()} is not allowed")
        if isinstance(node, exp.Func) and not isinstance(node, _SYNTAX):
            _check_function(node)
        if isinstance(node, exp.Column) and not node.table and _is_keyword(node):
            raise _refusal(f"{node.name} is not allowed; quote it if it is a column")
        if isinstance(node, exp.Table):
            _check_table(node)
        if isinstance(node, exp.DataType):
            _check_type(node)


def _is_keyword(column: exp.Column) -> bool:
    return not column.this.args.get("quoted") and column.name.lower() in _KEYWORDS


def _check_function(node: exp.Func) -> None:
    name = _function_name(node)
    if name not in FUNCTIONS:
        raise _refusal(f"the function {name} is not among those allowed")
    if isinstance(node, exp.GenerateSeries):
        ends = (node.args.get("start"), node.args.get("end"))
        if not all(isinstance(end, exp.Literal) and end.is_number for end in ends):
            raise _refusal("generate_series takes two plain numbers")
        first, last = (float(end.this) for end in ends if isinstance(end, exp.Literal))
        if abs(last - first) > _MOST_SERIES:
            raise _refusal(f"generate_series may give at most {_MOST_SERIES} numbers")


def _function_name(node: exp.Func) -> str:
    if isinstance(node, exp.Anonymous):
        return str(node.name).lower()
    written = node.sql(dialect="postgres", comments=False)
    return written.partition("(")[0].strip().lower() if "(" in written else node.key


def _check_table(node: exp.Table) -> None:
    if isinstance(node.this, exp.Func):  # checked as a function
        schema = node.args.get("db")
        if schema is not None and schema.name.lower() != SCHEMA:
            raise _refusal(f"only schema {SCHEMA} can be read")
        return
    if node.args.get("catalog") is not None:
        raise _refusal("another database cannot be read")
    schema = node.args.get("db")
    if schema is None:
        scopes = (each.args.get("with_") or each.args.get("with") for each in _ancestors(node))
        names = {cte.alias for scope in scopes if scope for cte in scope.expressions}
        if node.name in names:
            return
    if schema is None or schema.name != SCHEMA:
        raise _refusal(f"{node.name} is not in schema {SCHEMA}: write {SCHEMA}.{node.name}")


def _ancestors(node: exp.Expr) -> list[exp.Expr]:
    result, parent = [], node.parent
    while parent is not None:
        result.append(parent)
        parent = parent.parent
    return result


def _check_type(node: exp.DataType) -> None:
    if str(node.this).lower().rpartition(".")[2].startswith(("reg", "userdefined", "object")):
        raise _refusal("a cast to that type is not allowed")


def _refusal(reason: str) -> AskError:
    return AskError(
        f"The query is refused: {reason}",
        f"Write one SELECT over the views of schema {SCHEMA}; the resource schema lists them",
    )
