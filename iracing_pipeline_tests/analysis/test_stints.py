from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import polars as pl
import pytest

from iracing_pipeline.analysis import fuel, stints, tyres
from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.analysis.samples import Samples
from iracing_pipeline.demo.plan import Plan, Reset, Session, Stop
from iracing_pipeline.tables.stints import FUEL_LAP, STINT, TYRE_LAP, TYRE_SET
from iracing_pipeline_tests.analysis.simulated import Analysed, analysed, practice
from iracing_pipeline_tests.recordings import START

SESSION: dict[str, Any] = {
    "session_key": "s",
    "start_time": datetime(2026, 3, 7, 19, 15, 33, tzinfo=UTC),
    "cust_id": 7,
    "driver_name": "Ada Example",
    "setup_name": "fast.sto",
}


def stints_of(session: Analysed) -> pl.DataFrame:
    samples = Samples.of(session.records)
    sets = tyres.tyre_sets(session.records, samples, session.laps)
    return stints.stints(samples, session.laps, session.unrolled, sets, SESSION)


def sets_of(session: Analysed) -> pl.DataFrame:
    samples = Samples.of(session.records)
    sets = tyres.tyre_sets(session.records, samples, session.laps)
    return tyres.tyre_set_table(session.records, samples, session.laps, sets)


@cache
def race() -> Analysed:
    plan = Plan(
        Session.RACE, laps=22, fuel_l=60, stops=(Stop(11, 20.0, tyres=True),), experience_laps=200
    )
    return analysed("gt3", plan, 5)


def test_a_race_with_a_stop_is_two_stints() -> None:
    session = race()
    table = stints_of(session)
    first, second = table.rows(named=True)
    stop = session.truth.stops[0]

    assert table.schema == STINT.schema
    assert (first["began"], first["ended"]) == ("file", "pit_stop")
    assert (second["began"], second["ended"]) == ("pit_exit", "pit_stop")
    assert first["end_session_time_s"] == pytest.approx(stop.exit_s, abs=0.05)
    assert first["fuel_added_l"] == pytest.approx(stop.fuel_added_l, abs=0.01)
    assert first["pit_stop_s"] == pytest.approx(stop.exit_s - stop.entry_s, abs=0.05)
    # Truth compares with a flawless lap, we with the laps that were driven.
    assert first["pit_loss_s"] == pytest.approx(stop.loss_s, abs=0.5)
    assert second["pit_loss_s"] is None
    assert (first["tyre_set"], second["tyre_set"]) == (1, 2)
    assert first["clean_lap_count"] + second["clean_lap_count"] == 18


def test_pace_and_fuel_of_a_stint_are_recovered_within_their_intervals() -> None:
    session = race()
    law = session.truth.law
    for stint in stints_of(session).rows(named=True):
        assert stint["fuel_per_lap_l"] == pytest.approx(law.fuel_l_per_lap, rel=0.03)
        assert (
            stint["fuel_effect_low_s_per_l"]
            < law.seconds_per_litre
            < stint["fuel_effect_high_s_per_l"]
        )
        assert (
            stint["degradation_low_s_per_lap"]
            < law.seconds_per_tyre_lap
            < stint["degradation_high_s_per_lap"]
        )
        assert stint["trend_lap_count"] >= 5


def test_fuel_and_tyres_are_not_told_apart_within_one_stint() -> None:
    table = stints_of(practice("gt3", laps=9, fuel_l=40.0))

    assert table.height == 1
    row = table.row(0, named=True)
    assert row["pace_trend_s_per_lap"] is not None
    assert row["fuel_effect_s_per_l"] is None
    assert row["degradation_s_per_lap"] is None
    assert row["fuel_corrected_pace_s"] is None


def test_too_few_laps_give_no_trend() -> None:
    row = stints_of(practice("formula")).row(0, named=True)

    assert row["median_lap_time_s"] is not None
    assert row["pace_trend_s_per_lap"] is None
    assert row["spread_s"] is None


def test_a_reset_ends_a_stint_and_puts_new_tyres_on() -> None:
    session = practice("formula", laps=4, resets=(Reset(2, 0.4),), fuel_l=5.0)
    first, second = stints_of(session).rows(named=True)

    assert (first["ended"], second["began"]) == ("reset", "reset")
    assert first["fuel_added_l"] is None
    assert first["fuel_end_l"] < first["fuel_start_l"] == pytest.approx(5.0, abs=0.02)
    assert second["fuel_start_l"] == pytest.approx(5.0, abs=0.02)
    assert [row["tyre_set"] for row in (first, second)] == [1, 2]


def test_no_lap_no_stint() -> None:
    session = practice("formula")
    none = session.laps.clear()
    samples = Samples.of(session.records)
    sets = tyres.tyre_sets(session.records, samples, none)

    assert stints.stints(samples, none, session.unrolled, sets, SESSION).is_empty()
    assert tyres.tyre_set_table(session.records, samples, none, sets).is_empty()
    assert tyres.tyre_laps(session.records, none, sets).is_empty()


def test_a_set_of_tyres_is_measured_when_it_comes_off() -> None:
    session = race()
    table = sets_of(session)
    first, second = table.rows(named=True)

    assert table.schema == TYRE_SET.schema
    assert (first["first_stint"], second["first_stint"]) == (1, 2)
    assert first["lap_count"] + second["lap_count"] == 23
    assert first["measured_distance_m"] == pytest.approx(first["distance_m"], rel=0.01)
    # Worn by as much as the simulator wears it, most on its inner edge.
    worn = 1 - min(first["lf_tread"])
    assert worn == pytest.approx(0.0021 * 1.25 * 1.05 * 1.2 * first["distance_m"] / 1000, rel=0.4)
    assert first["lf_carcass_c"][1] > 50
    assert first["lf_cold_pressure_kpa"] == pytest.approx(152.0)


