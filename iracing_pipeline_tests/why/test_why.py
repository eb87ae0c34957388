from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import iracing_pipeline
from iracing_pipeline import backup
from iracing_pipeline.analysis.samples import CHANNELS
from iracing_pipeline.ask import QUESTIONS, Database, Figure, ask
from iracing_pipeline.cli import main
from iracing_pipeline.lake import Lake
from iracing_pipeline.metrics.snapshot import Snapshot
from iracing_pipeline.tables.catalog import TABLES
from iracing_pipeline.tables.corners import LAP_CORNER
from iracing_pipeline.tables.results import RESULT
from iracing_pipeline.tables.sectors import LAP_SECTOR
from iracing_pipeline.tables.stints import FUEL_LAP, STINT, TYRE_LAP, TYRE_SET
from iracing_pipeline.tables.strategy import CAR_TRACK
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse import Warehouse
from iracing_pipeline.warehouse.read import read_table
from iracing_pipeline.why import again
from iracing_pipeline.why.explain import explain
from iracing_pipeline.why.lap_votes import DECIDES
from iracing_pipeline.why.metric import explain_metric
from iracing_pipeline.why.reference import Reference, WhyError, parse, reference_id
from iracing_pipeline.why.rules import rules
from iracing_pipeline_tests import real_files
from iracing_pipeline_tests.dashboards.conftest import as_reader
from iracing_pipeline_tests.garage import load_file

if TYPE_CHECKING:
    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse import Connection
    from iracing_pipeline_tests.garage import Garage

DOCS = Path(iracing_pipeline.__file__).parents[1]
OF_LAPS = (
    TELEMETRY_SESSION,
    TELEMETRY_LAP,
    LAP_SECTOR,
    LAP_CORNER,
    STINT,
    FUEL_LAP,
    TYRE_SET,
    TYRE_LAP,
)
OVER_MANY = sorted(
    again.COMPUTED_AGAIN - {*again.OF_A_RECORDING, *again.OF_A_TRACK}, key=lambda table: table.name
)


def reference(table: Table, column: str, row: dict[str, Any]) -> Reference:
    return parse([reference_id(table, column, row)])


def rows_of(connection: Connection, table: Table) -> list[dict[str, Any]]:
    return read_table(connection, table, where={}).rows(named=True)


def differences(
    connection: Connection, lake: Lake, tables: tuple[Table, ...] = again.OF_A_RECORDING
) -> tuple[int, list[str]]:
    """Values of all sessions that were compared, and those that differ from what is stored."""
    compared, differ = 0, []
    for (key,) in connection.execute("SELECT session_key FROM racing.telemetry_session").fetchall():
        computed = again.tables_of(connection, lake, again.recording(lake, key))
        for table in tables:
            stored = read_table(connection, table, where={"session_key": key}).rows(named=True)
            fresh = table.bounded(computed[table])[0].sort(table.key).rows(named=True)
            assert len(stored) == len(fresh)
            json_columns = {column.name for column in table.columns if column.json}
            by_key = {tuple(row[name] for name in table.key): row for row in fresh}
            for row in stored:
                other = by_key[tuple(row[name] for name in table.key)]
                for name in row.keys() - json_columns:
                    compared += 1
                    if not again.same(row[name], other[name]):
                        differ.append(
                            f"{reference_id(table, name, row)}: {row[name]} {other[name]}"
                        )
        connection.rollback()
    return compared, differ


def test_every_figure_of_every_session_is_computed_again_bit_for_bit(
    loaded: Garage, books: Connection
) -> None:
    compared, differ = differences(books, loaded.lake)

    assert compared > 10_000
    assert differ == []


@pytest.mark.parametrize("table", OF_LAPS, ids=lambda table: table.name)
def test_every_column_resolves_to_its_file_records_rule_and_load(
    table: Table, loaded: Garage, books: Connection
) -> None:
    row = rows_of(books, table)[0]
    column = next(c.name for c in table.columns if c.unit and row[c.name] is not None)

    explained = explain(books, loaded.lake, reference(table, column, row))

    assert explained.identical is True
    assert explained.value == row[column]
    assert explained.differs == {}
    assert explained.load is not None
    assert explained.load.run_id is not None
    assert explained.load.code_version == iracing_pipeline.__version__
    assert explained.recording is not None
    path = Path(str(explained.recording.path))
    assert explained.recording.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert explained.recording.size_bytes == path.stat().st_size
    assert 0 <= explained.recording.first_record <= explained.recording.last_record
    assert explained.recording.last_record < explained.recording.record_count


