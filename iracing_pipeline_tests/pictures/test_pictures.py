from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest.telemetry import analyse
from iracing_pipeline.pictures import lap_chart, speed_trace
from iracing_pipeline.pictures.lap_chart import clock
from iracing_pipeline.pictures.plot import HEIGHT, WIDTH, Axis, Plot
from iracing_pipeline_tests import recordings

if TYPE_CHECKING:
    from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str | None) -> ET.Element:
    assert svg is not None
    root = ET.fromstring(svg)  # noqa: S314 - our own text
    for circle in root.iter(f"{SVG}circle"):
        assert 0 <= float(circle.attrib["cx"]) <= WIDTH
        assert 0 <= float(circle.attrib["cy"]) <= HEIGHT
    return root


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def laps(times: list[float | None], *, clean: list[bool] | None = None) -> pl.DataFrame:
    count = len(times)
    return pl.DataFrame(
        {
            "stint": [1] * count,
            "lap_number": list(range(3, 3 + count)),
            "lap_time_s": pl.Series(times, dtype=pl.Float64),
            "clean": clean or [time is not None for time in times],
            "reasons": [[] if time is not None else ["out"] for time in times],
        },
        schema_overrides={"reasons": pl.List(pl.String)},
    )


@pytest.mark.parametrize(
    ("seconds", "digits", "text"),
    [
        (58.1234, 3, "58.123"),
        (83.456, 3, "1:23.456"),
        (59.9996, 3, "1:00.000"),
        (119.96, 1, "2:00.0"),
        (60.0, 1, "1:00.0"),
        (3723.5, 1, "62:03.5"),
        (0.0, 1, "0.0"),
    ],
)
def test_a_clock_reads_as_drivers_write_it(seconds: float, digits: int, text: str) -> None:
    assert clock(seconds, digits) == text


def test_a_lap_chart_shows_each_timed_lap_and_its_story() -> None:
    frame = laps([None, 92.5, 91.25, 140.0], clean=[False, True, True, False])

    root = drawn(lap_chart(frame, "MX-5 at <Okayama> & more"))

    notes = [element.text for element in root.iter(f"{SVG}title")]
    assert notes == [
        "lap 4: 1:32.500 (clean)",
        "lap 5: 1:31.250 (clean)",
        "lap 6: 2:20.000 (clean)",
    ]
    assert "MX-5 at <Okayama> & more" in texts(root)
    assert "fastest 1:31.250" in texts(root)
    assert "1 without a time" in texts(root)
    # Lap numbers as iRacing counts them stand below.
    assert {"3", "4", "5", "6"} <= set(texts(root))


def test_a_new_stint_is_marked() -> None:
    frame = laps([90.0, 91.0, 92.0]).with_columns(stint=pl.Series([1, 1, 2]))

    assert "stint 2" in texts(drawn(lap_chart(frame, "")))


@pytest.mark.parametrize("times", [[90.0], [90.0, 90.0], [90.0] * 400, [0.5, 8000.0]])
def test_a_lap_chart_of_any_laps_can_be_drawn(times: list[float | None]) -> None:
    drawn(lap_chart(laps(times), "title"))


def test_laps_without_a_time_make_no_chart() -> None:
    assert lap_chart(laps([None, None]), "title") is None
    assert lap_chart(laps([]), "title") is None


def test_a_speed_trace_shows_the_distance_and_the_extremes(tmp_path: Path) -> None:
    path = recordings.session(tmp_path / "a.ibt")
    result = analyse(IbtFile(path))
    lap = result.best_lap
    assert lap is not None

    root = drawn(speed_trace(result.records_of(lap), "the lap"))

    # 800 m in 20 s is 40 m/s.
    assert texts(root).count("144") >= 2
    (line,) = root.iter(f"{SVG}polyline")
    xs = [float(pair.split(",")[0]) for pair in line.attrib["points"].split()]
    assert xs == sorted(xs)
    assert {"200", "400", "600"} <= set(texts(root))


@pytest.mark.parametrize(
    "records",
    [
        pl.DataFrame({"SessionTime": [1.0, 2.0]}),
        pl.DataFrame({"SessionTime": [1.0], "Speed": [50.0]}),
        pl.DataFrame({"SessionTime": [1.0, 2.0], "Speed": [0.0, 0.0]}),
        pl.DataFrame({"SessionTime": [1.0, 2.0], "Speed": [float("nan"), 3.0]}),
    ],
    ids=["no speed", "one record", "standing", "not a number"],
)
def test_what_cannot_be_drawn_makes_no_trace(records: pl.DataFrame) -> None:
    assert speed_trace(records, "title") is None


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.0, 10.0, [0, 2, 4, 6, 8, 10]), (0.13, 0.47, [0.2, 0.3, 0.4]), (5.0, 5.0, [5.0])],
)
def test_ticks_are_round_and_few(low: float, high: float, ticks: list[float]) -> None:
    assert Axis(low, high, "").ticks(6) == ticks


def test_a_point_outside_the_text_is_escaped() -> None:
    plot = Plot("<script>", Axis(0, 1, "x"), Axis(0, 1, "y"))
    plot.dot(0.5, 0.5, "#000", note='a < b & "c"')

    root = drawn(plot.svg())

    assert [element.text for element in root.iter(f"{SVG}title")] == ['a < b & "c"']