def test_tyres_that_were_never_measured_after_driving_say_nothing() -> None:
    session = practice("formula", laps=4, resets=(Reset(2, 0.4),), fuel_l=5.0)
    first = sets_of(session).row(0, named=True)

    assert first["distance_m"] > 1000
    assert first["lf_tread"] is None
    assert first["measured_session_time_s"] is None


def test_surface_temperatures_are_means_over_each_lap() -> None:
    session = race()
    samples = Samples.of(session.records)
    sets = tyres.tyre_sets(session.records, samples, session.laps)
    table = tyres.tyre_laps(session.records, session.laps, sets)
    lap = session.laps.filter(pl.col("lap_number") == 5).row(0, named=True)
    rows = session.records.slice(lap["first_record"], lap["record_count"])

    assert table.schema == TYRE_LAP.schema
    row = table.filter(pl.col("lap_number") == 5).row(0, named=True)
    assert row["rr_temp_m_c"] == pytest.approx(rows.get_column("RRtempM").mean(), rel=1e-5)
    assert row["set_lap"] == 5
    without = tyres.tyre_laps(session.records.drop("RRtempM"), session.laps, sets)
    assert without.get_column("rr_temp_m_c").null_count() == without.height


def test_fuel_of_clean_laps_and_what_it_lasts_for() -> None:
    session = race()
    table = fuel.fuel_laps(session.laps)
    use = fuel.fuel_use(table)

    assert table.schema == FUEL_LAP.schema
    assert use is not None
    assert use.laps == session.laps.get_column("clean").sum()
    assert use.median_l == pytest.approx(session.truth.law.fuel_l_per_lap, rel=0.03)
    assert use.median_l <= use.p65_l <= use.p90_l
    last = table.filter(pl.col("condition") == "clean").row(-1, named=True)
    assert last["laps_left"] == pytest.approx(last["fuel_end_l"] / use.median_l, rel=1e-9)
    assert fuel.fuel_use(table, fuel.CAUTION) is None
    added = table.get_column("fuel_added_l").drop_nulls()
    assert added.filter(added > 0.2).to_list() == pytest.approx([20.0], abs=0.01)


def test_a_wet_track_is_no_dry_one() -> None:
    dry = practice("gt3", laps=9, fuel_l=40.0)
    lap = pl.col("Lap")
    rained = dry.records.with_columns(
        TrackWetness=pl.when(lap >= 5).then(4).otherwise(1).cast(pl.Int32)
    )
    wet = replace(dry, laps=find_laps(rained, session_key="s", start=START), records=rained)
    table = fuel.fuel_laps(wet.laps)

    # Nothing of the two is averaged: neither fuel nor pace.
    assert set(table["condition"]) == {"clean", "wet", "other"}
    use = fuel.fuel_use(table, fuel.WET)
    assert use is not None
    assert use.laps == (table["condition"] == "wet").sum()
    assert stints_of(dry)["pace_trend_s_per_lap"][0] is not None
    assert stints_of(wet)["pace_trend_s_per_lap"][0] is None


def test_caution_laps_are_counted_apart() -> None:
    laps = race().laps
    slow = pl.col("lap_number").is_in([4, 5, 6])
    cautious = laps.with_columns(
        clean=pl.col("clean") & ~slow,
        reasons=pl.when(slow).then(pl.lit(["caution"])).otherwise("reasons"),
        fuel_used_l=pl.when(slow).then(1.0).otherwise("fuel_used_l"),
    )
    table = fuel.fuel_laps(cautious)
    green, caution = fuel.fuel_use(table), fuel.fuel_use(table, fuel.CAUTION)

    assert green is not None
    assert caution is not None
    assert (caution.median_l, caution.laps) == (1.0, 3)
    assert green.median_l > 2.5


@pytest.mark.parametrize(
    ("remaining", "into", "spread", "expected"),
    [
        (600.0, 0.0, 0.0, (7, 7)),  # six laps and a bit: the seventh is driven out
        (593.0, 0.0, 0.4, (6, 7)),  # it may just be a lap more
        (540.0, 0.0, 0.0, (6, 6)),
        (600.0, 90.0, 0.0, (7, 7)),  # it began before
        (0.0, 10.0, 0.0, (1, 1)),
    ],
)
def test_a_race_by_the_clock(
    remaining: float, into: float, spread: float, expected: tuple[int, int]
) -> None:
    result = fuel.laps_of_timed_race(remaining, 99.0, into_lap_s=into, spread_s=spread)

    assert (result.likely, result.most) == expected


def test_a_race_cannot_have_laps_without_time() -> None:
    with pytest.raises(ValueError, match="no time"):
        fuel.laps_of_timed_race(600.0, 0.0)


def test_the_saving_ladder() -> None:
    rungs = fuel.saving_ladder(30.0, 2.8, most_saving=0.15)

    assert [rung.laps for rung in rungs] == [10, 11, 12]
    assert rungs[0].saving < 0 < rungs[1].saving < rungs[2].saving <= 0.15
    assert all(rung.laps * rung.per_lap_l == pytest.approx(30.0) for rung in rungs)
    assert fuel.saving_ladder(0.0, 2.8) == []
    assert fuel.fuel_needed(12, 2.8, reserve_l=1.0) == pytest.approx(34.6)