@pytest.mark.parametrize("table", OVER_MANY, ids=lambda table: table.name)
def test_figures_over_many_sessions_and_of_results_are_computed_again(
    table: Table, loaded: Garage, books: Connection
) -> None:
    rows = rows_of(books, table)
    if not rows:
        pytest.skip(f"the demo has no row of {table.name}")
    row = rows[len(rows) // 2]
    column = next(c.name for c in table.columns if c.name not in table.key and not c.json)

    explained = explain(books, loaded.lake, reference(table, column, row))

    assert explained.differs == {}
    assert explained.identical is True
    assert rows_of(books, table) == rows, "nothing was written"


def test_a_lap_shows_its_kind_and_every_channel_that_voted(
    loaded: Garage, books: Connection
) -> None:
    laps = rows_of(books, TELEMETRY_LAP)
    off = next(lap for lap in laps if "off_track" in lap["reasons"])

    explained = explain(books, loaded.lake, reference(TELEMETRY_LAP, "clean", off))

    assert explained.lap is not None
    assert explained.lap["reasons"] == off["reasons"]
    assert {vote.channel for vote in explained.votes} == set(CHANNELS)
    surface = next(v for v in explained.votes if v.channel == "PlayerTrackSurface")
    assert "off track: " in surface.shows
    missing = {vote.channel for vote in explained.votes if vote.shows == "not in the file"}
    assert not missing & {"OnPitRoad", "IsOnTrack", "Speed", "Lap", "FuelLevel"}
    inside = next(lap for lap in laps if lap["kind"] == "in")
    votes = explain(books, loaded.lake, reference(TELEMETRY_LAP, "kind", inside)).votes
    pit_road = next(vote for vote in votes if vote.channel == "OnPitRoad")
    assert int(pit_road.shows.partition(" of ")[0]) > 0
    assert "PlayerTrackSurface: " in explained.to_text()


def test_every_channel_that_analysis_reads_has_a_vote() -> None:
    assert set(DECIDES) == set(CHANNELS)


def test_a_result_names_payload_field_source_and_time(loaded: Garage, books: Connection) -> None:
    row = next(r for r in rows_of(books, RESULT) if r["best_lap_s"] is not None)

    explained = explain(books, loaded.lake, reference(RESULT, "best_lap_s", row))

    assert [(each.kind, each.source) for each in explained.payloads] == [("results/get", "api")]
    assert any("best_lap_time" in field for field in explained.payloads[0].fields)
    assert explained.payloads[0].received_at.tzinfo is not None
    assert explained.identical is True


def test_a_value_that_was_tampered_with_is_said_to_differ(
    loaded: Garage, books: Connection
) -> None:
    row = next(lap for lap in rows_of(books, TELEMETRY_LAP) if lap["clean"])
    key = {name: row[name] for name in TELEMETRY_LAP.key}
    changed = "UPDATE racing.telemetry_lap SET lap_time_s = lap_time_s - 0.001 WHERE"
    undo = "UPDATE racing.telemetry_lap SET lap_time_s = lap_time_s WHERE"
    where = " session_key = %(session_key)s AND stint = %(stint)s AND lap_number = %(lap_number)s"
    books.execute((changed + where).encode(), key)
    books.commit()
    try:
        explained = explain(books, loaded.lake, reference(TELEMETRY_LAP, "lap_time_s", row))
    finally:
        books.execute((undo.replace("lap_time_s WHERE", "%(was)s WHERE") + where).encode(),
                      {**key, "was": row["lap_time_s"]})  # fmt: skip
        books.commit()

    assert explained.identical is False
    assert explained.differs == {
        "lap_time_s": (pytest.approx(row["lap_time_s"] - 0.001), row["lap_time_s"])
    }


def test_after_backup_and_restore_every_figure_is_computed_again(
    loaded: Garage, empty_database: str, tmp_path: Path
) -> None:
    saved = tmp_path / "garage.zip"
    backup.write(saved, loaded.url, loaded.lake, lambda _line: None)
    lake = Lake(tmp_path / "elsewhere", durable=False)
    backup.restore(saved, empty_database, lake, lambda _line: None)

    with Warehouse(empty_database).connect() as connection:
        compared, differ = differences(connection, lake)

    assert compared > 10_000
    assert differ == []


def test_every_figure_of_an_answer_that_carries_an_id_is_explained(
    loaded: Garage, books: Connection
) -> None:
    database = Database(as_reader(loaded.url))
    for name in ("session", "laps", "corner_over_time", "car_on_track", "race_ledger"):
        given = {"race": "last"} if name == "race_ledger" else {}
        row = ask(database, name, given).rows[0]
        figures = [value for value in row.values() if isinstance(value, Figure) and value.why]
        assert figures, name
        explained = explain(books, loaded.lake, parse([str(figures[0].why)]))
        assert explained.value == figures[0].value
        assert explained.identical is True


def test_a_metric_shows_its_query_and_samples(loaded: Garage, books: Connection) -> None:
    Snapshot.take(books).write(loaded.lake)

    series = explain_metric(books, loaded.lake, "iracing_best_lap_seconds")

    assert "racing.telemetry_session" in str(series.query)
    assert len(series.samples) > 2
    assert all(sample.identical for sample in series.samples)
    one = series.samples[0]
    chosen = f'iracing_best_lap_seconds{{car="{one.labels["car"]}",track="{one.labels["track"]}"}}'
    assert explain_metric(books, loaded.lake, chosen).samples == [one]
    with pytest.raises(WhyError, match="has no sample"):
        explain_metric(books, loaded.lake, 'iracing_best_lap_seconds{car="none"}')


def test_the_command_prints_where_a_figure_comes_from(
    loaded: Garage, books: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IRACING_HOME", str(loaded.home))
    monkeypatch.setenv("IRACING_DATABASE_URL", loaded.url)
    row = next(lap for lap in rows_of(books, TELEMETRY_LAP) if lap["clean"])
    words = reference_id(TELEMETRY_LAP, "lap_time_s", row)

    text = CliRunner().invoke(main, ["why", *words.split()])
    as_json = CliRunner().invoke(main, ["why", words, "--json"])
    missing = CliRunner().invoke(main, ["why", "telemetry_lap.lap_time_s", "session_key=x"])

    assert text.exit_code == 0, text.output
    assert "identical bit for bit" in text.output
    assert json.loads(as_json.output)["value"] == row["lap_time_s"]
    assert missing.exit_code == 1
    assert "keyed by session_key, stint, lap_number" in missing.output


def test_every_rule_names_a_section_and_a_function_there_is() -> None:
    for rule in rules():
        page, _, anchor = rule.docs.partition("#")
        text = (DOCS / page).read_text(encoding="utf-8")
        anchors = {
            re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
            for title in re.findall(r"(?m)^#+ (.+)$", text)
        }
        assert not anchor or anchor in anchors, rule.docs
        assert callable(rule.load()), rule.function


def test_every_table_has_a_reference_that_is_read_again() -> None:
    for table in TABLES:
        if table.name == "ops.oauth_token":
            continue
        key = dict.fromkeys(table.key, 1) | {
            c.name: "2026-01-01T00:00:00+00:00" if "Datetime" in str(c.dtype) else "1"
            for c in table.columns
            if c.name in table.key
        }
        named = reference_id(table, table.columns[-1].name, key)
        assert str(parse([named])) == str(parse(named.split()))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.at_all"], "no column nothing.at_all"),
        (["telemetry_lap.colour", "session_key=x"], "no column telemetry_lap.colour"),
        (["telemetry_lap.clean"], "keyed by session_key, stint, lap_number"),
        (["stint.lap_count", "session_key=x", "stint=one"], "stint cannot be one"),
        (["stint.lap_count", "session_key=x", f"stint={2**70}"], "stint cannot be"),
        (["stint.lap_count", "session_key"], "is no KEY=VALUE"),
        (["oauth_token.state", "client_id=x"], "no column"),
        (["ops.oauth_token.state", "client_id=x"], "no column"),
        (["'"], "cannot be read"),
        ([""], "cannot be read"),
        (["x" * 300], "cannot be read"),
        (["telemetry_laps.why_not_clean"], "computed by its view"),
    ],
)
def test_a_wrong_id_says_what_is_wrong(words: list[str], message: str) -> None:
    with pytest.raises(WhyError, match=re.escape(message)):
        parse(words)


def test_a_column_of_a_view_leads_to_its_table() -> None:
    assert str(
        parse(["telemetry_laps.lap_time_s", "session_key=x", "stint=1", "lap_number=2"])
    ) == ("telemetry_lap.lap_time_s session_key=x stint=1 lap_number=2")
    assert parse(["grafana.car_tracks.pit_loss_s", "car_id=1", "track_id=2"]).table is CAR_TRACK


def test_questions_carry_ids_where_a_table_holds_the_figure() -> None:
    with_ids = {name for name, question in QUESTIONS.items() if question.origins}

    assert {
        "sessions",
        "session",
        "laps",
        "car_on_track",
        "race_plan",
    } <= with_ids
    assert not QUESTIONS["compare_laps"].origins


@real_files.each(real_files.recordings())
def test_every_figure_of_a_real_file_is_computed_again(
    path: Path, connection: Connection, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake", durable=False)
    load_file(connection, lake, path)

    compared, differ = differences(connection, lake)

    assert compared > 50
    assert differ == []
