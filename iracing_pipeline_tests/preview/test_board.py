"""Boards as pages."""

import re
from html import escape
from typing import Any

import pytest

from iracing_pipeline.preview.board import HONEST, Drawn, QueryError, draw
from iracing_pipeline.preview.frames import NUMBER, OTHER, TEXT, TIME, Field, Frame
from iracing_pipeline.preview.panel import Region
from iracing_pipeline.preview.panels import DRAWERS

HOSTILE = '"><img src=x onerror=alert(1)>'
CLOCK = [1_000.0 * second for second in range(5)]


class Given:
    """Answers as the test gives them."""

    start_ms, end_ms = 0.0, 5_000.0

    def __init__(self, *frames: Frame, error: str | None = None) -> None:
        self.given = list(frames)
        self.error = error

    def variables(self) -> list[tuple[str, str]]:
        return [("Driver", HOSTILE)]

    def text(self, text: str) -> str:
        return text.replace("$lap", "Lap 5")

    def regions(self) -> list[Region]:
        return [Region(1_000.0, 2_000.0, "T1", "blue"), Region(3_000.0, None, "T2", "blue")]

    def frames(self, panel: dict[str, Any]) -> list[Frame]:
        assert panel["targets"]
        if self.error:
            raise QueryError(self.error)
        return self.given


def panel(kind: str, **more: Any) -> dict[str, Any]:
    place = {"x": 0, "y": 0, "w": 12, "h": 8}
    return {"type": kind, "title": "Panel", "gridPos": place, "targets": [{}], **more}


def drawn(answers: Given, *panels: dict[str, Any]) -> Drawn:
    return draw({"title": "Board", "panels": list(panels)}, answers)


def numbers() -> Frame:
    return Frame(
        [
            Field("time", TIME, CLOCK),
            Field("speed", NUMBER, [1.0, 2.0, None, 4.0, 5.0]),
            Field("longitude", NUMBER, [7.0, 7.1, 7.2, 7.1, 7.0]),
            Field("latitude", NUMBER, [50.0, 50.1, 50.2, 50.3, 50.0]),
            Field("name", TEXT, ["a", "b", "c", "d", HOSTILE]),
        ]
    )


def test_it_says_that_it_is_not_grafana() -> None:
    assert escape(HONEST) in drawn(Given()).html


@pytest.mark.parametrize("kind", sorted(set(DRAWERS) - {"text"}))
def test_each_type_of_panel_is_drawn_from_data(kind: str) -> None:
    options = {"layers": [{"type": "route", "config": {}}], "legend": {"showLegend": True}}

    board = drawn(Given(numbers()), panel(kind, options=options))

    assert (board.panels, board.empty, board.failed) == (1, (), ())


@pytest.mark.parametrize("kind", sorted(set(DRAWERS) - {"text"}))
def test_each_type_of_panel_says_why_it_is_empty(kind: str) -> None:
    empty = Frame([field.having(values=[]) for field in numbers().fields])
    config = {"defaults": {"noValue": "No clean lap yet"}, "overrides": []}

    board = drawn(Given(empty), panel(kind, fieldConfig=config))

    assert "No clean lap yet" in board.html
    assert board.empty == ("Panel",)


def test_a_trend_over_nothing_known_is_empty() -> None:
    unknown = Frame([Field("lap", NUMBER, [None]), Field("speed", NUMBER, [1.0])])

    board = drawn(Given(unknown), panel("trend", options={"xField": "lap"}))

    assert board.empty == ("Panel",)


def test_hostile_names_stay_text() -> None:
    board = drawn(Given(numbers()), *(panel(kind, title=HOSTILE) for kind in DRAWERS))

    assert "<img" not in re.sub(r"<script.*?</script>", "", board.html, flags=re.DOTALL)


def test_a_failing_query_shows_its_message() -> None:
    board = drawn(Given(error="relation <x> does not exist"), panel("table"))

    assert "relation &lt;x&gt; does not exist" in board.html
    assert board.failed == (("Panel", "relation <x> does not exist"),)


def test_what_is_not_drawn_is_named() -> None:
    board = drawn(
        Given(numbers()),
        panel("canvas"),
        panel("table", transformations=[{"id": "calculateField"}]),
        panel("stat", fieldConfig={"defaults": {"unit": "kmh"}, "overrides": []}),
    )

    told = " ".join(text for _, text in board.remarks)
    assert "canvas" in told
    assert "calculateField" in told
    assert "kmh" in told


def test_panels_have_their_places_and_variables() -> None:
    place = {"x": 12, "y": 3, "w": 6, "h": 4}

    html = drawn(Given(numbers()), panel("stat", gridPos=place, title="Best of $lap")).html

    assert "grid-area:4/13/span 4/span 6" in html
    assert "Best of Lap 5" in html


def test_a_folded_row_is_opened_and_moves_what_is_below() -> None:
    inner = panel("stat", gridPos={"x": 0, "y": 1, "w": 6, "h": 4})
    row = {
        "type": "row",
        "title": "More",
        "collapsed": True,
        "panels": [inner],
        "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1},
    }
    below = panel("stat", gridPos={"x": 0, "y": 1, "w": 6, "h": 2})

    html = drawn(Given(numbers()), row, below).html

    assert "folded in Grafana" in html
    assert "grid-area:2/1/span 4/span 6" in html
    assert "grid-area:6/1/span 2/span 6" in html


def test_text_panels_are_markdown_without_html() -> None:
    content = "# Why\n\n- **bold** <b>x</b>\n- `code`"

    html = drawn(Given(), panel("text", options={"content": content})).html

    assert "<h1>Why</h1>" in html
    assert "<li><b>bold</b> &lt;b&gt;x&lt;/b&gt;</li>" in html


def test_columns_are_as_wide_as_in_grafana() -> None:
    def told(name: str, **properties: Any) -> dict[str, Any]:
        given = [{"id": key, "value": value} for key, value in properties.items()]
        return {"matcher": {"id": "byName", "options": name}, "properties": given}

    overrides = [
        told("name", **{"custom.width": 80}),
        told("never", unit="percentunit"),
        told("least", **{"custom.minWidth": 100}),
    ]
    fields = [
        Field("name", TEXT, ["a"]),
        Field("never", OTHER, [None]),  # Grafana knows from the type that it holds numbers
        Field("least", OTHER, [None]),
    ]

    html = drawn(
        Given(Frame(fields)), panel("table", fieldConfig={"defaults": {}, "overrides": overrides})
    ).html

    assert '<table style="min-width:330px">' in html
    assert '<th class="left" style="width:80px">name</th><th class="right">never</th>' in html
    assert '<th class="left">least</th>' in html
