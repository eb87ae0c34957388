"""A session as one HTML file: what it holds, what it must not, and why something is missing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from iracing_pipeline.ingest.reference_lap import add
from iracing_pipeline.report import NoSessionError, read, report, session_key
from iracing_pipeline_tests.analysis.simulated import file_of
from iracing_pipeline_tests.ingest.test_lap_analysis import stored
from iracing_pipeline_tests.real_files import each, recordings

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'{speed}"


class Tags(HTMLParser):
    """Parse a page as a browser does."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.events: list[str] = []
        self.text = ""
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.events += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.tags and self.tags[-1] == "script":
            self.scripts.append(data)


def parsed(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    return tags


def data_of(html: str) -> dict[str, Any]:
    result = re.search(r'id="page-data">(.*?)</script>', html)
    assert result is not None
    island: dict[str, Any] = json.loads(result[1])
    return island


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return file_of(tmp_path_factory.mktemp("report"), laps=5, seed=51)


@pytest.fixture
def key(connection: Connection, file: Path) -> str:
    recorded, _ = stored(connection, file)
    return recorded.facts.session_key


def test_it_answers_its_questions(connection: Connection, key: str) -> None:
    html = report(read(connection, key))
    best = read(connection, key).session["best_lap_time_s"]
    island = data_of(html)

    for anchor in ("findings", "laps", "compare", "sectors", "consistency", "fuel", "stints"):
        assert f'id="{anchor}"' in html
    assert f"{best:.3f}".split(".")[1] in html
    assert len(island["figures"]) >= 6
    assert island["cursors"]["compare-0"]


def test_charts_that_share_a_cursor_have_the_same_points(connection: Connection, key: str) -> None:
    island = data_of(report(read(connection, key)))

    for keys in island["cursors"].values():
        counts = {
            len(trace["x"])
            for each_key in keys
            for trace in island["figures"][each_key]["data"]
            if trace["meta"].get("points")
        }
        assert len(counts) == 1


def test_hostile_names_stay_text(connection: Connection, key: str, tmp_path: Path) -> None:
    connection.execute(
        "UPDATE racing.telemetry_session SET driver_name = %(x)s, team_name = %(x)s,"
        " track_name = %(x)s, track_config = %(x)s, car_name = %(x)s, setup_name = %(x)s,"
        " simsession_type = %(x)s, setup = jsonb_build_object(%(x)s::text, %(x)s::text)",
        {"x": HOSTILE},
    )
    add(connection, file_of(tmp_path, laps=2, seed=52))
    connection.execute("UPDATE racing.reference_lap SET driver_name = %s", [HOSTILE])

    html = report(read(connection, key))
    plain = report(read(connection, key)).replace(HOSTILE, "")
    tags = parsed(html)

    assert HOSTILE not in html
    assert "img" not in tags.tags
    assert tags.events == []
    assert tags.tags.count("script") == parsed(plain).tags.count("script") == 3
    assert HOSTILE in tags.text  # a reader sees the name as it is


def test_nothing_in_it_tells_who_or_where(connection: Connection, key: str, file: Path) -> None:
    connection.execute("UPDATE racing.telemetry_session SET cust_id = 987654321")
    session = read(connection, key).session

    html = report(read(connection, key))

    assert session["frames_uri"] is None or session["frames_uri"] not in html
    assert "987654321" not in html
    assert session["file_name"] not in html
    assert str(file.parent) not in html
    page = re.sub(r'<script type="text/plain" id="plotly">[^<]*</script>', "", html)
    assert "http" not in page.replace("http-equiv", "")


def test_laps_of_others_are_named_so(connection: Connection, key: str, tmp_path: Path) -> None:
    before = read(connection, key)
    add(connection, file_of(tmp_path, laps=2, seed=53))

    after = read(connection, key)
    html = report(after)

    assert [each.own for each in before.opponents] == [True] * len(before.opponents)
    assert [each.own for each in after.opponents].count(False) == 1
    assert after.laps.equals(before.laps)
    assert after.session["best_lap_time_s"] == before.session["best_lap_time_s"]
    assert '<optgroup label="Laps of others">' in html


def test_without_a_clean_lap_it_says_why(connection: Connection, key: str) -> None:
    connection.execute("UPDATE racing.telemetry_lap SET clean = false, reasons = '{off_track}'")
    connection.execute("UPDATE racing.fuel_lap SET condition = 'other'")
    connection.execute(
        "UPDATE racing.telemetry_session SET clean_lap_count = 0, best_lap_time_s = NULL"
    )

    text = parsed(report(read(connection, key))).text

    assert "no clean lap yet: see the reasons in the lap table" in text
    assert "the car left the track" in text
    assert "No clean lap yet: sectors" in text
    assert "No estimate yet" in text


def test_without_laps_every_section_says_why(connection: Connection, key: str) -> None:
    for table in (
        "lap_corner",
        "lap_sector",
        "lap_trace",
        "fuel_lap",
        "tyre_lap",
        "tyre_set",
        "stint",
        "telemetry_lap",
        "corner_map",
    ):
        connection.execute(f"DELETE FROM racing.{table}".encode())
    connection.execute("UPDATE racing.telemetry_session SET setup = NULL")

    html = report(read(connection, key))

    for name in ("findings", "laps", "compare", "sectors", "fuel", "stints", "tyres", "setup"):
        part = re.search(rf'<section id="{name}">(.*?)</section>', html, flags=re.DOTALL)
        assert part is not None
        assert 'class="empty"' in part[1], name
    assert "No finding yet: " in html

    connection.execute(
        "UPDATE racing.telemetry_session"
        " SET clean_lap_count = 6, timed_lap_count = 6, lap_count = 6"
    )

    assert "Nothing stands out: over 6 clean laps" in report(read(connection, key))


def test_the_newest_session_is_the_last(connection: Connection, key: str, tmp_path: Path) -> None:
    stored(connection, file_of(tmp_path, laps=1, seed=54))
    connection.execute(
        "UPDATE racing.telemetry_session SET start_time = start_time + interval '1 day',"
        " end_time = end_time + interval '1 day'"
        " WHERE session_key = %s",
        [key],
    )

    assert session_key(connection, "last") == key
    assert session_key(connection, key) == key


def test_a_session_that_is_not_there_is_said_to_be(connection: Connection) -> None:
    with pytest.raises(NoSessionError, match="Load one"):
        session_key(connection, "last")
    with pytest.raises(NoSessionError, match="no session nothing"):
        session_key(connection, "nothing")


@each(recordings())
def test_real_files_have_reports(connection: Connection, path: Path) -> None:
    recorded, _ = stored(connection, path)

    html = report(read(connection, recorded.facts.session_key))

    assert str(recorded.session["track_name"][0]) in parsed(html).text
    assert len(html) < 3_000_000
