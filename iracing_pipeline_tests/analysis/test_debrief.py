import polars as pl
import pytest

from iracing_pipeline.analysis import stints as find_stints
from iracing_pipeline.analysis import tyres
from iracing_pipeline.analysis.debrief import debrief, race_findings
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.demo.plan import Plan, Session, Spin, Stop
from iracing_pipeline.tables.corners import LAP_CORNER
from iracing_pipeline.tables.debrief import RACE_FINDING
from iracing_pipeline.tables.stints import STINT
from iracing_pipeline_tests.analysis.simulated import Analysed, analysed
from iracing_pipeline_tests.analysis.test_stints import SESSION


@pytest.fixture(scope="module")
def race() -> Analysed:
    plan = Plan(
        Session.RACE,
        laps=20,
        fuel_l=60,
        stops=(Stop(10, 10.0),),
        mishaps=(Spin(6, 3),),
        experience_laps=200,
    )
    return analysed("gt3", plan, 17)


def stints_of(session: Analysed) -> pl.DataFrame:
    samples = Samples.of(session.records)
    sets = tyres.tyre_sets(session.records, samples, session.laps)
    return find_stints.stints(samples, session.laps, session.unrolled, sets, SESSION)


def test_a_race_with_a_spin(race: Analysed) -> None:
    findings = debrief(race.laps, race.corners, stints_of(race))

    assert 1 <= len(findings.findings) <= 3
    seconds = [finding.seconds for finding in findings.findings]
    assert seconds == sorted(seconds, reverse=True)
    mistake = next(finding for finding in findings.findings if finding.kind == "mistake")
    assert mistake.laps == (6,)
    clean = race.laps.filter("clean")["lap_time_s"].median()
    lap = race.laps.filter(pl.col("lap_number") == 6)["lap_time_s"][0]
    assert isinstance(clean, float)
    assert mistake.seconds == pytest.approx(lap - clean, abs=0.5)
    assert mistake.low_s is not None
    assert mistake.high_s is not None
    assert mistake.low_s < mistake.seconds < mistake.high_s
    assert mistake.places is None  # nothing is known of the other cars
    assert mistake.text.startswith("A mistake on lap 6 cost ")


def test_a_weak_corner_is_named_with_its_laps(race: Analysed) -> None:
    # Lap after lap half a second is lost in Turn 5, except on every fourth lap.
    slow = (pl.col("corner") == 5) & (pl.col("lap_number") % 4 != 0)
    corners = race.corners.with_columns(
        time_s=pl.when(slow).then(pl.col("time_s") + 0.5).otherwise("time_s")
    )
    findings = debrief(race.laps, corners, STINT.frame())

    corner = next(finding for finding in findings.findings if finding.kind == "corner")
    assert corner.corner == 5
    assert corner.seconds > 4
    assert "Turn 5" in corner.text
    assert 12 not in corner.laps


def test_a_slow_stop_is_told_only_beside_others_of_the_race(race: Analysed) -> None:
    stop = stints_of(race).head(1).with_columns(pace_trend_low_s_per_lap=None)
    assert stop["pit_loss_s"][0] > stop["stationary_s"][0] > 0
    # The second stands 20 s longer, and so loses as much more; the third is slow on pit road.
    longer = stop.with_columns(
        stint=pl.lit(2, pl.Int32),
        pit_loss_s=pl.col("pit_loss_s") + 20,
        stationary_s=pl.col("stationary_s") + 20,
    )
    slow = stop.with_columns(stint=pl.lit(3, pl.Int32), pit_loss_s=pl.col("pit_loss_s") + 6)
    stops = pl.concat([stop, longer, slow])

    (output,) = debrief(race.laps.clear(), LAP_CORNER.frame(), stops).findings
    assert output.kind == "pit_stop"
    assert output.seconds == pytest.approx(6)
    assert "after stint 3" in output.text
    unknown = stops.with_columns(stationary_s=None)
    for few in (stops.tail(2), unknown):
        assert debrief(race.laps.clear(), LAP_CORNER.frame(), few).findings == ()


def test_two_laps_support_no_finding(race: Analysed) -> None:
    short = race.laps.filter(pl.col("lap_number").is_in([6, 7]))
    findings = debrief(short, race.corners, STINT.frame())

    assert findings.findings == ()
    assert findings.clean_laps == 1


def test_an_even_race_has_no_weak_corner(race: Analysed) -> None:
    even = race.corners.with_columns(time_s=pl.col("time_s").median().over("corner"))

    findings = debrief(race.laps.filter("clean"), even, STINT.frame(), is_race=True).findings
    assert "corner" not in [finding.kind for finding in findings]
    assert findings  # a race has a finding, however little it cost
    assert debrief(race.laps.filter("clean"), even, STINT.frame()).findings == ()


def test_findings_of_a_race_become_rows(race: Analysed) -> None:
    session = SESSION | {"simsession_type": "Race"}
    table = race_findings(session, race.laps, race.corners, stints_of(race))

    assert table.schema == RACE_FINDING.schema
    assert table["rank"].to_list() == list(range(1, table.height + 1))
    assert "mistake" in table["kind"]
    practice = SESSION | {"simsession_type": "Practice"}
    assert race_findings(practice, race.laps, race.corners, stints_of(race)).is_empty()
