"""Each thing that lint looks for is found when it is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from iracing_pipeline.dashboards import links
from iracing_pipeline.dashboards.board import Board, Folder, Section
from iracing_pipeline.dashboards.charts import Drawing, by_number, chart
from iracing_pipeline.dashboards.fields import (
    LAP_TIME,
    Field,
    car,
    hidden,
    lap_time,
    moment,
    number,
    seconds,
    sentence,
    share,
    text,
    time,
    track,
    whole,
)
from iracing_pipeline.dashboards.lint import lint
from iracing_pipeline.dashboards.panels import BLANK, stat, table
from iracing_pipeline.dashboards.queries import PromQl
from iracing_pipeline.dashboards.variables import Choice, Linked

if TYPE_CHECKING:
    from iracing_pipeline.dashboards.links import Link
    from iracing_pipeline.dashboards.panels import Panel

HERE = links.to(links.HOME, "Home")
ABOUT = "What this shows, at some length, and where it comes from: grafana.telemetry_sessions."


def panel(number_: int = 1, **changes: Any) -> Panel:
    fields = changes.pop("fields", (text("session_key", "Session"),))
    source = changes.pop("source", "grafana.telemetry_sessions")
    made = table(number_, "Sessions", ABOUT, fields, source, empty="No session yet: drive one.")
    return replace(made, **changes)


def of_ratios(*, decimals: int | None) -> Panel:
    fields = (time("start_time"), share("1", "Clean", decimals=decimals))
    empty = "No session yet: drive one."
    return chart(1, "Clean", ABOUT, fields, "grafana.telemetry_sessions", empty=empty)


def linked(link: Link) -> Panel:
    return panel(fields=(text("session_key", "Session").linked(link),))


def board(*panels: Panel, **changes: Any) -> Board:
    made = Board(
        uid=links.HOME,
        title="Home",
        folder=Folder.PERFORMANCE,
        question="?",
        sections=(Section(None, panels or (panel(),)),),
    )
    return replace(made, **changes)


def test_a_good_board_has_nothing_against_it() -> None:
    assert lint([board(), of_laps()]) == []
    assert lint([board(of_ratios(decimals=None)), of_laps()]) == []


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (panel(about="Sessions"), "does not describe"),
        (panel(empty="none"), "does not explain what it means when it is empty"),
        (panel(fields=(number("1", "One", unit="kmh"),)), "has the unknown unit kmh"),
        (panel(fields=(lap_time("1", "Lap"),)), "so the board must be in UTC"),
        (of_ratios(decimals=0), "shows 0 % and 100 % alone"),
        (
            panel(source="grafana.stints WHERE $__timeFilter(date_trunc('day', start_time))"),
            "has a bracket inside $__timeFilter(...)",
        ),
        (panel(source="racing.telemetry_session"), "reads racing.telemetry_session"),
        (panel(source="ops.oauth_token"), "reads ops.oauth_token"),
        (panel(source="grafana.stints WHERE 'x' = '${who}'"), "variable who is used, but not"),
        (linked(links.to("iracing-nowhere", "There")), "/d/iracing-nowhere, which is no"),
        (linked(links.to(links.HOME, "Home", lap="1")), "a link sets lap, which"),
    ],
)
def test_what_is_wrong_with_a_panel(wrong: Panel, problem: str) -> None:
    assert any(problem in each for each in lint([board(wrong)])), lint([board(wrong)])


def test_what_a_stat_says_when_empty_is_short() -> None:
    long = stat(
        1,
        "Laps",
        ABOUT,
        number("1", "Laps"),
        "grafana.stints",
        empty="There is no lap, and that is a long story.",
    )

    assert any("too long a text" in each for each in lint([board(long)]))


def test_one_id_for_two_panels() -> None:
    assert any("id 1 is of several panels" in each for each in lint([board(panel(), panel())]))


def test_a_variable_that_nothing_uses() -> None:
    spare = Choice("spare", "Spare", "", "SELECT 'a' AS __text, 'a' AS __value")

    assert any(
        "spare is defined, but not used" in each for each in lint([board(variables=(spare,))])
    )


def test_two_boards_of_one_uid() -> None:
    assert "iracing-home is the uid of several boards" in lint([board(), board()])


def test_a_foreign_uid() -> None:
    assert any("Home_1 is not a uid of ours" in each for each in lint([board(uid="Home_1")]))


def test_no_home() -> None:
    assert any("home board" in each for each in lint([board(uid=links.PACE)]))


def test_too_many_boards() -> None:
    many = [board(), *(board(uid=f"iracing-x{'a' * n}") for n in range(1, 21))]

    assert any(each.startswith("21 boards") for each in lint(many))


EMPTY = "No session yet: drive one."


def drawn(fields: tuple[Field, ...]) -> Panel:
    """A table whose columns were not fitted to their headers."""
    return replace(panel(), fields=fields)


def over_laps(x: Field) -> Panel:
    return by_number(1, "Laps", ABOUT, (x, number("1", "One")), "grafana.stints", empty=EMPTY)


def channel(**changes: Any) -> Panel:
    query = PromQl('iracing_speed{session="$session"}', "Speed")
    made = chart(1, "Speed", ABOUT, (Field("", "Speed"),), query, empty=EMPTY)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (panel(fields=(Field("t * 1000", "Lap").with_(unit=LAP_TIME),)), "cuts the lap time Lap"),
        (panel(fields=(moment("start_time", "When").wide(130),)), "cuts the time of When"),
        (over_laps(number("lap_number", "Lap")), "repeats whole numbers on its x axis"),
        (channel(fields=(Field("", "Speed"),)), "writes what it says when it is empty on its axes"),
        (channel(), "it needs an interval"),
        (drawn((text("x", "Laps of the stints").wide(90),)), "cuts the header Laps of the"),
        (panel(fields=(replace(car(), properties={"custom.width": 90}),)), "cuts Mercedes-AMG W13"),
        (
            panel(width=8, fields=tuple(number("1", f"N{n}").wide(90) for n in range(9))),
            "wider than its panel at 1280 px",
        ),
        (panel(fields=(car(), track())), "a phone has 342"),
        (panel(fields=(lap_time("lap_time_s", "Best"),)), "writes Best as 0:59.714"),
        (panel(fields=(sentence("x", "Finding").linked(HERE),)), "a linked cell does not wrap"),
        (panel(fields=(seconds("s", "Behind").as_bar(),)), "breaks the unit of Behind off"),
        (
            panel(fields=(text("name", "Name"), *(number("1", f"N{n}").wide(90) for n in (1, 2)))),
            "cuts Name on a phone to 70 px",
        ),
        (
            panel(fields=(moment("x", "When"), sentence("x", "Finding", least=180))),
            "cuts Finding on a phone: it ends at 345 px",
        ),
        (replace(panel(), title="Behind your best before", width=4), "cuts its title at 1280 px"),
    ],
)
def test_what_grafana_would_draw_otherwise_than_meant(wrong: Panel, problem: str) -> None:
    assert any(problem in each for each in lint([board(wrong)])), lint([board(wrong)])


@pytest.mark.parametrize(
    "good",
    [
        over_laps(whole("lap_number", "Lap")),
        channel(interval="100ms", fields=(BLANK, Field("", "Speed"))),
    ],
)
def test_what_is_drawn_as_meant_has_nothing_against_it(good: Panel) -> None:
    found = lint([board(good), of_laps()])
    problems = [each for each in found if "variable session" not in each]
    assert problems == []


def test_a_time_picker_that_changes_nothing_is_hidden() -> None:
    in_range = panel(source="grafana.stints WHERE $__timeFilter(start_time)")

    assert '"hidden": true' in board(panel()).json()
    assert '"timepicker"' not in board(in_range).json()


def of_laps(**changes: Any) -> Board:
    made = board(uid=links.LAP_COMPARE, variables=(Linked("reference", "A"),), lap_clock=True)
    source = "grafana.lap_channel('${reference}', ARRAY[]::text[], 'delta_s')"
    return replace(made, sections=(Section(None, (panel(source=source),)),), **changes)


def test_a_link_to_a_lap_brings_the_range_of_the_lap() -> None:
    good = links.compare("Compare", end=links.field("end"), reference=links.field("lap"))
    without_range = links.to(links.LAP_COMPARE, "Compare", reference=links.field("lap"))

    assert lint([board(linked(good)), of_laps()]) == []
    (problem,) = lint([board(linked(without_range)), of_laps()])
    assert "does not set from" in problem


def test_what_changes_a_lap_changes_the_range() -> None:
    track = Choice("track", "Track", "?", "SELECT '1' AS __text, '1' AS __value")
    lap = Choice("a", "a", "?", "SELECT ${track} AS __text, ${reference} AS __value", hidden=True)
    source = "grafana.lap_channel('${a}', ARRAY[]::text[], 'delta_s')"
    sections = (Section(None, (panel(source=source),)),)
    variables = (track, Linked("reference", "A"), lap)
    wrong = replace(of_laps(), variables=variables, sections=sections)

    (problem,) = lint([board(), wrong])
    assert "track changes a, but not the time range" in problem


def test_a_board_of_laps_is_not_in_the_menu_and_has_no_picker() -> None:
    text = of_laps().json()

    assert '"iracing"' not in text.partition('"tags"')[2].partition("]")[0]
    assert '"hidden": true' in text
    assert "latest_laps" in board().json()
    assert "latest_laps" not in text


def test_hidden_columns_come_last_for_they_shift_what_a_cell_wraps_by() -> None:
    made = panel(fields=(hidden("session_key", "key"), sentence("x", "Finding")))

    assert [each.name for each in made.fields if each.matcher == "byName"] == ["Finding", "key"]


def test_bars_begin_at_zero_and_are_whole_at_the_edges() -> None:
    fields = (whole("week", "Week"), number("points", "Points"))
    made = by_number(
        1, "Points", ABOUT, fields, "weeks", empty="No race.", drawing=Drawing(style="bars")
    )
    custom = made.drawn.field_config.defaults.custom  # type: ignore[union-attr]

    assert (custom.axis_soft_min, custom.axis_soft_max) == (0, 0)  # type: ignore[union-attr]
    assert "min(x) - 0.6" in made.queries[0].text  # type: ignore[union-attr]
