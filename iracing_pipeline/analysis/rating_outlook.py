"""Forecast of each rating of a member, and the clean driving that the next licence needs.

From the change of each race where results are known; without results from how the rating was seen
to change from session to session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.analysis import rating_forecast
from iracing_pipeline.analysis.rating_forecast import (
    FEWEST_FOR_CLEANNESS,
    FEWEST_RACES,
    WINDOW,
    Field,
)
from iracing_pipeline.tables.ratings import RATING_FORECAST, RATING_TARGET

if TYPE_CHECKING:
    from iracing_pipeline.analysis.samples import Floats

AHEAD = (5, 10, 20)
"""Races that are looked ahead."""
IRATING, SAFETY_RATING = "irating", "safety_rating"
# At which the next licence is given at once, by iRacing's rules: a Rookie's at 3.00.
_AT_ONCE = {"R": 3.0}
_AT_ONCE_OF_OTHERS = 4.0
_LICENCES_TO_GAIN = ("R", "D", "C", "B")
_NO_LONGER = 2  # Road, which Sports Car and Formula Car carry on
_HIGHEST = {IRATING: None, SAFETY_RATING: 4.99}


@dataclass(frozen=True, slots=True)
class Line:
    """A rating after each of some races.

    Attributes:
        levels: The rating after each, in order of time.
        basis: ``results``, or ``observations`` where races are not known one by one.
    """

    levels: Floats
    basis: str


def forecasts(history: pl.DataFrame, fields: pl.DataFrame | None = None) -> pl.DataFrame:
    """Rows of ``racing.rating_forecast``; none of a rating with fewer than eight changes.

    Args:
        history: Rows of ``racing.rating_history``.
        fields: One row a rated race whose field is known: ``cust_id``, ``category_id``,
            ``end_time``, ``place`` in class and ``others``, the iRating of the others in it.
    """
    rows = [
        row
        for (cust_id, category_id), points in _by_category(history)
        for name in (IRATING, SAFETY_RATING)
        for row in _forecast(
            points,
            name,
            {"cust_id": cust_id, "category_id": category_id},
            _fields(fields, cust_id, category_id) if name == IRATING else [],
        )
    ]
    return RATING_FORECAST.frame(rows)


def _fields(fields: pl.DataFrame | None, cust_id: object, category_id: object) -> list[Field]:
    """The last races of a member and category whose fields are known."""
    if fields is None:
        return []
    own = fields.filter(cust_id=cust_id, category_id=category_id).sort("end_time")
    return [
        Field(place, np.array(others, np.float64))
        for place, others in own.select("place", "others").tail(WINDOW).rows()
    ]


def targets(history: pl.DataFrame, races: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``racing.rating_target`` of each category with a licence that can be gained.

    Args:
        history: Rows of ``racing.rating_history``.
        races: One row a race: ``cust_id``, ``category_id``, ``end_time``, ``corners`` (corners
            driven), ``incidents`` and ``change`` of the Safety Rating, null where the class
            changed.
    """
    rows = []
    for (cust_id, category_id), points in _by_category(history):
        own = races.filter(cust_id=cust_id, category_id=category_id).drop_nulls(
            ["corners", "incidents"]
        )
        now = points.drop_nulls(["safety_rating", "licence_class"]).tail(1)
        if now.is_empty() or now["licence_class"][0] not in _LICENCES_TO_GAIN:
            continue
        key = {"cust_id": cust_id, "category_id": category_id}
        rows += _targets(now.row(0, named=True), own, key)
    return RATING_TARGET.frame(rows)


def _by_category(history: pl.DataFrame) -> list[tuple[tuple[Any, ...], pl.DataFrame]]:
    current = history.filter(pl.col("category_id") != _NO_LONGER)
    ordered = current.sort("cust_id", "category_id", "observed_at", "source")
    return list(ordered.group_by("cust_id", "category_id", maintain_order=True))


