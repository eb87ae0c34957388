"""Races in the warehouse: analysed once, and again when something of them changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iracing_pipeline.data_api.backfill import EVENTS, LAPS, RESULT
from iracing_pipeline.demo.career import RACES
from iracing_pipeline.demo.fake_data_api.career import Career
from iracing_pipeline.demo.fake_data_api.race_documents import event_log, lap_chart, result
from iracing_pipeline.demo.outing import write_outing
from iracing_pipeline.demo.plan import Session
from iracing_pipeline.demo.season import SEED, season
from iracing_pipeline.ingest import races
from iracing_pipeline.ingest.isolation import OUR_FAULT
from iracing_pipeline.ingest.race_what_ifs import simulate_due_what_ifs
from iracing_pipeline.ingest.races import analyse_due_races
from iracing_pipeline.ingest.results import load_subsessions
from iracing_pipeline.report import read, report
from iracing_pipeline.tables.race import IRATING_OUTCOME, RACE_ANALYSIS, RACE_LEDGER
from iracing_pipeline.warehouse import payloads
from iracing_pipeline.warehouse.errors import LoadError
from iracing_pipeline.warehouse.payloads import Document
from iracing_pipeline_tests.ingest.test_lap_analysis import stored
from iracing_pipeline_tests.payloads import needs_payloads, payload

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.tables import Table
    from iracing_pipeline.warehouse.connection import Connection

CAREER = Career(season_count=1)
REAL = 82263872


def _put(connection: Connection, subsession_id: int, document: object, laps: object) -> None:
    item = str(subsession_id)
    payloads.put(connection, Document(RESULT, item), document, source="api")
    payloads.put(connection, Document(LAPS, item, 0), {"rows": laps}, source="api")
    connection.commit()


def _load_demo(connection: Connection, count: int) -> list[int]:
    chosen = [race for race in CAREER.races if race.official][:count]
    for race in chosen:
        item = str(race.subsession_id)
        _put(connection, race.subsession_id, result(CAREER, race), lap_chart(CAREER, race, 0))
        events = {"rows": event_log(CAREER, race)}
        payloads.put(connection, Document(EVENTS, item, 0), events, source="api")
    ids = [race.subsession_id for race in chosen]
    load_subsessions(connection, ids)
    return ids


def _closing_ms(connection: Connection) -> float:
    row = connection.execute(
        "SELECT 1000 * max(abs(seconds - gap_s)) FROM (SELECT sum(seconds) AS seconds,"
        " min(gap_s) AS gap_s FROM grafana.race_ledger"
        " GROUP BY subsession_id, simsession_number, group_id) AS car"
    ).fetchone()
    assert row is not None
    return float(row[0])


def test_every_race_is_taken_apart_once(connection: Connection) -> None:
    ids = _load_demo(connection, 3)
    done = analyse_due_races(connection)

    assert done.races == 3
    assert done.rows[RACE_LEDGER] > 0
    assert _closing_ms(connection) < 1
    covered = connection.execute("SELECT count(DISTINCT subsession_id) FROM racing.race_ledger")
    assert covered.fetchone() == (3,)
    assert analyse_due_races(connection).races == 0

    races.forget(connection, ids[:1])
    again = analyse_due_races(connection)
    assert again.races == 1
    changed = connection.execute(
        "SELECT rows_inserted + rows_updated + rows_deleted FROM ops.load_audit"
        " WHERE table_name = 'racing.race_ledger' ORDER BY started_at DESC LIMIT 1"
    ).fetchone()
    assert changed == (0,)  # the same rows again


def test_the_demo_races_change_ratings_by_the_arithmetic(connection: Connection) -> None:
    _load_demo(connection, 4)
    done = analyse_due_races(connection)

    assert done.rows[IRATING_OUTCOME] > 0
    row = connection.execute(
        "SELECT count(*), max(abs(irating_change - official_change)) FROM racing.irating_outcome"
        " WHERE finished_here"
    ).fetchone()
    assert row is not None
    assert row[0] > 30
    assert row[1] <= 0.5 + 1e-9  # ratings are whole numbers


@needs_payloads
def test_a_real_race_closes_and_any_pair_is_a_difference(connection: Connection) -> None:
    chart = payload(f"results_lap_chart_data__{REAL}_0__rows")
    _put(connection, REAL, payload(f"results_get__{REAL}"), chart)
    load_subsessions(connection, [REAL])
    analyse_due_races(connection)

    assert _closing_ms(connection) < 1
    official = connection.execute(
        "SELECT 1000 * max(abs(gap_s - official_gap_s)), count(DISTINCT group_id)"
        " FROM grafana.race_ledger WHERE official_gap_s IS NOT NULL"
    ).fetchone()
    assert official is not None
    assert official[0] < 1
    assert official[1] == 23

    order = connection.execute(
        "SELECT group_id, min(gap_s) FROM racing.race_ledger WHERE lap_number = 10"
        " GROUP BY group_id ORDER BY 2"
    ).fetchall()
    (ahead, before), (behind, after) = order[4], order[9]
    between = connection.execute(
        "SELECT sum(seconds), bool_and(low_s <= seconds AND seconds <= high_s)"
        " FROM grafana.race_ledger_between(%s, 0, %s, %s)",
        [REAL, behind, ahead],
    ).fetchone()
    assert between is not None
    assert between[0] == pytest.approx(after - before)
    assert between[1]
    items = connection.execute("SELECT count(*) FROM grafana.race_ledger_items").fetchone()
    assert items is not None
    assert items[0] > 0


def _drive_gt3(connection: Connection, tmp_path: Path) -> int:
    """Load the demo's GT3 race with its telemetry, and take it apart; its subsession_id."""
    gt3 = RACES[-1]
    number, outing = next(
        (number, outing)
        for number, outing in enumerate(season(), start=1)
        if outing.event.race is gt3 and outing.plan.session is Session.RACE
    )
    stored(connection, tmp_path / write_outing(tmp_path, outing, SEED + number).path.name)
    race = CAREER.by_id[gt3.subsession_id]
    _put(connection, gt3.subsession_id, result(CAREER, race), lap_chart(CAREER, race, 0))
    load_subsessions(connection, [gt3.subsession_id])
    analyse_due_races(connection)
    return gt3.subsession_id


