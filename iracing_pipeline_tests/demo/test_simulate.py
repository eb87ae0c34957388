"""Records of simulated sessions look as iRacing's do, and agree with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.demo.car import CORVANE_GT3, FORMULA_VALE, TRIPLE_CROWN_STOCK
from iracing_pipeline.demo.channels import channels_of
from iracing_pipeline.demo.circuits import COPPER_BASIN, HALDEN_RIDGE, MILLBROOK
from iracing_pipeline.demo.driver import Driver
from iracing_pipeline.demo.plan import (
    Contact,
    Ending,
    OffTrack,
    Plan,
    Reset,
    Session,
    Spin,
    Stop,
)
from iracing_pipeline.demo.simulate import simulate_session

if TYPE_CHECKING:
    from iracing_pipeline.demo.truth import SessionTruth

Simulated = tuple[pl.DataFrame, "SessionTruth"]

GT3_RACE = Plan(
    Session.RACE,
    laps=4,
    fuel_l=14.0,
    stops=(Stop(2, fuel_l=8.0),),
    mishaps=(OffTrack(1, 4), Spin(4, 7)),
    dropped_ticks=2,
    clock_slips=2,
    positions=(5, 4, 8, 7, 6),
)
OVAL_RESET = Plan(
    Session.PRACTICE,
    laps=6,
    fuel_l=20.0,
    mishaps=(Contact(2, 0),),
    resets=(Reset(3, 0.6),),
    ending=Ending.TRACK,
)


@pytest.fixture(scope="module")
def race() -> Simulated:
    return simulate_session(CORVANE_GT3, HALDEN_RIDGE, GT3_RACE, seed=4)


@pytest.fixture(scope="module")
def reset() -> Simulated:
    return simulate_session(TRIPLE_CROWN_STOCK, COPPER_BASIN, OVAL_RESET, seed=5)


@pytest.fixture(scope="module")
def both(race: Simulated, reset: Simulated) -> list[Simulated]:
    return [race, reset]


def driven(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the rows in which iRacing puts the car down."""
    return frame.filter(pl.col("PlayerTrackSurface") != -1)


def test_the_same_seed_gives_the_same_session(reset: Simulated) -> None:
    again = simulate_session(TRIPLE_CROWN_STOCK, COPPER_BASIN, OVAL_RESET, seed=5)
    other = simulate_session(TRIPLE_CROWN_STOCK, COPPER_BASIN, OVAL_RESET, seed=6)
    assert again[0].equals(reset[0])
    assert again[1] == reset[1]
    assert not other[0].equals(reset[0])


def test_every_channel_is_there_with_its_type(race: Simulated) -> None:
    channels = channels_of(CORVANE_GT3)
    assert dict(race[0].schema) == {c.name: c.dtype for c in channels}
    assert not any(race[0].null_count().row(0))


def test_all_numbers_are_finite(both: list[Simulated]) -> None:
    for frame, _ in both:
        floats = frame.select(pl.selectors.float())
        assert all(floats.select(pl.all().is_finite().all()).row(0))


def test_a_few_columns_are_those_of_all(race: Simulated) -> None:
    few = ["SessionTime", "Speed", "LFtempM", "SteeringWheelTorque_ST"]
    frame, truth = simulate_session(CORVANE_GT3, HALDEN_RIDGE, GT3_RACE, seed=4, columns=few)
    assert set(frame.columns) == set(few)
    assert frame.equals(race[0].select(frame.columns))
    assert truth == race[1]


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(ValueError, match=r"records no channel .*Sped"):
        simulate_session(FORMULA_VALE, MILLBROOK, OVAL_RESET, seed=1, columns=["Sped"])


def test_a_plan_that_runs_out_of_fuel_is_refused() -> None:
    with pytest.raises(ValueError, match="not enough"):
        simulate_session(FORMULA_VALE, MILLBROOK, Plan(Session.PRACTICE, 9, 1.0), seed=1)


def test_lap_counts_up_where_the_distance_wraps(both: list[Simulated]) -> None:
    for frame, truth in both:
        ordered = driven(frame)
        new_lap = ordered["Lap"].diff().fill_null(0) == 1
        wrap = (ordered["LapDistPct"].diff().fill_null(0) < -0.8) & ~new_lap
        # The line after the green counts lap 1 of a race, which began before it.
        counting = sum(lap.kind == "start" for lap in truth.laps)
        assert new_lap.sum() == counting + sum(lap.end_s is not None for lap in truth.laps)
        assert ordered.filter(new_lap)["LapDistPct"].max() < 0.02  # type: ignore[operator]
        assert wrap.sum() == 0
        assert (ordered["LapCompleted"] == ordered["Lap"] - 1).all()


