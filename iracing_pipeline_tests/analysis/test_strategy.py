from dataclasses import replace
from itertools import combinations

import pytest

from iracing_pipeline.analysis.strategy import Assumptions, plans, simulate

RACE = Assumptions(
    laps=40,
    base_lap_s=90.0,
    fuel_per_lap_l=2.5,
    tank_l=60.0,
    pit_loss_s=25.0,
    refuel_lps=2.5,
    tyre_change_s=12.0,
    fuel_effect_s_per_l=0.03,
    degradation_s_per_lap=0.05,
)


def by_lap(a: Assumptions, stints: tuple[int, ...], fuel: float) -> float:
    """The race driven lap by lap: the oracle."""
    total, level = 0.0, fuel
    for number, laps in enumerate(stints):
        if number:
            taken = max(laps * a.fuel_per_lap_l + a.reserve_l - level, 0.0)
            total += a.pit_loss_s + max(taken / a.refuel_lps, a.tyre_change_s)
            level += taken
        for age in range(laps):
            total += a.base_lap_s + a.fuel_effect_s_per_l * level + a.degradation_s_per_lap * age
            level -= a.fuel_per_lap_l
    return total


def test_plans_are_timed_as_if_driven_lap_by_lap() -> None:
    for plan in plans(RACE):
        assert sum(plan.stints) == 40
        assert plan.total_s == pytest.approx(by_lap(RACE, plan.stints, plan.fuel_l[0]), abs=1e-6)


def test_fewest_stops_are_what_the_tank_asks_for() -> None:
    assert min(plan.stops for plan in plans(RACE)) == 1
    assert min(plan.stops for plan in plans(replace(RACE, laps=24))) == 0
    assert min(plan.stops for plan in plans(replace(RACE, laps=25))) == 1
    assert min(plan.stops for plan in plans(replace(RACE, laps=24, start_fuel_l=30.0))) == 1


def test_worse_tyres_ask_for_more_stops() -> None:
    gentle, hard = (plans(replace(RACE, degradation_s_per_lap=d))[0] for d in (0.02, 0.6))

    assert gentle.stops == 1
    assert hard.stops > gentle.stops


def test_no_division_of_the_laps_beats_even_stints() -> None:
    small = replace(RACE, laps=12, tank_l=20.0, fuel_effect_s_per_l=0.0, refuel_lps=1e6)
    for plan in plans(small):
        cuts = combinations(range(1, 12), plan.stops)
        stints = [tuple(b - a for a, b in zip((0, *cut), (*cut, 12), strict=True)) for cut in cuts]
        fitting = [each for each in stints if max(each) <= small.stint_laps]
        best = min(by_lap(small, each, 20.0) for each in fitting)
        assert by_lap(small, plan.stints, 20.0) == pytest.approx(best)


def test_windows_are_what_the_fuel_allows() -> None:
    plan = next(plan for plan in plans(RACE) if plan.stops == 1)

    # A tank lasts 24 laps: not before lap 16, not after lap 24.
    assert (plan.windows[0].first, plan.windows[0].last) == (16, 24)
    two = next(plan for plan in plans(replace(RACE, laps=60)) if plan.stops == 2)
    assert [(w.first, w.last) for w in two.windows] == [(12, 24), (36, 48)]


def test_luck_is_reproducible_and_leaves_a_clear_case_clear() -> None:
    made_plans = plans(RACE)
    noisy = replace(RACE, spread_s=0.4, caution_chance=0.01, caution_lap_s=30.0)
    odds = simulate(noisy, made_plans, races=500, seed=4)

    assert odds == simulate(noisy, made_plans, races=500, seed=4)
    assert sum(each.best_share for each in odds) == pytest.approx(1.0)
    assert odds[0].plan == made_plans[0]
    assert odds[0].low_s < odds[0].median_s < odds[0].high_s
    assert simulate(noisy, [], seed=4) == []


def test_cautions_favour_the_plan_that_stops_more() -> None:
    close = replace(RACE, degradation_s_per_lap=0.28)
    calm = simulate(close, plans(close), races=800, seed=1)
    wild_race = replace(close, caution_chance=0.08, caution_pit_gain=0.9)
    wild = simulate(wild_race, plans(wild_race), races=800, seed=1)

    stops = [sum(each.best_share * each.plan.stops for each in odds) for odds in (calm, wild)]
    assert stops[1] > stops[0]


@pytest.mark.parametrize("change", [{"laps": 0}, {"tank_l": 1.0}])
def test_what_cannot_be_raced_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a lap to race"):
        plans(replace(RACE, **change))  # type: ignore[arg-type]