def test_findings_of_a_race_with_telemetry_are_priced(
    connection: Connection, tmp_path: Path
) -> None:
    _drive_gt3(connection, tmp_path)

    kind, seconds, places, irating, value = connection.execute(
        "SELECT finding.kind, finding.seconds, finding.places, finding.irating,"
        " outcome.place_value FROM grafana.race_debriefs AS finding"
        " JOIN grafana.irating_outcome AS outcome USING (subsession_id, cust_id)"
        " WHERE finding.rank = 1 AND outcome.finished_here"
    ).fetchall()[0]
    assert kind == "mistake"
    assert seconds > 5  # off the track, and a spin with a standstill
    assert places >= 1
    assert irating == pytest.approx(places * value)
    incidents = connection.execute(
        "SELECT lap_number, points FROM grafana.race_incident ORDER BY incident"
    ).fetchall()
    assert incidents == [(3, 1), (4, 2)]
    ladder = connection.execute(
        "SELECT penalty, at_points, points_left FROM grafana.penalty_ladder"
    ).fetchall()
    assert ladder == [("disqualification", 17, 14)]


def test_a_race_of_ones_own_is_driven_again_once(connection: Connection, tmp_path: Path) -> None:
    number = _drive_gt3(connection, tmp_path)

    done = simulate_due_what_ifs(connection)

    assert (done.races, done.refused) == (1, {})
    rows = connection.execute(
        "SELECT kind, place_low <= place AND place <= place_high, gained_s, places_gained,"
        " irating_gained, races FROM grafana.race_what_if WHERE refused_for IS NULL"
        " ORDER BY question_number"
    ).fetchall()
    assert {"mistake", "start"} <= {row[0] for row in rows}
    assert all(row[1] and row[5] >= 100 for row in rows)
    kind, _, gained_s, places, irating, _ = rows[0]
    assert kind == "mistake"
    assert gained_s > 5
    assert places > 0
    assert irating > 0
    shown = connection.execute(
        "SELECT finding_seconds, finding_places FROM grafana.session_summaries"
        " WHERE finding_cause = 'mistakes'"
    ).fetchall()
    stored_finding = connection.execute(
        "SELECT seconds, places FROM racing.race_finding WHERE rank = 1"
    ).fetchall()
    assert shown == stored_finding
    assert simulate_due_what_ifs(connection).races == 0
    races.forget(connection, [number])
    analyse_due_races(connection)
    assert simulate_due_what_ifs(connection).races == 1

    session = connection.execute("SELECT session_key FROM racing.telemetry_session").fetchone()
    assert session is not None
    page = report(read(connection, session[0]))
    assert "to the winner at lap" in page
    assert "Without the" in page
    assert "disqualification at 17 points" in page


@pytest.mark.parametrize(
    ("error", "advice"),
    [(LoadError("a row does not fit", "report it"), "report it"), (KeyError("laps"), OUR_FAULT)],
    ids=["refused by the database", "a fault of ours"],
)
def test_a_race_that_fails_stops_no_other(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, error: Exception, advice: str
) -> None:
    ids = _load_demo(connection, 3)
    whole = races.analyse_races

    def refusing(
        connection: Connection, subsession_ids: list[int], *, run_id: str | None = None
    ) -> dict[Table, int]:
        if ids[1] in subsession_ids:
            raise error
        return whole(connection, subsession_ids, run_id=run_id)

    monkeypatch.setattr(races, "analyse_races", refusing)
    done = analyse_due_races(connection)

    assert list(done.refused) == [ids[1]]
    assert done.rows[RACE_ANALYSIS] == 2
    waiting = connection.execute("SELECT source, item, advice FROM ops.quarantine").fetchall()
    assert waiting == [("race", str(ids[1]), advice)]

    monkeypatch.setattr(races, "analyse_races", whole)
    assert analyse_due_races(connection).refused == {}
    resolved = "SELECT count(*) FROM ops.quarantine WHERE resolved_at IS NULL"
    assert connection.execute(resolved).fetchone() == (0,)
