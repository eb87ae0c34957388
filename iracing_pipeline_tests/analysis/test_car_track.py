"""Figures of a car on a track over sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from iracing_pipeline.analysis import car_track
from iracing_pipeline.analysis.car_track import Driven, car_tracks, drivers, pooled_effects
from iracing_pipeline.tables.stints import STINT
from iracing_pipeline.tables.telemetry import TELEMETRY_SESSION
from iracing_pipeline_tests.recordings import START

if TYPE_CHECKING:
    from collections.abc import Sequence

EFFECT, FADING, BURNT, BASE = 0.03, 0.05, 2.5, 90.0


def session(number: int, clean: int, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "session_key": f"s{number}",
        "file_name": "",
        "start_time": START + timedelta(days=number),
        "tick_rate_hz": 60,
        "record_count": 1,
        "channel_count": 1,
        "ibt_version": 2,
        "closed": True,
        "track_id": 1,
        "track_name": "Somewhere",
        "car_id": 7,
        "car_name": "A car",
        "cust_id": 5,
        "fuel_tank_l": 60.0,
        "lap_count": clean,
        "timed_lap_count": clean,
        "clean_lap_count": clean,
    }
    return row | values


def laps(number: int, rng: np.random.Generator, *stints: tuple[int, float]) -> pl.DataFrame:
    """Stints of so many laps from so much fuel, each on new tyres."""
    rows: list[dict[str, Any]] = []
    own_pace = rng.normal(0.0, 1.0)
    for stint, (count, fuel) in enumerate(stints, start=1):
        for age in range(count):
            litres = fuel - BURNT * age
            noise = rng.normal(0.0, 0.15)
            rows.append(
                {
                    "session_key": f"s{number}",
                    "stint": stint,
                    "lap_number": len(rows) + 1,
                    "clean": True,
                    "lap_time_s": BASE + own_pace + EFFECT * litres + FADING * age + noise,
                    "fuel_start_l": litres,
                    "fuel_used_l": BURNT + rng.normal(0.0, 0.02),
                    "distance_m": 4000.0,
                    "track_wetness": 1,
                    "condition": "clean",
                    "set_lap": age,
                }
            )
    return pl.DataFrame(rows, schema=SCHEMA)


SCHEMA = {
    "session_key": pl.String,
    "stint": pl.Int32,
    "lap_number": pl.Int32,
    "clean": pl.Boolean,
    "lap_time_s": pl.Float64,
    "fuel_start_l": pl.Float64,
    "fuel_used_l": pl.Float64,
    "distance_m": pl.Float64,
    "track_wetness": pl.Int32,
    "condition": pl.String,
    "set_lap": pl.Int32,
}
NO_RACES = pl.DataFrame(
    schema={"track_id": pl.Int32, "races": pl.Int64, "laps": pl.Int64, "cautions": pl.Int64}
)


def season(seed: int, sessions: int = 4) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.concat(laps(n, rng, (12, 55.0), (10, 30.0)) for n in range(sessions))


def driven(own: pl.DataFrame, *rows: dict[str, Any], stints: Any = (), **more: Any) -> Driven:
    sessions = TELEMETRY_SESSION.frame(rows)
    return Driven(sessions, own, STINT.frame(stints), more.get("cautions", NO_RACES))


def stop(number: int, stint: int, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "session_key": f"s{number}",
        "stint": stint,
        "began": "pit_exit",
        "ended": "pit_stop",
        "start_time": START,
        "start_session_time_s": 0.0,
        "end_session_time_s": 1.0,
        "tyre_set": stint,
        "lap_count": 10,
        "timed_lap_count": 10,
        "clean_lap_count": 10,
        "trend_lap_count": 0,
    }
    return row | values


def test_sessions_together_tell_fuel_and_tyres_apart() -> None:
    effects = pooled_effects(season(1))

    assert effects is not None
    assert effects[0].value == pytest.approx(EFFECT, abs=0.01)
    assert effects[1].value == pytest.approx(FADING, abs=0.025)
    assert effects[0].count == 4 * (9 + 7)  # three laps of each set are cold


def faded(build_seasons: Sequence[str | None], *, last_laps: int = 22) -> dict[str, Any]:
    """A car on a track over sessions of some builds; tyres of 2026 S2 fade four times as fast."""
    own = season(1, len(build_seasons)).filter(
        (pl.col("session_key") != f"s{len(build_seasons) - 1}")
        | (pl.int_range(pl.len()).over("session_key") < last_laps)
    )
    new = [f"s{n}" for n, name in enumerate(build_seasons) if name == "2026 S2"]
    faster = pl.when(pl.col("session_key").is_in(new)).then(3 * FADING).otherwise(0.0)
    own = own.with_columns(pl.col("lap_time_s") + faster * pl.col("set_lap"))
    rows = [session(n, 22, build_season=name) for n, name in enumerate(build_seasons)]
    return car_tracks(driven(own, *rows)).row(0, named=True)


def test_tyres_of_two_seasons_of_builds_are_not_mixed() -> None:
    row = faded(["2026 S1"] * 4 + ["2026 S2"] * 4)

    assert (row["build_season"], row["other_season_session_count"]) == ("2026 S2", 4)
    assert row["degradation_s_per_lap"] == pytest.approx(4 * FADING, abs=0.03)
    assert (row["degradation_session_count"], row["fuel_lap_count"]) == (4, 8 * 22)
    assert any("4 sessions of other seasons" in words for words in row["unknown"])
    one = faded(["2026 S1"] * 4)
    assert one["other_season_session_count"] == 0
    assert not any("seasons" in words for words in one["unknown"])


def test_a_season_takes_over_when_it_has_laps_enough() -> None:
    assert faded(["2026 S1"] * 3 + ["2026 S2"], last_laps=4)["build_season"] == "2026 S1"
    assert faded(["2026 S1"] * 3 + ["2026 S2"], last_laps=5)["build_season"] == "2026 S2"
    assert faded([None, None, None])["build_season"] is None


def test_its_intervals_hold_what_is_true() -> None:
    held = np.zeros(2)
    for seed in range(400):
        effects = pooled_effects(season(seed, sessions=3))
        assert effects is not None
        held += [
            estimate.low <= true <= estimate.high
            for estimate, true in zip(effects, (EFFECT, FADING), strict=True)
        ]

    assert (held / 400 > 0.92).all()
    assert (held / 400 < 0.985).all()


def test_a_session_without_another_stint_tells_nothing_by_itself() -> None:
    rng = np.random.default_rng(3)

    assert pooled_effects(laps(1, rng, (20, 55.0))) is None
    assert pooled_effects(laps(1, rng, (4, 55.0))) is None
    assert pooled_effects(laps(1, rng).head(0)) is None
    without = season(1).with_columns(set_lap=pl.lit(None, pl.Int32))
    assert pooled_effects(without) is None


def test_a_short_lap_takes_more_of_them_to_warm_tyres() -> None:
    oval = season(1).with_columns(distance_m=pl.lit(1000.0))
    unknown = season(1).with_columns(distance_m=pl.lit(None, pl.Float64))

    assert [car_track.warm_laps(laps)["set_lap"].min() for laps in (oval, unknown)] == [6, 3]


def test_one_wild_lap_does_not_move_it() -> None:
    calm = season(5)
    wild = calm.with_columns(
        lap_time_s=pl.when(pl.int_range(pl.len()) == 7)
        .then(pl.col("lap_time_s") + 30)
        .otherwise("lap_time_s")
    )
    before, after = pooled_effects(calm), pooled_effects(wild)

    assert before is not None
    assert after is not None
    assert after[0].value == pytest.approx(before[0].value, abs=0.01)
    assert after[1].value == pytest.approx(before[1].value, abs=0.02)


def test_what_is_known_of_a_car_on_a_track() -> None:
    rows = [session(n, 22) for n in range(4)]
    stops = [
        stop(0, 1, pit_stop_s=45.0, pit_loss_s=40.0, stationary_s=15.0, fuel_added_l=24.0,
             refuel_s=10.0),
        stop(0, 2),
        stop(1, 1, pit_stop_s=43.0, pit_loss_s=38.0, stationary_s=13.0, fuel_added_l=30.0,
             refuel_s=12.5),
        stop(1, 2, tyre_set=1),
    ]  # fmt: skip
    cautions = NO_RACES.clear().extend(
        pl.DataFrame([(1, 4, 100, 5)], schema=NO_RACES.schema, orient="row")
    )
    table = car_tracks(driven(season(1), *rows, stints=stops, cautions=cautions))

    row = table.row(0, named=True)
    assert table.height == 1
    assert (row["session_count"], row["clean_lap_count"], row["fuel_lap_count"]) == (4, 88, 88)
    assert row["base_lap_s"] == pytest.approx(BASE, abs=1.5)
    assert row["lap_spread_s"] == pytest.approx(0.15, rel=0.3)
    assert row["fuel_p65_l"] == pytest.approx(BURNT, abs=0.05)
    assert row["tank_l"] == 60.0
    assert (row["pit_loss_s"], row["pit_stop_count"], row["pit_loss_from"]) == (25.0, 2, "this car")
    assert row["refuel_lps"] == pytest.approx(2.4)
    # Only the first stop brought other tyres, and stood longer than the fuel took.
    assert (row["tyre_change_s"], row["tyre_change_count"]) == (15.0, 1)
    assert row["caution_chance"] == pytest.approx(0.05)
    assert row["unknown"] == []


def test_another_car_lends_its_pit_loss_but_not_its_rig() -> None:
    stops = [stop(9, 1, pit_stop_s=45.0, pit_loss_s=40.0, stationary_s=15.0, fuel_added_l=24.0,
                  refuel_s=10.0)]  # fmt: skip
    rows = [*(session(n, 22) for n in range(4)), session(9, 0, car_id=8)]
    table = car_tracks(driven(season(1), *rows, stints=stops))

    row = table.row(0, named=True)
    assert (row["pit_loss_s"], row["pit_loss_from"]) == (25.0, "other cars on this track")
    assert row["refuel_lps"] is None
    assert any("refuelled" in words for words in row["unknown"])


def test_without_a_clean_lap_it_says_what_is_not_known() -> None:
    table = car_tracks(driven(season(1).clear(), session(1, 0, fuel_tank_l=None)))

    row = table.row(0, named=True)
    assert (row["clean_lap_count"], row["pace_lap_count"], row["fuel_lap_count"]) == (0, 0, 0)
    assert row["base_lap_s"] is row["fuel_p65_l"] is row["pit_loss_s"] is None
    assert len(row["unknown"]) == 9


def test_wet_laps_are_in_no_figure_of_a_dry_race() -> None:
    wet = season(1).with_columns(condition=pl.lit("wet"))

    assert car_tracks(driven(wet, session(1, 22)))["clean_lap_count"][0] == 0


def test_sessions_without_car_or_track_are_left_out() -> None:
    assert car_tracks(driven(season(1), session(1, 22, track_id=None))).is_empty()


def test_figures_are_those_of_the_driver_of_most_laps() -> None:
    rows = [session(1, 22), session(2, 9, cust_id=6), session(3, 4, cust_id=None)]

    assert drivers(TELEMETRY_SESSION.frame(rows))["cust_id"].to_list() == [5]
    table = car_tracks(driven(season(1), *rows))
    assert (table["session_count"][0], table["clean_lap_count"][0]) == (1, 22)
    nobody = drivers(TELEMETRY_SESSION.frame([session(1, 22, cust_id=None)]))
    assert nobody["cust_id"].to_list() == [None]
    expected = car_tracks(driven(season(1), session(1, 22, cust_id=None)))
    assert expected["clean_lap_count"][0] == 22


def test_noise_below_zero_is_no_gain() -> None:
    assert [car_track.assumed(value) for value in (None, -0.1, 0.2)] == [0.0, 0.0, 0.2]