def _forecast(
    points: pl.DataFrame, name: str, key: dict[str, Any], fields: list[Field]
) -> list[dict[str, Any]]:
    seen = points.drop_nulls(name)
    if seen.is_empty():
        return []
    now = seen.row(-1, named=True)
    estimates = line(points, name, float(now[name]))
    step = rating_forecast.change_in_fields(fields, float(now[name]))
    if step is not None:
        basis = "fields"
        ahead = rating_forecast.forecast_in_fields(fields, float(now[name]), races=AHEAD)
    else:
        basis = estimates.basis
        step = rating_forecast.change_per_race(estimates.levels)
        ahead = rating_forecast.forecast(estimates.levels, races=AHEAD)
    if step is None:
        return []
    highest = _HIGHEST[name]
    return [
        {
            **key,
            "rating": name,
            "races": each.races,
            "value": _within(each.value, highest),
            "low": _within(each.low, highest),
            "high": _within(each.high, highest),
            "present": float(now[name]),
            "present_at": now["observed_at"],
            "licence_class": now["licence_class"],
            "change_per_race": step.value,
            "change_low": step.low,
            "change_high": step.high,
            "race_count": step.count,
            "basis": basis,
        }
        for each in ahead
    ]


def line(points: pl.DataFrame, name: str, now: float) -> Line:
    """The rating after each race, ending at what it is now.

    Args:
        points: Rows of ``racing.rating_history`` of one member and category, in order of time.
        name: ``irating`` or ``safety_rating``.
        now: What it is now.
    """
    changes = points.filter(source="result").get_column(f"{name}_change").drop_nulls().to_numpy()
    if len(changes) >= FEWEST_RACES:
        since = np.concatenate(([0.0], np.cumsum(changes.astype(np.float64))))
        return Line(now - since[-1] + since, "results")
    seen = points.drop_nulls(name)
    if name == SAFETY_RATING:  # the number restarts with each class
        seen = seen.filter(pl.col("licence_class") == seen["licence_class"][-1])
    levels = seen.get_column(name).to_numpy().astype(np.float64)
    moved = np.concatenate(([True], np.diff(levels) != 0))
    return Line(levels[moved], "observations")


def _within(value: float, highest: float | None) -> float:
    return max(value, 0.0) if highest is None else float(np.clip(value, 0.0, highest))


def _targets(now: dict[str, Any], races: pl.DataFrame, key: dict[str, Any]) -> list[dict[str, Any]]:
    driven = races.sort("end_time")
    per_incident = rating_forecast.corners_per_incident(
        driven.get_column("corners").to_numpy().astype(np.float64),
        driven.get_column("incidents").to_numpy().astype(np.float64),
    )
    changes = driven.get_column("change").cast(pl.Float64).fill_null(float("nan")).to_numpy()
    change_count = int(np.isfinite(changes).sum())
    measured = rating_forecast.cleanness(per_incident, changes)
    target = _AT_ONCE.get(now["licence_class"], _AT_ONCE_OF_OTHERS)
    row: dict[str, Any] = {
        **key,
        "licence_class": now["licence_class"],
        "safety_rating": now["safety_rating"],
        "target_safety_rating": target,
        "race_count": change_count if measured is None else measured.races,
        "usual_corners_per_incident": float(np.median(per_incident)) if len(races) else None,
    }
    if measured is None:
        why = (
            f"{change_count} races whose change is known: it takes {FEWEST_FOR_CLEANNESS}"
            if change_count < FEWEST_FOR_CLEANNESS
            else "cleaner races are not known to have given more"
        )
        return [{**row, "races": ahead, "note": why} for ahead in AHEAD]
    row |= {
        "break_even_corners_per_incident": measured.break_even,
        "cleanest_corners_per_incident": measured.cleanest,
        "change_per_doubling": measured.change_per_doubling.value,
        "change_per_doubling_low": measured.change_per_doubling.low,
        "change_per_doubling_high": measured.change_per_doubling.high,
    }
    gap = max(target - now["safety_rating"], 0.0)
    rows = []
    for ahead in AHEAD:
        needed = measured.needed(gap, ahead)
        note = None if needed is not None else "it takes cleaner races than any that was driven"
        rows.append({**row, "races": ahead, "corners_per_incident": needed, "note": note})
    return rows
