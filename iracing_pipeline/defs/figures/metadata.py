"""Metadata of figures over all sessions in the Dagster UI: tables and pictures."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from iracing_pipeline.analysis.rating_outlook import line
from iracing_pipeline.defs.telemetry.metadata import picture, place
from iracing_pipeline.ingest.figures import Rows
from iracing_pipeline.pictures import forecast_chart, plan_chart
from iracing_pipeline.pictures.lap_chart import clock
from iracing_pipeline.results.ratings import CATEGORY_IDS
from iracing_pipeline.tables.consistency import CONSISTENCY_TREND
from iracing_pipeline.tables.experiment import EXPERIMENT_LOOK
from iracing_pipeline.tables.ratings import RATING_FORECAST, RATING_HISTORY, RATING_TARGET
from iracing_pipeline.tables.setups import SETUP_CHANGE, SETUP_COMPARISON
from iracing_pipeline.tables.strategy import CAR_TRACK, RACE_LENGTH, RACE_PLAN, RACE_PLAN_STOP
from iracing_pipeline.warehouse import Connection
from iracing_pipeline.warehouse.read import read_table

Shown = dict[str, Any]

_MOST_ROWS = 40
_MOST_PICTURES = 3
_SHOWN_RACE = "60 min"


def of_car_tracks(_connection: Connection, rows: Rows) -> Shown:
    """Show the figures of each car on each track, the latest first."""
    table = rows[CAR_TRACK].sort("last_session_at", descending=True)
    head = ("car", "track", "clean laps", "base lap", "fuel (l)", "fuel effect (s/l)",
            "degradation (s/lap)", "pit loss (s)", "stops")  # fmt: skip
    lines = [
        (
            row["car_name"],
            place(row),
            row["clean_lap_count"],
            _time(row["base_lap_s"]),
            _number(row["fuel_p65_l"]),
            _interval(row, "fuel_effect", "s_per_l"),
            _interval(row, "degradation", "s_per_lap"),
            _number(row["pit_loss_s"], 1),
            row["pit_stop_count"],
        )
        for row in table.head(_MOST_ROWS).rows(named=True)
    ]
    return {"dagster/row_count": table.height, "cars and tracks": _table(head, lines)}


def of_race_plans(connection: Connection, rows: Rows) -> Shown:
    """Plans of an hour for the cars and tracks of the latest sessions."""
    plans, stops = rows[RACE_PLAN], rows[RACE_PLAN_STOP]
    shown: Shown = {
        "dagster/row_count": plans.height,
        "lengths of race": rows[RACE_LENGTH].height,
    }
    places = read_table(connection, CAR_TRACK, where={}).sort("last_session_at", descending=True)
    key = ["car_id", "track_id"]
    latest = places.join(plans, on=key, how="semi").head(_MOST_PICTURES)
    for row in latest.rows(named=True):
        race = {**{name: row[name] for name in key}, "race": _SHOWN_RACE}
        own = plans.filter(**race).sort("rank", "stops", nulls_last=True)
        name = f"{row['car_name']}, {place(row)}"
        title = f"{_SHOWN_RACE}, {own['laps'][0]} laps: {name}"
        drawn = picture(plan_chart(own, stops.filter(**race), title), "plans")
        if drawn is not None:
            shown[f"picture: {name}"] = drawn
        head = ("stops", "laps", "time", "behind (s)", "fastest in", "not known")
        lines = [
            (
                plan["stops"],
                " + ".join(map(str, plan["stint_laps"])),
                _time(plan["total_s"]),
                _number(plan["behind_s"], 1),
                "" if plan["best_share"] is None else f"{plan['best_share']:.0%}",
                "; ".join(plan["unknown"]),
            )
            for plan in own.rows(named=True)
        ]
        shown[f"plans: {name}"] = _table(head, lines)
    return shown


def of_trends(connection: Connection, rows: Rows) -> Shown:
    """How evenness develops where it is known, whole laps first."""
    table = rows[CONSISTENCY_TREND]
    names = read_table(connection, CAR_TRACK, where={})
    named = table.join(names.select("car_id", "track_id", "car_name", "track_name", "track_config"),
                      on=["car_id", "track_id"]).sort("corner", "session_count",
                                                      descending=[False, True])  # fmt: skip
    head = ("car", "track", "corner", "sessions", "spread (s)", "trend (s/session)")
    lines = [
        (
            row["car_name"],
            place(row),
            row["corner"] or "whole laps",
            row["session_count"],
            _number(row["spread_s"]),
            _interval(row, "trend", "s_per_session"),
        )
        for row in named.head(_MOST_ROWS).rows(named=True)
    ]
    return {"dagster/row_count": table.height, "evenness": _table(head, lines)}


def of_setups(_connection: Connection, rows: Rows) -> Shown:
    """The latest changes of a setup, and what the pace did."""
    table = rows[SETUP_COMPARISON]
    head = ("session", "settings changed", "laps", "effect (s)", "not compared for")
    lines = [
        (
            row["session_key"],
            row["changed_count"],
            f"{row['previous_clean_lap_count']} and {row['clean_lap_count']}",
            _interval(row, "effect", "s"),
            "; ".join(row["against"]),
        )
        for row in table.drop_nulls("previous_session_key").tail(_MOST_ROWS).rows(named=True)
    ]
    return {
        "dagster/row_count": table.height,
        "settings that differ": rows[SETUP_CHANGE].height,
        "sessions beside the one before": _table(head, lines),
    }


def of_forecasts(connection: Connection, rows: Rows) -> Shown:
    """Each rating and where it leads, and what the next licence takes."""
    forecasts, targets = rows[RATING_FORECAST], rows[RATING_TARGET]
    history = read_table(connection, RATING_HISTORY, where={}).sort("observed_at", "source")
    shown: Shown = {"dagster/row_count": forecasts.height}
    keys = ["cust_id", "category_id"]
    for (*whose, rating), part in forecasts.group_by(*keys, "rating", maintain_order=True):
        own = history.filter(**dict(zip(keys, whose, strict=True)))
        levels = line(own, str(rating), part["present"][0]).levels
        title = f"{_WORDS[str(rating)]}, {_category(whose[1])}"
        drawn = picture(forecast_chart(levels.tolist(), part, title), title)
        if drawn is not None:
            shown[title] = drawn
    head = ("category", "class", "now", "wanted", "races", "corners per incident", "usual", "note")
    lines = [
        (
            _category(row["category_id"]),
            row["licence_class"],
            _number(row["safety_rating"], 2),
            _number(row["target_safety_rating"], 2),
            row["races"],
            _number(row["corners_per_incident"], 0),
            _number(row["usual_corners_per_incident"], 0),
            row["note"] or "",
        )
        for row in targets.rows(named=True)
    ]
    shown["the next licence"] = _table(head, lines)
    return shown


def of_experiments(connection: Connection, rows: Rows) -> dict[str, Any]:
    """Every experiment with its last look."""
    del connection
    lines = [
        (
            row["name"],
            row["block"],
            row["lap_count"],
            _number(row["difference_s"]),
            _number(row["low_s"]),
            _number(row["high_s"]),
            row["faster"] or "",
        )
        for row in rows[EXPERIMENT_LOOK]
        .sort("block")
        .unique("name", keep="last", maintain_order=True)
        .rows(named=True)
    ]
    head = ("experiment", "blocks", "laps", "B minus A, s", "from", "to", "faster")
    return {"experiments": _table(head, lines)}


_WORDS = {"irating": "iRating", "safety_rating": "Safety Rating"}
_CATEGORIES = {number: name for name, number in CATEGORY_IDS.items()}


def _category(number: object) -> str:
    return _CATEGORIES.get(number, str(number)) if isinstance(number, int) else str(number)


def _table(head: Sequence[str], lines: Sequence[Sequence[object]]) -> dg.MetadataValue:
    rows = [head, ["---"] * len(head), *lines]
    text = ["| " + " | ".join("" if cell is None else str(cell) for cell in row) + " |"
            for row in rows]  # fmt: skip
    return dg.MetadataValue.md("\n".join(text) if lines else "nothing yet")


def _time(seconds: float | None) -> str:
    return "" if seconds is None else clock(seconds, 3)


def _number(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _interval(row: dict[str, Any], name: str, unit: str) -> str:
    value = row[f"{name}_{unit}"]
    if value is None:
        return ""
    return f"{value:+.3f} ({row[f'{name}_low_{unit}']:+.3f} to {row[f'{name}_high_{unit}']:+.3f})"
