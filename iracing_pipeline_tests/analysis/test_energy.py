"""Energy per lap of a hybrid or an electric car."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis.energy import Power, lap_energy, power
from iracing_pipeline.analysis.fuel import energy_use, fuel_laps, fuel_use
from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.analysis.samples import CHANNELS
from iracing_pipeline.demo.car import CORVANE_HYBRID
from iracing_pipeline.demo.circuits import MILLBROOK
from iracing_pipeline.demo.plan import Plan, Session, Stop
from iracing_pipeline.demo.simulate import simulate_session
from iracing_pipeline_tests.recordings import START, drive

HYBRID_CHANNELS = ("EnergyERSBattery", "EnergyERSBatteryPct", "EnergyBatteryToMGU_KLap")
LAPS = (20.0, 20.0, 20.0, 20.0)
DEPLOYED_J, LOST_J, FULL_J = 1.2e6, 0.1e6, 4e6


def hybrid() -> pl.DataFrame:
    """A battery that loses 0.1 MJ a lap, having given 1.2 MJ to the motor."""
    records = drive(LAPS)
    round_lap = records["LapDistPct"].to_numpy().clip(0, 1)
    battery = FULL_J - LOST_J * (records["Lap"].to_numpy() - 5 + round_lap)
    return records.with_columns(
        EnergyERSBattery=battery,
        EnergyERSBatteryPct=battery / FULL_J,
        EnergyBatteryToMGU_KLap=DEPLOYED_J * round_lap,
    )


def laps_of(records: pl.DataFrame, car: Power) -> pl.DataFrame:
    return lap_energy(records, find_laps(records, session_key="s", start=START), car)


@pytest.mark.parametrize("name", ["EnergyERSBattery", "EnergyBatteryToMGU_KLap"])
@pytest.mark.parametrize("at", [0, 1683, 2200, -3])
def test_a_wrong_record_changes_no_energy(name: str, at: int) -> None:
    """By more than what its few records hold."""
    records = hybrid()
    car = power({"DriverCarIsElectric": 0}, records)
    values = records[name].to_numpy().copy()
    values[at : at + 3 if at >= 0 else None] = 0.0
    columns = [each for each in laps_of(records, car).columns if each.startswith("energy")]

    lying = laps_of(records.with_columns(pl.Series(name, values)), car).select(columns)
    for column in columns:
        true = laps_of(records, car)[column]
        assert lying[column].to_list() == pytest.approx(true.to_list(), abs=0.0015), column


def test_the_energy_of_a_simulated_race_is_what_the_battery_gave() -> None:
    plan = Plan(
        Session.RACE, laps=4, fuel_l=30.0, experience_laps=100, stops=(Stop(2, fuel_l=5.0),)
    )
    records, truth = simulate_session(
        CORVANE_HYBRID, MILLBROOK, plan, 4, columns=[*HYBRID_CHANNELS, *CHANNELS]
    )
    car = power({"DriverCarIsElectric": 0}, records)
    laps = laps_of(records, car)

    assert CORVANE_HYBRID.hybrid is not None
    assert car.capacity_kwh == pytest.approx(CORVANE_HYBRID.hybrid.battery_j / 3.6e6, rel=1e-6)
    assert laps["kind"].to_list() == [lap.kind for lap in truth.laps]
    for row, lap in zip(laps.rows(named=True), truth.laps, strict=True):
        assert lap.energy_deployed_j is not None
        assert lap.energy_used_j is not None
        # A record of the motor's power is 0.83 kJ; the ends of a lap are known to one each.
        assert row["energy_used_kwh"] * 3.6e6 == pytest.approx(lap.energy_used_j, abs=2e3)
        assert row["energy_deployed_kwh"] * 3.6e6 == pytest.approx(lap.energy_deployed_j, abs=2e3)
    assert sum(lap.energy_deployed_j or 0.0 for lap in truth.laps) > 1e6


def test_a_car_with_a_tank_alone_has_no_energy() -> None:
    records = drive(LAPS)
    laps = find_laps(records, session_key="s", start=START)

    assert power({"DriverCarFuelMaxKWh": 0, "DriverCarIsElectric": 0}, records) == Power()
    assert lap_energy(records, laps, Power()).equals(laps)


def test_a_hybrid_has_litres_and_energy() -> None:
    records = hybrid()
    car = power({"DriverCarIsElectric": 0}, records)
    laps = laps_of(records, car)
    timed = laps.filter(pl.col("kind") == "timed")

    assert car.source == "hybrid"
    assert car.capacity_kwh == pytest.approx(FULL_J / 3.6e6)
    assert timed["energy_used_kwh"].to_list() == pytest.approx([LOST_J / 3.6e6] * 4, rel=0.01)
    assert timed["energy_deployed_kwh"].to_list() == pytest.approx(
        [DEPLOYED_J / 3.6e6] * 4, rel=0.01
    )
    use = energy_use(fuel_laps(laps))
    assert use is not None
    assert use.laps == 4
    assert use.used_kwh == pytest.approx(LOST_J / 3.6e6, rel=0.01)
    assert fuel_use(fuel_laps(laps)) is not None


def test_an_electric_car_has_no_litres() -> None:
    records = drive(LAPS)
    share = np.linspace(1.0, 0.7, records.height)
    records = records.with_columns(FuelLevel=share * 90, FuelLevelPct=share)
    car = power(
        {"DriverCarIsElectric": 1, "DriverCarFuelMaxKWh": "100.000", "DriverCarMaxFuelPct": 0.9},
        records,
    )
    laps = laps_of(records, car)
    fuel = fuel_laps(laps)

    assert car == Power("electric", 90.0)
    assert laps["fuel_used_l"].null_count() == laps.height
    timed = laps.filter(pl.col("kind") == "timed")
    expected = 0.3 * 90 * 20.0 * 60 / records.height
    assert timed["energy_used_kwh"].to_list() == pytest.approx([expected] * 4, rel=0.01)
    assert fuel.filter(pl.col("condition") == "clean").height == 4
    left = timed["energy_end_kwh"][-1] / expected
    assert fuel["laps_left"][timed.height] == pytest.approx(left, rel=0.02)
    assert fuel_use(fuel) is None


def test_what_is_charged_in_the_pits_is_not_what_the_lap_took() -> None:
    records = hybrid()
    row = pl.int_range(pl.len())
    charged = records.with_columns(
        EnergyERSBattery=pl.col("EnergyERSBattery") + pl.when(row > 900).then(2e5).otherwise(0.0),
        OnPitRoad=row.is_between(880, 950),
    )
    laps = laps_of(charged, Power("hybrid", 1.1))

    assert laps["energy_used_kwh"].null_count() == 1


def test_damaged_values_are_no_energy() -> None:
    records = hybrid()
    row = pl.int_range(pl.len())
    spoilt = records.with_columns(
        EnergyERSBattery=pl.when(row % 7 == 0).then(float("inf")).otherwise(float("nan")),
        EnergyERSBatteryPct=pl.lit(0.5),
        EnergyBatteryToMGU_KLap=pl.lit(float("nan")),
    )
    car = power({}, spoilt)
    laps = laps_of(spoilt, car)

    assert car == Power("hybrid", None)
    for name in ("energy_used_kwh", "energy_deployed_kwh"):
        assert laps[name].null_count() == laps.height
