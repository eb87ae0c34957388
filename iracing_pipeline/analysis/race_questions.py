"""The what-if questions for every race of the driver, and their answers as rows.

At most `_MOST_MISTAKES` mistakes, the slowest stop, one stop fewer, the first stop `_STOP_MOVED`
laps earlier and later, and other places after lap 1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from iracing_pipeline.analysis import race_what_if
from iracing_pipeline.analysis.race_parts import MISTAKES, STOPS
from iracing_pipeline.analysis.race_what_if import WhatIfRefusedError
from iracing_pipeline.tables.race import RACE_WHAT_IF

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

    from iracing_pipeline.analysis import race_ledger
    from iracing_pipeline.analysis.race_what_if import Answer, Race
    from iracing_pipeline.analysis.samples import Floats

MISTAKE, SLOW_STOP, FEWER_STOPS, OTHER_LAP, START = (
    "mistake",
    "slow_stop",
    "fewer_stops",
    "stop_lap",
    "start",
)
_MOST_MISTAKES = 3
_LEAST_S = 1.0
_STOP_MOVED = 3
_START_PLACES = (1, 5)
_START_MOVED = 5

_Asked = tuple[str, str, int | None, Callable[[], "Answer"]]
"""Kind, question, lap of the change, and what answers it."""


def what_ifs(
    race: race_ledger.Race,
    group_id: int,
    subsession_id: int,
    simsession_number: int,
    changes: Mapping[int, float] | None = None,
) -> pl.DataFrame:
    """Rows of ``racing.race_what_if`` of one car.

    Args:
        race: All cars of the race.
        group_id: The car. It has no rows where it completed no lap.
        subsession_id: The race's subsession.
        simsession_number: Its simsession.
        changes: Change of the driver's iRating at each place in class; None where not known.
    """
    if group_id not in race.paces:
        return RACE_WHAT_IF.frame()
    key: dict[str, object] = {
        "subsession_id": subsession_id,
        "simsession_number": simsession_number,
        "group_id": group_id,
    }
    try:
        again = race_what_if.driven(race)
        race_what_if.place_after_lap_one(again, group_id)
    except WhatIfRefusedError as error:
        refused = {"question": "Any change", "kind": "any", "question_number": 1}
        return RACE_WHAT_IF.frame([{**key, **refused, "refused_for": _sentence(error)}])
    rows: list[dict[str, object]] = []
    for kind, question, lap, ask in _questions(again, group_id):
        row: dict[str, object] = {
            **key,
            "question": question,
            "kind": kind,
            "question_number": len(rows) + 1,
            "lap_number": lap,
        }
        try:
            row |= _answer_row(ask(), changes)
        except WhatIfRefusedError as error:
            row["refused_for"] = _sentence(error)
        rows.append(row)
    return RACE_WHAT_IF.frame(rows)


def _sentence(error: WhatIfRefusedError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]


def _questions(again: Race, car: int) -> Iterator[_Asked]:
    parts = again.race.parts(car, int(again.race.paces[car].car.lap[-1]))
    if MISTAKES in parts:
        items = [item for item in parts[MISTAKES].items if item["seconds"] >= _LEAST_S]
        items.sort(key=lambda item: -float(item["seconds"]))
        for item in items[:_MOST_MISTAKES]:
            lap, seconds = int(item["laps"][0]), float(item["seconds"])
            yield (
                MISTAKE,
                f"Without the {seconds:.1f} s lost on lap {lap} ({item['why']})",
                lap,
                partial(race_what_if.without_loss, again, car, lap, seconds),
            )
    yield from _slow_stop(again, car, parts[STOPS].items if STOPS in parts else ())
    stops = again.stops.get(car, ())
    if stops:
        yield from _other_stops(again, car, stops)
    yield from _starts(again, car)


def _slow_stop(again: Race, car: int, items: Sequence[dict[str, Any]]) -> Iterator[_Asked]:
    """The stop that cost most beyond the usual one, where the scatter does not explain it."""
    if not items or again.estimates.stops_seen <= len(items):
        return  # nobody else stopped
    worst = max(items, key=lambda item: float(item["seconds"]))
    usual = float(again.estimates.field.stop_s[0])
    extra = float(worst["seconds"]) - usual
    if extra < max(_LEAST_S, 2.0 * float(again.estimates.field.stop_spread_s[0])):
        return
    lap = int(worst["laps"][0])
    yield (
        SLOW_STOP,
        f"The stop on lap {lap} in the usual time, {extra:.1f} s less",
        lap,
        partial(race_what_if.without_loss, again, car, lap, extra),
    )


def _other_stops(again: Race, car: int, stops: tuple[int, ...]) -> Iterator[_Asked]:
    laps = int(again.race.paces[car].car.lap[-1])
    fewer = [tuple(lap for lap in stops if lap != left_out) for left_out in stops]
    best = min(fewer, key=lambda kept: race_what_if.longest_stint(kept, laps))
    gone = next(iter(set(stops) - set(best)))
    yield (
        FEWER_STOPS,
        f"Without the stop on lap {gone}",
        gone,
        partial(race_what_if.with_stops, again, car, best),
    )
    first, rest = stops[0], stops[1:]
    for lap in (first - _STOP_MOVED, first + _STOP_MOVED):
        if 1 < lap < min([*rest, laps]):
            way = "earlier" if lap < first else "later"
            yield (
                OTHER_LAP,
                f"First stop {_STOP_MOVED} laps {way}, on lap {lap}",
                lap,
                partial(race_what_if.with_stops, again, car, (lap, *rest)),
            )


def _starts(again: Race, car: int) -> Iterator[_Asked]:
    now = race_what_if.place_after_lap_one(again, car)
    class_id = again.race.paces[car].car.class_id
    cars = sum(pace.car.class_id == class_id for pace in again.race.paces.values())
    moved = (now - _START_MOVED, now + _START_MOVED)
    for place in sorted({*_START_PLACES, *moved} - {now}):
        if 1 <= place <= cars:
            yield (
                START,
                f"P{place} after lap 1, not P{now}",
                1,
                partial(race_what_if.from_place, again, car, place),
            )


def _answer_row(answer: Answer, changes: Mapping[int, float] | None) -> dict[str, object]:
    expected = _expected(answer.place_odds, changes)
    before = _expected(answer.odds_as_it_was, changes)
    return {
        "place": answer.place,
        "place_low": int(answer.place_low),
        "place_high": int(answer.place_high),
        "place_as_it_was": answer.place_as_it_was,
        "places_gained": answer.places_gained,
        "gained_s": answer.gained_s,
        "gained_low_s": answer.gained_low_s,
        "gained_high_s": answer.gained_high_s,
        "irating_change": expected,
        "irating_gained": None if expected is None or before is None else expected - before,
        "races": answer.races,
    }


def _expected(odds: Floats, changes: Mapping[int, float] | None) -> float | None:
    """Mean change over the places; None where one that may happen has no known change."""
    total = 0.0
    for place, chance in enumerate(odds.tolist(), start=1):
        if chance > 0:
            if not changes or place not in changes:
                return None
            total += chance * changes[place]
    return total