def test_the_way_driven_is_the_integral_of_speed(both: list[Simulated]) -> None:
    for frame, _ in both:
        ordered = driven(frame).with_columns(
            step=pl.col("SessionTick").diff().over("Lap") / 60,
            moved=pl.col("LapDist").diff().over("Lap"),
        )
        # A reset moves the car without driving.
        on = ordered.filter(pl.col("moved").abs() < 4)
        assert (on["Speed"] * on["step"]).sum() == pytest.approx(on["moved"].sum(), rel=0.002)


def test_lap_times_arrive_late_and_the_clock_with_them(both: list[Simulated]) -> None:
    for frame, truth in both:
        times = frame["LapLastLapTime"]
        for lap in truth.laps:
            if lap.end_s is None or lap.official_s is None or not lap.shown:
                continue
            crossed = int((frame["SessionTime"] <= lap.end_s).sum())
            shown = next(i for i in range(crossed, frame.height) if times[i] != times[crossed - 1])
            assert 5 <= shown - crossed <= 113
            assert times[shown] == pytest.approx(lap.official_s, abs=1e-5)
            elapsed = frame["SessionTime"][shown] - lap.end_s
            assert frame["LapCurrentLapTime"][shown] == pytest.approx(elapsed, abs=1e-5)
            running_on = frame["LapCurrentLapTime"][shown - 1]
            assert running_on == pytest.approx(lap.official_s + elapsed, abs=0.04)


def test_official_times_are_to_the_microsecond(both: list[Simulated]) -> None:
    for frame, truth in both:
        shown = {round(t, 4) for t in frame["LapLastLapTime"].unique() if t > 0}
        exact = {
            round(lap.lap_time_s, 4)
            for lap in truth.laps
            if lap.lap_time_s and lap.official_s and lap.shown
        }
        assert len(shown) == len(exact)
        assert sorted(shown) == pytest.approx(sorted(exact), abs=1.1e-4)


def test_the_lap_of_a_reset_and_of_a_contact_in_practice_do_not_count(reset: Simulated) -> None:
    frame, truth = reset
    assert [(lap.number, lap.kind, lap.official_s is None) for lap in truth.laps] == [
        (0, "out", True),
        (1, "timed", False),
        (2, "timed", True),
        (3, "reset", True),
        (3, "out", True),
        (4, "timed", False),
        (5, "timed", False),
        (6, "timed", False),
        (7, "partial", True),
    ]
    assert (frame["LapLastLapTime"] == -1).any()


def test_a_reset_puts_the_car_in_its_stall_with_fuel_and_tyres(reset: Simulated) -> None:
    frame, truth = reset
    first, glitch = truth.glitch_records
    assert first == 0
    for row in (first, glitch):
        loading = frame.row(row, named=True)
        assert loading["Lap"] == loading["LapDistPct"] == loading["Lat"] == loading["Alt"] == 0
        assert loading["PlayerTrackSurface"] == -1
        assert not loading["OnPitRoad"]
        assert loading["EnterExitReset"] == 0
    before, after = frame.row(glitch - 1, named=True), frame.row(glitch + 1, named=True)
    stall = COPPER_BASIN.pit.stall_m
    assert before["Lap"] == after["Lap"] == 3
    assert after["LapDist"] == pytest.approx(stall, abs=COPPER_BASIN.spacing_m)
    assert after["PlayerCarInPitStall"]
    assert after["FuelLevel"] == pytest.approx(OVAL_RESET.fuel_l, abs=0.01)
    assert before["FuelLevel"] < OVAL_RESET.fuel_l - 1
    assert after["LFodometer"] == pytest.approx(0.0, abs=0.1)
    # The lap clock runs on.
    clocks = frame["LapCurrentLapTime"][glitch - 1 : glitch + 2].diff().drop_nulls()
    assert clocks.to_list() == pytest.approx([1 / 60, 1 / 60], abs=1e-4)


def test_a_dropped_tick_misses_a_record_and_a_clock_slip_does_not(race: Simulated) -> None:
    frame, truth = race
    steps = frame.select(pl.col("SessionTick", "SessionTime").diff())
    late = np.flatnonzero(steps["SessionTime"].fill_null(0).to_numpy() > 0.025)
    assert sorted(late) == sorted([*truth.dropped_before, *truth.slipped_at])
    for row in truth.dropped_before:
        assert steps["SessionTick"][row] == 2
    for row in truth.slipped_at:
        assert steps["SessionTick"][row] == 1
    assert len(truth.dropped_before) == len(truth.slipped_at) == 2
    assert steps["SessionTime"].drop_nulls().to_numpy() == pytest.approx(1 / 60, abs=0.0168)


