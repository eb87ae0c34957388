"""Laps of fuel left, from drives whose use is known."""

from __future__ import annotations

from iracing_pipeline.metrics.live.fuel import FuelWatch


def drive(watch: FuelWatch, laps: range, fuel: float, per_lap: float, **how: bool) -> float:
    for lap in laps:
        for moment in range(10):
            watch.see(lap, fuel - per_lap * moment / 10, on_track=how.get("on_track", True))
        fuel -= per_lap
    return fuel


def test_nothing_is_known_before_a_whole_lap() -> None:
    watch = FuelWatch()
    drive(watch, range(2), 40, 2)

    assert watch.per_lap is None
    assert watch.laps_left(36) is None


def test_it_is_what_the_last_whole_laps_took() -> None:
    watch = FuelWatch()
    left = drive(watch, range(4), 40, 2)

    assert watch.per_lap == 2
    assert watch.laps_left(left) == left / 2


def test_a_slow_lap_does_not_mislead() -> None:
    watch = FuelWatch()
    left = drive(watch, range(4), 40, 2)
    left = drive(watch, range(4, 5), left, 0.5)
    drive(watch, range(5, 8), left, 2)

    assert watch.per_lap == 2


def test_a_pit_stop_is_no_lap() -> None:
    watch = FuelWatch()
    left = drive(watch, range(3), 40, 2)
    watch.see(3, left, on_track=True)
    watch.see(3, left, on_track=False)
    drive(watch, range(4, 6), 60, 2)

    assert watch.per_lap == 2


def test_a_new_session_begins_anew_and_a_skipped_lap_counts_for_nothing() -> None:
    watch = FuelWatch()
    left = drive(watch, range(10, 12), 40, 2)
    watch.see(0, left, on_track=True)
    watch.see(5, left - 9, on_track=True)
    watch.see(6, left - 10, on_track=True)

    assert watch.per_lap == 1
