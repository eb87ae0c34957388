"""Metrics of driver and pipeline from the database, and without an answer of it."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest import lap_analysis
from iracing_pipeline.ingest.telemetry import analyse, load
from iracing_pipeline.lake import Lake
from iracing_pipeline.metrics import pipeline, racing
from iracing_pipeline.metrics.exposition import SourceError
from iracing_pipeline.metrics.families import exposition
from iracing_pipeline.metrics.snapshot import Snapshot
from iracing_pipeline.metrics.sources import Database
from iracing_pipeline.warehouse import api_books, audit, quarantine
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline_tests import recordings
from iracing_pipeline_tests.metrics.test_exposition import values
from iracing_pipeline_tests.prometheus_server import NEEDS_PROMETHEUS, PROMTOOL

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.warehouse.connection import Connection


@pytest.fixture
def driven(connection: Connection, tmp_path: Path) -> Connection:
    """A database with two sessions of one car on one track."""
    for name, laps in (("a.ibt", 3), ("b.ibt", 4)):
        path = recordings.session(tmp_path / name, laps=laps, AirTemp=float(20 + laps))
        telemetry = analyse(IbtFile(path))
        load(connection, telemetry, frames_uri=None)
        analysis = lap_analysis.analyse_laps(telemetry)
        lap_analysis.load(connection, telemetry.facts.session_key, analysis)
        audit.record_steps(connection, name, telemetry.seconds)
    connection.commit()
    return connection


def of(connection: Connection) -> dict[str, float]:
    return values(
        exposition(racing.families(connection)) + exposition(pipeline.families(connection))
    )


def one(found: dict[str, float], name: str) -> float:
    (value,) = (value for key, value in found.items() if key.partition("{")[0] == name)
    return value


def test_what_is_last_known_is_what_the_tables_say(driven: Connection) -> None:
    result = of(driven)
    row = driven.execute(
        "SELECT min(best_lap_time_s), sum(lap_count), sum(clean_lap_count), count(*),"
        " sum(duration_s) FROM racing.telemetry_session"
    ).fetchone()
    assert row is not None
    names = ("best_lap_seconds", "laps_driven_total", "clean_laps_total", "sessions_total",
             "driving_seconds_total")  # fmt: skip

    assert [one(result, f"iracing_{name}") for name in names] == pytest.approx([*map(float, row)])
    distance = driven.execute("SELECT sum(distance_m) FROM racing.telemetry_lap").fetchone()
    assert distance is not None
    assert one(result, "iracing_driven_meters_total") == pytest.approx(distance[0])


def test_fuel_a_lap_is_that_of_the_boards(driven: Connection) -> None:
    view = "SELECT fuel_median_l FROM grafana.fuel_use WHERE condition = 'clean'"
    before = driven.execute(view.encode()).fetchone()
    assert before is not None
    assert one(of(driven), "iracing_fuel_per_lap_liters") == pytest.approx(before[0])

    # A lap in the wet burns less, and is another condition.
    driven.execute(
        "UPDATE racing.fuel_lap SET condition = 'wet', fuel_used_l = 0.001 WHERE ctid ="
        " (SELECT min(ctid) FROM racing.fuel_lap WHERE condition = 'clean')"
    )
    after = driven.execute(view.encode()).fetchone()
    shown = [
        value for key, value in of(driven).items() if key.startswith("iracing_fuel_per_lap_liters")
    ]
    assert shown == ([] if after is None else [pytest.approx(after[0])])


def test_every_value_has_its_time(driven: Connection) -> None:
    result = values(exposition(racing.families(driven)))
    alone = {"combinations_left_out", "lap_closure_residual"}
    for key in result:
        name, _, labels = key.partition("{")
        bare = name.removeprefix("iracing_")
        if bare.endswith("_timestamp_seconds") or any(bare.startswith(each) for each in alone):
            continue
        for ending in ("_total", "_seconds", "_meters", "_liters"):
            bare = bare.removesuffix(ending)
        partner = f"iracing_{bare}_timestamp_seconds" + (f"{{{labels}" if labels else "")
        assert partner in result, key


def test_the_closure_of_laps_is_a_histogram(driven: Connection) -> None:
    result = of(driven)
    laps = driven.execute(
        "SELECT count(residual_s), count(*) FILTER (WHERE abs(residual_s) <= 0.001)"
        " FROM racing.telemetry_lap"
    ).fetchone()
    assert laps is not None

    assert result["iracing_lap_closure_residual_seconds_count"] == laps[0] > 0
    assert result['iracing_lap_closure_residual_seconds_bucket{le="0.001"}'] == laps[1]


def test_a_combination_is_as_many_series_as_is_said(driven: Connection) -> None:
    result = values(exposition(racing.families(driven)))
    of_a_car = [key for key in result if "car=" in key and "iracing_last_session" not in key]

    assert len(of_a_car) == 16
    assert "16 series each" in (racing.__doc__ or "")


def test_combinations_are_bounded(driven: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(racing, "MOST", 0)

    result = values(exposition(racing.families(driven)))

    assert result["iracing_combinations_left_out"] == 1
    assert not [key for key in result if key.startswith("iracing_best_lap")]


def test_ratings_are_the_latest_of_each_category(driven: Connection) -> None:
    driven.execute("UPDATE racing.telemetry_session SET cust_id = 7")
    for cust, day, irating, licence, safety in (
        (7, 1, 1500, "C", 2.5), (7, 5, 1620, None, None), (7, 3, 1580, "B", 3.21),
        (8, 9, 9999, "P", 4.99),
    ):  # fmt: skip
        driven.execute(
            "INSERT INTO racing.rating_history (cust_id, category_id, observed_at, source,"
            " recorded_category_id, irating, licence_class, safety_rating)"
            " VALUES (%s, 5, %s, 'chart', 5, %s, %s, %s)",
            [cust, datetime(2026, 1, day, tzinfo=UTC), irating, licence, safety],
        )
    result = of(driven)

    assert result['iracing_irating{category="sports_car"}'] == 1620
    assert result['iracing_safety_rating{category="sports_car"}'] == 3.21
    assert result['iracing_licence_class{category="sports_car"}'] == 4
    at = datetime(2026, 1, 3, tzinfo=UTC).timestamp()
    assert result['iracing_licence_class_timestamp_seconds{category="sports_car"}'] == at


def test_the_quota_and_the_login_are_those_of_the_client_in_use(connection: Connection) -> None:
    for client, limit, left, ends in (("replaced", 100, 1, 5.0), ("in use", 240, 200, 9.0)):
        api_books.add(
            connection,
            client=client,
            calls={("results/get", 200): 1},
            quota_limit=limit,
            quota_remaining=left,
            login_ends_at=ends,
        )
        connection.commit()  # the next is later
    result = of(connection)

    assert (result["iracing_api_quota_remaining"], result["iracing_api_quota_limit"]) == (200, 240)
    assert result["iracing_api_token_expiry_timestamp_seconds"] == 9


def test_the_books_of_the_pipeline(driven: Connection) -> None:
    quarantine.put(driven, source="telemetry", item="x.ibt", reason="broken")
    api_books.add(
        driven,
        client="secret id",
        calls={("results/get", 200): 3, ("results/get", 503): 1},
        quota_limit=240,
        quota_remaining=17,
        login_ends_at=1_800_000_000.0,
    )
    api_books.add(
        driven,
        client="secret id",
        calls={("results/get", 200): 2},
        quota_limit=None,
        quota_remaining=None,
        login_ends_at=1_800_000_000.0,
    )
    result = of(driven)

    assert result['iracing_quarantine_open_items{source="telemetry"}'] == 1
    assert result['iracing_api_requests_total{endpoint="results/get",status="200"}'] == 5
    assert result['iracing_api_requests_total{endpoint="results/get",status="503"}'] == 1
    assert result["iracing_api_quota_remaining"] == 17
    assert result["iracing_api_token_expiry_timestamp_seconds"] == 1_800_000_000
    assert (
        result['iracing_loaded_rows_total{change="inserted",table="racing.telemetry_session"}'] == 2
    )
    assert result['iracing_step_seconds_count{step="analyse"}'] == 2
    assert result['iracing_telemetry_files{state="loaded"}'] == 0
    assert "secret" not in str(driven.execute("SELECT * FROM ops.api_state").fetchall())


def test_an_empty_database_is_no_error(connection: Connection) -> None:
    result = of(connection)

    assert result["iracing_telemetry_backlog_files"] == 0
    assert "iracing_telemetry_pending_since_timestamp_seconds" not in result


@NEEDS_PROMETHEUS
def test_promtool_finds_nothing_to_say(driven: Connection) -> None:
    text = exposition([*racing.families(driven), *pipeline.families(driven)])

    done = subprocess.run(
        [str(PROMTOOL), "check", "metrics"], input=text, capture_output=True, check=False
    )

    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_the_snapshot_outlives_the_database(driven: Connection, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    taken = Snapshot.take(driven)
    taken.write(lake)
    gone = Database(lambda: "postgresql://nobody@127.0.0.1:9/none", lake)

    with pytest.raises(SourceError):
        gone.health()
    with pytest.raises(SourceError):
        gone.racing()
    kept = gone.kept()

    assert kept is not None
    assert (kept.text.decode(), kept.taken_at) == (taken.text, taken.taken_at)


def test_what_is_last_known_is_asked_for_only_after_a_load(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    take = Snapshot.take.__func__  # type: ignore[attr-defined]

    def counting(connection: Connection) -> Snapshot:
        asked.append(1)
        return take(Snapshot, connection)  # type: ignore[no-any-return]

    monkeypatch.setattr(Snapshot, "take", staticmethod(counting))
    source = Database(lambda: database, Lake(tmp_path / "lake"))
    source.racing()
    source.racing()
    assert len(asked) == 1

    path = recordings.session(tmp_path / "a.ibt", track="a")
    with Warehouse(database).connect() as connection:
        load(connection, analyse(IbtFile(path)), frames_uri=None)
    assert b'track="a (Short)"' in source.racing().text
    assert len(asked) == 2


def test_a_database_that_hangs_is_given_up(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iracing_pipeline.metrics.sources.PATIENCE_MS", 100)
    source = Database(lambda: database, Lake(tmp_path / "lake"))
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE ops.telemetry_file IN ACCESS EXCLUSIVE MODE")

        with pytest.raises(SourceError, match="timeout"):
            source.health()