def test_the_last_of_the_360_hz_samples_is_the_record(race: Simulated) -> None:
    last = race[0]["SteeringWheelTorque_ST"].arr.get(5)
    assert last.equals(race[0]["SteeringWheelTorque"], check_names=False)
    assert race[0]["SteeringWheelTorque_ST"].arr.n_unique().max() == 6


def test_fuel_flow_adds_up_to_the_fuel_that_is_gone(both: list[Simulated]) -> None:
    for frame, truth in both:
        kg_per_hour = float(frame["FuelUsePerHour"].cast(pl.Float64).sum())
        used = kg_per_hour / 3600 / 60 / 0.75
        assert used == pytest.approx(sum(lap.fuel_used_l for lap in truth.laps), rel=0.03)


def test_carcass_and_tread_change_only_where_the_crew_measures(race: Simulated) -> None:
    frame, truth = race
    measured = frame.select(pl.struct("LFtempCM", "LFwearM").rle_id().diff().fill_null(0) > 0)
    at = frame.filter(measured.to_series())
    assert at.height == 3  # stops in the stall, leaves it on new tyres, stops there at the end
    assert at["OnPitRoad"].all()
    worn, fresh, _ = at["LFwearM"]
    assert worn < 1.0
    assert fresh == pytest.approx(1.0, abs=1e-4)
    assert frame["LFtempM"].n_unique() > frame.height // 2
    assert len(truth.stops) == 1


def test_nobody_speeds_on_pit_road(both: list[Simulated]) -> None:
    for (frame, _), circuit in zip(both, (HALDEN_RIDGE, COPPER_BASIN), strict=True):
        lane = driven(frame).filter("OnPitRoad")
        assert lane.height > 100
        assert lane["Speed"].max() <= circuit.pit.speed_limit_mps  # type: ignore[operator]


def test_a_stop_costs_the_time_and_brings_the_fuel_that_it_should(race: Simulated) -> None:
    frame, truth = race
    (stop,) = truth.stops
    stall = frame.filter(
        pl.col("PlayerCarInPitStall") & pl.col("SessionTime").is_between(stop.entry_s, stop.exit_s)
    )
    assert stall.height / 60 == pytest.approx(stop.stationary_s, abs=0.05)
    assert stall["FuelLevel"][-1] - stall["FuelLevel"][0] == pytest.approx(8.0, abs=0.02)
    assert stop.stationary_s < stop.loss_s < stop.exit_s - stop.entry_s


def test_incidents_are_counted_where_they_happen(race: Simulated) -> None:
    frame, truth = race
    count = frame["PlayerCarMyIncidentCount"]
    assert [incident.points for incident in truth.incidents] == [1, 2]
    assert count[-1] == 3
    for incident in truth.incidents:
        row = int((frame["SessionTime"] <= incident.session_time_s).sum())
        assert count[row + 2] - count[row - 2] == incident.points
    off = frame.filter(pl.col("PlayerTrackSurface") == 0)
    assert off["Lap"].unique().to_list() == [1]
    assert set(off["PlayerTrackSurfaceMaterial"]) == {15}


def test_a_mishap_before_a_reset_does_not_happen_again_after_it() -> None:
    plan = Plan(
        Session.PRACTICE,
        laps=2,
        fuel_l=9.0,
        mishaps=(Spin(1, 0),),
        resets=(Reset(1, 0.7),),
        ending=Ending.TRACK,
    )
    frame, truth = simulate_session(
        TRIPLE_CROWN_STOCK, COPPER_BASIN, plan, seed=1, columns=["PlayerCarMyIncidentCount"]
    )
    assert len(truth.incidents) == 1
    assert frame["PlayerCarMyIncidentCount"][-1] == 2


def test_a_race_tells_its_state_and_position(race: Simulated) -> None:
    frame, _ = race
    by_lap = frame.filter(pl.col("LapDistPct") > 0.9).group_by("Lap", maintain_order=True).last()
    assert by_lap["PlayerCarPosition"].to_list() == list(GT3_RACE.positions)
    states = frame.select("Lap", "SessionState").unique(maintain_order=True).rows()
    assert states == [(0, 3), (0, 4), (1, 4), (2, 4), (3, 4), (4, 4), (5, 5)]


