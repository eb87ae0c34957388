"""Arrivals while ``up`` runs: a line each, reports of recent sessions, the start page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from iracing_pipeline.local import report_files
from iracing_pipeline.local.arrivals import Arrivals, watched
from iracing_pipeline.local.page_server import PageServer
from iracing_pipeline.report import start_page
from iracing_pipeline.settings import ReportSettings
from iracing_pipeline.warehouse import quarantine
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline_tests.analysis.simulated import file_of
from iracing_pipeline_tests.ingest.test_lap_analysis import stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = (
    "INSERT INTO ops.telemetry_file (path, file_name, size_bytes, modified_at, session_key, state,"
    " unchanged_since, first_seen_at, last_seen_at, record_count, attempts)"
    " VALUES (%s, 'a.ibt', 1, now(), %s, 'loaded', now(), now(), now(), 5, 1)"
)


def test_a_session_and_a_refused_file_are_a_line_each(database: str, tmp_path: Path) -> None:
    lines: list[str] = []
    reports = ReportSettings(tmp_path / "reports", 100, "metric")
    arrivals = Arrivals(
        database, reports, tmp_path, say=lines.append, links={"Dagster": "http://d"}
    )
    arrivals.look()
    assert lines == [], "what is there already is not new"

    with Warehouse(database).connect() as connection:
        telemetry, _ = stored(connection, file_of(tmp_path, laps=2, seed=71))
        key = telemetry.facts.session_key
        now = datetime.now(UTC)
        connection.execute(
            "UPDATE racing.telemetry_session SET start_time = %s, end_time = %s",
            [now - timedelta(hours=2), now - timedelta(hours=1)],
        )
        connection.execute(FILE, ["/t/a.ibt", key])
        quarantine.put(
            connection, source="telemetry", item="/t/<b>.ibt", file_name="<b>.ibt",
            reason="it is empty", advice="Copy it again.",
        )  # fmt: skip
    arrivals.look()
    arrivals.look()

    session, refused = lines
    (report,) = report_files.listed(reports.folder)
    assert session.endswith(f"Report: {report}")
    assert refused == "<b>.ibt: refused: it is empty. Copy it again."
    page = (reports.folder / report_files.START_PAGE).read_text(encoding="utf-8")
    assert quote(report.name) in page
    assert "&lt;b&gt;.ibt" in page
    assert "<b>.ibt" not in page
    assert "http://d" in page


def test_no_report_is_written_of_an_old_session(database: str, tmp_path: Path) -> None:
    lines: list[str] = []
    reports = ReportSettings(tmp_path / "reports", 100, "metric")
    arrivals = Arrivals(database, reports, tmp_path, say=lines.append, links={})
    arrivals.look()
    with Warehouse(database).connect() as connection:
        telemetry, _ = stored(connection, file_of(tmp_path, laps=2, seed=72))
        connection.execute("UPDATE racing.telemetry_session SET end_time = now() - interval '25 h'")
        connection.execute(FILE, ["/t/a.ibt", telemetry.facts.session_key])
    arrivals.look()

    assert len(lines) == 1
    assert "Report:" not in lines[0]
    assert report_files.listed(reports.folder) == []


def test_the_start_page_shows_the_last_rating_and_its_change(database: str, tmp_path: Path) -> None:
    with Warehouse(database).connect() as connection:
        stored(connection, file_of(tmp_path, laps=2, seed=73))
        connection.execute("UPDATE racing.telemetry_session SET cust_id = 417")
        for days, irating in ((30, 1500), (10, 1480), (1, 1523)):
            connection.execute(
                "INSERT INTO racing.rating_history (cust_id, category_id, recorded_category_id,"
                " observed_at, source, irating)"
                " VALUES (417, 5, 5, now() - make_interval(days => %s), 'ibt', %s)",
                [days, irating],
            )
        page = start_page.read(connection)

    (rating,) = page.ratings
    assert (rating["category"], rating["irating"], rating["change"]) == ("Sports Car", 1523, 43)


def test_a_folder_that_is_not_there_is_not_called_watched(tmp_path: Path) -> None:
    (tmp_path / "a.ibt").touch()

    assert watched(tmp_path) == f"Watching {tmp_path} (1 .ibt files)."
    assert watched(tmp_path / "nowhere").startswith("Not watching yet.")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PageServer]:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "index.html").write_text("start", encoding="utf-8")
    (folder / "2026-07-04 10-00-00 Car, Track.html").write_text("report", encoding="utf-8")
    (folder / "notes.html").write_text("secret", encoding="utf-8")
    (tmp_path / "up.json").write_text("secret", encoding="utf-8")
    made = PageServer(folder, 0)
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("path", "headers", "status", "body"),
    [
        ("/", {}, 200, "start"),
        ("/index.html", {}, 200, "start"),
        ("/2026-07-04%2010-00-00%20Car%2C%20Track.html", {}, 200, "report"),
        ("/notes.html", {}, 404, None),
        ("/../up.json", {}, 404, None),
        ("/%2e%2e/up.json", {}, 404, None),
        ("/2026-07-04 10-00-00/../../up.json.html".replace(" ", "%20"), {}, 404, None),
        ("/", {"Host": "evil.example"}, 403, None),
        ("/", {"Sec-Fetch-Site": "cross-site"}, 403, None),
    ],
)
def test_only_pages_of_the_pipeline_are_served(
    server: PageServer, path: str, headers: dict[str, str], status: int, body: str | None
) -> None:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    content = answer.read().decode()

    assert answer.status == status
    assert "secret" not in content
    assert body is None or content == body
