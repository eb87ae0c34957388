"""Change of each driver's iRating at each finishing place of a race."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import irating
from iracing_pipeline.tables.race import IRATING_OUTCOME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iracing_pipeline.analysis.samples import Floats

_RACE = 5  # event type
_MAIN_EVENT = 0
_CAR = ("driver", "team")
_WHOLE = ("api", "event_result")  # sources that list every entry in its finishing place
_ENTRY_LIST = "ibt"  # lists the entries, in the order of when the file ended

NO_RATING = "the rating of an entry of the class is not known"
INCOMPLETE = "entries of the class are missing from the result"
NO_ORDER = "two entries of the class share a place"


@dataclass(frozen=True, slots=True)
class _Car:
    """One entry of a class.

    Attributes:
        row: Its row of ``racing.result``.
        drivers: Rows of its drivers with a rating.
        laps: Laps of each of them.
    """

    row: dict[str, Any]
    drivers: list[dict[str, Any]]
    laps: Floats

    @property
    def rating(self) -> float:
        """Rating that the entry counts with."""
        before = np.array([row["irating_before"] for row in self.drivers], np.float64)
        return irating.team_rating(before, self.laps)

    @property
    def completed(self) -> bool:
        """Whether it completed a lap; an entry whose laps are not known is taken to."""
        return self.row["laps_complete"] is None or self.row["laps_complete"] > 0


def outcomes(
    subsession: dict[str, Any], results: pl.DataFrame, classes: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Rows of ``racing.irating_outcome`` of one subsession.

    Only an official race changes ratings: all others have no rows. Entries without a driver are
    not counted, as iRacing does not count them either. The arithmetic needs every entry of a
    class and its rating; where one is missing, each driver of the class has one row without a
    change, and ``note`` says why.

    Args:
        subsession: Its row of ``racing.subsession``.
        results: Its rows of ``racing.result``.
        classes: Its rows of ``racing.subsession_class``, for the number of entries.
    """
    rated = subsession.get("official") is True and subsession.get("event_type") == _RACE
    if not rated or subsession.get("league_id") is not None:
        return IRATING_OUTCOME.frame()
    main = results.filter(simsession_number=_MAIN_EVENT)
    cars = main.filter(pl.col("kind").is_in(_CAR))
    counts = {} if classes is None else dict(classes.select("car_class_id", "entry_count").rows())
    source, total = subsession.get("source"), subsession.get("car_count")
    whole = source in _WHOLE or (source == _ENTRY_LIST and total == cars.height)
    rows: list[dict[str, object]] = []
    for (class_id,), entries in cars.group_by("car_class_id", maintain_order=True):
        count = counts.get(class_id) or 0
        complete = whole and entries.height >= count
        rows += _class_rows(entries, main, complete=complete, final=source != _ENTRY_LIST)
    return IRATING_OUTCOME.frame(rows)


def _class_rows(
    entries: pl.DataFrame, main: pl.DataFrame, *, complete: bool, final: bool
) -> list[dict[str, object]]:
    listed = entries.sort("finish_position_in_class", "group_id", nulls_last=True)
    every = [_car(row, main) for row in listed.rows(named=True)]
    cars = [car for car in every if car.drivers]
    note = _obstacle(cars) if complete else INCOMPLETE
    if note is None:
        return list(_rows(cars, final=final))
    return [
        {
            **_identity(car, driver),
            "place_in_class": car.row["finish_position_in_class"] or place,
            "finished_here": (car.row["finish_position_in_class"] is not None and final) or None,
            "note": note,
        }
        for place, car in enumerate(cars, start=1)
        for driver in car.drivers
        if driver["cust_id"] is not None
    ]


def _car(row: dict[str, Any], main: pl.DataFrame) -> _Car:
    if row["kind"] == "driver":
        return _Car(row, [row], np.ones(1))
    drivers = main.filter(kind="team_driver", group_id=row["group_id"]).sort("participant_id")
    rows = drivers.rows(named=True)
    return _Car(row, rows, np.array([each["laps_complete"] or 0 for each in rows], np.float64))


def _obstacle(cars: list[_Car]) -> str | None:
    """Why the arithmetic cannot be applied to the entries of a class; None where it can."""
    if any(row["irating_before"] is None for car in cars for row in car.drivers):
        return NO_RATING
    places = [car.row["finish_position_in_class"] for car in cars]
    given = [place for place in places if place is not None]
    return NO_ORDER if len(set(given)) < len(given) else None


def _rows(cars: list[_Car], *, final: bool) -> Iterator[dict[str, object]]:
    count = len(cars)
    ratings = np.array([car.rating for car in cars])
    expected = irating.expected_scores(ratings)
    actual = irating.changes(ratings, np.array([car.completed for car in cars]))
    places = np.arange(1.0, count + 1)
    finished = final and all(car.row["finish_position_in_class"] is not None for car in cars)
    for at, car in enumerate(cars):
        by_place = irating.change_at(places, float(expected[at]), count)
        if finished and not car.completed:
            by_place[at] = actual[at]
        shares = irating.driver_shares(car.laps)
        for driver, share in zip(car.drivers, shares.tolist(), strict=True):
            identity = _identity(car, driver)
            after, before = driver["irating_after"], driver["irating_before"]
            for place, change in enumerate((by_place * share).tolist(), start=1):
                here = finished and place == at + 1
                yield {
                    **identity,
                    "place_in_class": place,
                    "finished_here": here if finished else None,
                    "irating_change": change,
                    "official_change": after - before if here and after is not None else None,
                    "place_value": irating.place_value(count) * share,
                    "car_rating": float(ratings[at]),
                    "expected_score": float(expected[at]),
                    "entry_count": count,
                    "lap_share": share,
                }


def _identity(car: _Car, driver: dict[str, Any]) -> dict[str, object]:
    return {
        "subsession_id": car.row["subsession_id"],
        "simsession_number": car.row["simsession_number"],
        "group_id": car.row["group_id"],
        "cust_id": driver["cust_id"],
        "car_class_id": car.row["car_class_id"],
        "irating_before": driver["irating_before"],
        "completed": car.completed,
    }
