"""From a question and its parameters to an answer."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import psycopg

from iracing_pipeline.ask.answer import Answer, AskError, Figure, plain
from iracing_pipeline.ask.questions import QUESTIONS
from iracing_pipeline.why.reference import reference_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iracing_pipeline.ask.database import Database, Result
    from iracing_pipeline.ask.question import Parameter, Question
    from iracing_pipeline.tables import Table

_LAST_SESSION = (
    "SELECT session_key FROM grafana.session_summaries"
    " WHERE %(day)s::date IS NULL OR start_time::date = %(day)s::date"
    " ORDER BY start_time DESC LIMIT 1"
)
_LAST_RACE = "SELECT subsession_id FROM grafana.career_races ORDER BY start_time DESC LIMIT 1"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LONGEST_VALUE = 200


def ask(database: Database, name: str, parameters: Mapping[str, object]) -> Answer:
    """Answer a question.

    Args:
        database: Where the data is.
        name: Name of the question, one of `QUESTIONS`.
        parameters: Values by name of the question's parameters; None is as if not given.

    Raises:
        AskError: There is no such question, or a parameter does not fit it.
    """
    question = QUESTIONS.get(name)
    if question is None:
        raise AskError(f"There is no question {plain(name)}", f"Ask one of: {', '.join(QUESTIONS)}")
    given = {key: value for key, value in parameters.items() if value is not None}
    declared = {each.name: each for each in question.parameters}
    if unknown := given.keys() - declared.keys():
        raise AskError(
            f"{name} takes no {', '.join(sorted(map(str, unknown)))}",
            f"It takes {', '.join(declared)}" if declared else "It takes nothing",
        )
    if missing := [
        each.name for each in question.parameters if each.required and each.name not in given
    ]:
        raise AskError(f"{name} needs {' and '.join(missing)}", declared[missing[0]].doc)
    values = {key: _value(database, declared[key], value) for key, value in given.items()}
    if any(value is None for value in values.values()):  # "last", and there is none
        return _unknown(question, "")
    statement = question.statement(set(values))
    result = database.read(statement, values)
    return _answer(question, result, _filled(statement, values))


def query(database: Database, statement: str) -> Answer:
    """Run a statement of the caller's.

    Raises:
        AskError: The statement is refused or fails; see `iracing_pipeline.ask.gate`.
    """
    from iracing_pipeline.ask.gate import checked  # noqa: PLC0415 - its parser takes 0.3 s

    allowed = checked(statement)
    result = database.read(allowed.replace("%", "%%"), {})
    meanings = _meanings(result)
    rows = [dict(zip(meanings, row, strict=True)) for row in result.rows]
    if not rows:
        return Answer(
            "query",
            [],
            meanings,
            allowed,
            not_known="The query gives no row",
            remedy="Widen its conditions",
        )
    units = [_unit(comment) for comment in result.comments]
    for row in rows:
        for column, unit in zip(meanings, units, strict=True):
            if unit is not None and isinstance(row[column], int | float):
                row[column] = Figure(row[column], unit)
    return Answer("query", rows, meanings, allowed, more=result.more)


def _answer(question: Question, result: Result, statement: str) -> Answer:
    if not result.rows:
        return _unknown(question, statement)
    comments = dict(zip(result.names, result.comments, strict=True))
    meanings = {name: comments[name] for name in question.shown}
    origins = question.origins
    rows = []
    for values in result.rows:
        row = dict(zip(result.names, values, strict=True))
        rows.append(
            {
                name: _figure(row, name, question, _unit(comments[name]), origins.get(name))
                if name in question.figures
                else row[name]
                for name in question.shown
            }
        )
    return Answer(question.name, rows, meanings, statement, more=result.more)


def _figure(
    row: dict[str, Any], name: str, question: Question, unit: str | None, table: Table | None
) -> Figure:
    behind = question.figures[name]
    has_key = table is not None and all(row[key] is not None for key in table.key)
    n = row.get(behind.n) if isinstance(behind.n, str) else behind.n
    return Figure(
        row[name],
        unit or _unit_by_name(name),
        n,
        row.get(behind.low or ""),
        row.get(behind.high or ""),
        reference_id(table, name, row) if has_key and table is not None else None,
    )


def _unknown(question: Question, statement: str) -> Answer:
    return Answer(
        question.name,
        [],
        dict.fromkeys(question.shown, ""),
        statement,
        not_known=question.empty,
        remedy=question.remedy,
    )


def _meanings(result: Result) -> dict[str, str]:
    """Comment of each column; columns of one name are numbered."""
    meanings: dict[str, str] = {}
    for name, comment in zip(result.names, result.comments, strict=True):
        unique, number = str(plain(name)), 2
        while unique in meanings:
            unique, number = f"{name}_{number}", number + 1
        meanings[unique] = comment
    return meanings


def _unit(comment: str) -> str | None:
    """The unit at the end of a column's comment, in brackets."""
    match = re.search(r"\[([^\[\]]+)\]$", comment)
    return match.group(1) if match else None


def _unit_by_name(name: str) -> str | None:
    """The unit of a function's column, by the end of its name; those have no comments."""
    units = {"_mps": "m/s", "_s": "s", "seconds": "s", "_m": "m", "_l": "l"}
    return next((unit for end, unit in units.items() if name.endswith(end)), None)


def _value(database: Database, parameter: Parameter, given: object) -> object:
    """Convert a parameter's text to the value in the statement; None for ``last`` without any.

    Raises:
        AskError: It does not fit the parameter.
    """
    text = str(given).strip()
    if not text or len(text) > _LONGEST_VALUE or "\0" in text:
        raise AskError(
            f"{parameter.name} must have 1 to {_LONGEST_VALUE} characters", parameter.doc
        )
    try:
        if parameter.kind == "integer":
            return _bounded(int(text))
        if parameter.kind == "date":
            return datetime.fromisoformat(text).isoformat()
        if parameter.kind == "race":
            return _first(database, _LAST_RACE) if text == "last" else _bounded(int(text))
        if parameter.kind == "session":
            return _session(database, text)
    except ValueError as error:
        raise AskError(f"{parameter.name} cannot be {plain(text)}", parameter.doc) from error
    if parameter.kind == "lap":
        return text
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _bounded(number: int) -> int:
    if not -(2**63) <= number < 2**63:
        raise ValueError(number)
    return number


def _session(database: Database, text: str) -> object:
    if text == "last":
        return _first(database, _LAST_SESSION, {"day": None})
    if _DAY.fullmatch(text):
        return _first(database, _LAST_SESSION, {"day": date.fromisoformat(text)})
    return text


def _first(
    database: Database, statement: str, values: Mapping[str, object] | None = None
) -> object:
    rows = database.read(statement, values).rows
    return rows[0][0] if rows else None


def _filled(statement: str, values: Mapping[str, object]) -> str:
    """The statement with its values as literals, to be run by hand."""
    return (
        psycopg.sql.SQL(re.sub(r"%\((\w+)\)s", r"{\1}", statement))
        .format(**{name: psycopg.sql.Literal(value) for name, value in values.items()})
        .as_string(None)
    )
