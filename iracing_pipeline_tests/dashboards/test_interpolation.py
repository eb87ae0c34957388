from __future__ import annotations

import pytest

from iracing_pipeline.dashboards.errors import BoardError
from iracing_pipeline.dashboards.interpolation import (
    Value,
    for_prometheus,
    for_sql,
    for_text,
    interpolate,
    names,
)

ONE = Value(("O'Neil",), ("Mr O'Neil",))
TWO = Value(("a.b", "c'd"), ("A", "C"), several=True)


@pytest.mark.parametrize("text", ["$x", "${x}", "[[x]]"])
def test_three_ways_to_name_a_variable(text: str) -> None:
    assert interpolate(f"<{text}>", {"x": Value(("1",))}, for_text) == "<1>"


@pytest.mark.parametrize(
    ("form", "one", "two"),
    [
        ("raw", "O'Neil", "a.b,c'd"),
        ("csv", "O'Neil", "a.b,c'd"),
        ("text", "Mr O'Neil", "A + C"),
        ("sqlstring", "'O''Neil'", "'a.b','c''d'"),
        ("singlequote", "'O\\'Neil'", "'a.b','c\\'d'"),
        ("doublequote", '"O\'Neil"', '"a.b","c\'d"'),
        ("pipe", "O'Neil", "a.b|c'd"),
        ("regex", "O'Neil", "(a\\.b|c'd)"),
        ("json", '"O\'Neil"', '["a.b", "c\'d"]'),
        ("percentencode", "O%27Neil", "a.b%2Cc%27d"),
    ],
)
def test_formats(form: str, one: str, two: str) -> None:
    values = {"one": ONE, "two": TWO}

    assert interpolate(f"${{one:{form}}}", values, for_sql) == one
    assert interpolate(f"${{two:{form}}}", values, for_sql) == two


def test_sql_gets_quotes_doubled_and_lists_quoted() -> None:
    assert interpolate("'$one' IN ($two)", {"one": ONE, "two": TWO}, for_sql) == (
        "'O''Neil' IN ('a.b','c''d')"
    )


def test_prometheus_gets_quotes_escaped_and_lists_as_expression() -> None:
    values = {"one": Value(('a"b\\c',)), "two": TWO}

    assert interpolate("$one", values, for_prometheus) == 'a\\"b\\\\c'
    assert interpolate("$two", values, for_prometheus) == "(a\\\\.b|c'd)"


def test_macros_and_fields_are_left() -> None:
    text = "$__timeFilter(at) ${__data.fields.x} ${__from}"

    assert interpolate(text, {"__from": Value(("7",))}, for_sql) == (
        "$__timeFilter(at) ${__data.fields.x} 7"
    )


def test_an_unknown_variable_is_an_error() -> None:
    with pytest.raises(BoardError, match="variable who is not defined"):
        interpolate("SELECT $who", {}, for_sql)


def test_an_unknown_format_is_an_error() -> None:
    with pytest.raises(BoardError, match="one has the unknown format shout"):
        interpolate("${one:shout}", {"one": ONE}, for_sql)


def test_names() -> None:
    assert names("$a ${b:raw} [[c]] ${__data.fields.d}") == {"a", "b", "c", "__data"}
