"""Pictures that are text: well-formed, and showing what they should."""

from xml.etree import ElementTree as ET

import polars as pl

from iracing_pipeline.analysis import stints, traces, tyres
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.pictures import delta_chart, stint_chart, track_map
from iracing_pipeline_tests.analysis.simulated import Analysed, practice
from iracing_pipeline_tests.analysis.test_stints import SESSION

SVG = "{http://www.w3.org/2000/svg}"


def traced(session: Analysed) -> pl.DataFrame:
    return traces.lap_traces(session.records, session.unrolled, session.grid)


def test_the_track_map_numbers_its_corners() -> None:
    session = practice("formula")
    corners = [(corner.number, corner.apex_pct) for corner in session.map.corners]
    svg = track_map(traced(session).row(0, named=True), corners, 'Lap 1: "A & B"')

    assert svg is not None
    assert len(svg) < 40_000
    root = ET.fromstring(svg)  # noqa: S314 - our own text
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[0] == 'Lap 1: "A & B"'
    assert texts[1 : 1 + len(corners)] == [str(number) for number, _ in corners]
    assert len({line.get("stroke") for line in root.iter(f"{SVG}polyline")}) > 4


def test_no_positions_no_map() -> None:
    session = practice("formula")
    trace = traced(session).row(0, named=True) | {"east_m": None}

    assert track_map(trace, [], "Lap 1") is None


def test_the_delta_says_what_is_left_at_the_end() -> None:
    first, second = traced(practice("formula")).rows(named=True)[:2]
    svg = delta_chart(second, first, [(1, 0.2)], "Lap 2 against lap 1")

    lost = second["lap_time_s"] - first["lap_time_s"]
    assert f"{lost:+.3f} s" in svg
    ET.fromstring(svg)  # noqa: S314 - our own text


def test_the_stint_chart_tells_the_trend_of_each_stint() -> None:
    session = practice("gt3", laps=9, fuel_l=40.0)
    samples = Samples.of(session.records)
    sets = tyres.tyre_sets(session.records, samples, session.laps)
    table = stints.stints(samples, session.laps, session.unrolled, sets, SESSION)
    svg = stint_chart(session.laps, table, "Clean laps")

    assert svg is not None
    root = ET.fromstring(svg)  # noqa: S314 - our own text
    slope = table["pace_trend_s_per_lap"][0]
    assert f"stint 1: {slope:+.3f} s a lap" in [t.text for t in root.iter(f"{SVG}text")]
    dots = [c for c in root.iter(f"{SVG}circle") if c.get("r") == "4.5"]
    assert len(dots) == session.laps["clean"].sum()
    none = session.laps.with_columns(clean=pl.lit(value=False))
    assert stint_chart(none, table, "Clean laps") is None