def test_instruments_agree_with_each_other(race: Simulated) -> None:
    frame = driven(race[0]).filter((pl.col("Speed") > 15) & (pl.col("Lap") == 3))
    speed = frame["Speed"].to_numpy().astype(float)
    yaw_rate = frame["YawRate"].to_numpy()
    heading = np.unwrap(frame["Yaw"].to_numpy())
    assert np.corrcoef(np.gradient(heading) * 60, yaw_rate)[0, 1] > 0.98
    assert np.corrcoef(speed * yaw_rate, frame["LatAccel"].to_numpy())[0, 1] > 0.98
    assert np.corrcoef(np.gradient(speed) * 60, frame["LongAccel"].to_numpy())[0, 1] > 0.95
    assert np.corrcoef(yaw_rate, frame["SteeringWheelAngle"].to_numpy())[0, 1] > 0.9
    east = np.radians(frame["Lon"].to_numpy()) * 6_371_008.8 * np.cos(np.radians(47.42))
    north = np.radians(frame["Lat"].to_numpy()) * 6_371_008.8
    way = np.hypot(np.diff(east), np.diff(north)).sum()
    assert way == pytest.approx((speed / 60).sum(), rel=0.02)
    offset = frame["Yaw"].to_numpy() + frame["YawNorth"].to_numpy()
    expected = HALDEN_RIDGE.place.north_offset_rad
    assert np.cos(offset - expected) == pytest.approx(1.0, abs=1e-5)


def test_pedals_and_gears_are_what_a_driver_does(race: Simulated) -> None:
    frame = driven(race[0]).filter(pl.col("Speed") > 20)
    assert frame.filter((pl.col("Throttle") > 0.5) & (pl.col("Brake") > 0.5)).height == 0
    assert frame.filter(pl.col("Throttle") > 0.98).height > 0.3 * frame.height
    assert 4 <= frame["Gear"].n_unique() <= 6
    assert frame["RPM"].max() <= CORVANE_GT3.engine.red_line_rpm + 20  # type: ignore[operator]
    shifts = (frame["Gear"].diff().fill_null(0) != 0).sum()
    assert shifts < 40 * 6  # about 25 a lap: it does not hunt


def test_fuel_and_tyres_cost_what_the_truth_says() -> None:
    steady = Driver(scatter=0.0, braking_scatter=0.0, learning=0.0)
    plan = Plan(Session.PRACTICE, laps=14, fuel_l=60.0, ending=Ending.TRACK)
    _, truth = simulate_session(
        CORVANE_GT3, HALDEN_RIDGE, plan, seed=1, driver=steady, columns=["SessionTime"]
    )
    laps = [lap for lap in truth.laps if lap.clean and lap.tyre_km > 12]
    times = np.array([lap.lap_time_s for lap in laps], dtype=float)
    gain = np.polyfit(np.arange(len(laps)), times, 1)[0]
    law = truth.law
    expected = law.seconds_per_tyre_lap - law.seconds_per_litre * law.fuel_l_per_lap
    assert gain == pytest.approx(expected, abs=0.01)
    burnt = np.mean([lap.fuel_used_l for lap in laps])
    assert burnt == pytest.approx(law.fuel_l_per_lap, rel=0.01)


def test_a_driver_gets_faster_as_he_learns() -> None:
    plan = Plan(Session.PRACTICE, laps=12, fuel_l=30.0, ending=Ending.TRACK)
    _, truth = simulate_session(
        TRIPLE_CROWN_STOCK, COPPER_BASIN, plan, seed=2, columns=["SessionTime"]
    )
    times = [lap.lap_time_s for lap in truth.laps if lap.kind == "timed" and lap.lap_time_s]
    assert np.mean(times[-4:]) < np.mean(times[:3]) - 0.1


def test_corner_times_lie_where_the_driver_is_weak() -> None:
    weak = Driver(scatter=0.0, learning=0.0, weak_corners={"Weir": 0.05})
    even = Driver(scatter=0.0, learning=0.0, weak_corners={})
    plan = Plan(Session.PRACTICE, laps=3, fuel_l=6.0, ending=Ending.TRACK)
    slow, fast = (
        simulate_session(FORMULA_VALE, MILLBROOK, plan, 3, driver=d, columns=["Lap"])[1].laps[3]
        for d in (weak, even)
    )
    lost = np.subtract(slow.corner_times_s, fast.corner_times_s)  # type: ignore[arg-type]
    names = [corner.name for corner in MILLBROOK.corners]
    assert names[int(np.argmax(lost))] == "Weir"
    assert lost.max() > 0.1
