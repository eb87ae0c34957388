"""Metadata of a loaded file in the Dagster UI: figures, a lap table and pictures."""

import base64
from typing import Any

import dagster as dg
import polars as pl

from iracing_pipeline.analysis.lap_kind import in_words
from iracing_pipeline.defs.batch import Metadata
from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ingest.telemetry import StoredFile, Telemetry
from iracing_pipeline.pictures import lap_chart, speed_trace
from iracing_pipeline.pictures.lap_chart import clock
from iracing_pipeline.report.words import local, zone

_MOST_LAPS = 100


def of_frames(file: IbtFile | None, stored: StoredFile | None, *, columns: bool) -> Metadata:
    """Metadata of the frames of one file.

    Args:
        file: The file; None where it is gone and its frames were kept.
        stored: Its frames in the lake, if they were written.
        columns: Whether to list all channels with their units; it takes 30 kB.
    """
    if file is None or stored is None:
        return {"file": "gone: the frames in the lake are kept"}
    facts = file.facts
    size = file.header.record_count * file.header.record_length
    shown: dict[str, Any] = {
        "dagster/partition_row_count": stored.rows,
        "file": facts.file_name,
        "path": dg.MetadataValue.path(str(file.path)),
        "frames": dg.MetadataValue.path(stored.uri),
        "channels": len(facts.units),
        "size (MB)": round(stored.size_bytes / 1e6, 2),
        "times smaller than the records": round(size / max(stored.size_bytes, 1), 2),
        "closed by iRacing": facts.closed,
    }
    if facts.warnings:
        shown["warnings"] = dg.MetadataValue.md("\n".join(f"- {text}" for text in facts.warnings))
    if columns:
        shown["dagster/column_schema"] = dg.TableSchema(
            columns=[
                dg.TableColumn(
                    channel.name,
                    str(channel.dtype),
                    description=f"{channel.description} [{channel.unit}]"
                    if channel.unit
                    else channel.description,
                )
                for channel in file.header.channels
            ]
        )
    return shown


def summary(telemetry: Telemetry, stored: StoredFile | None) -> str:
    """One line for the log."""
    steps = dict(telemetry.seconds) if stored is None else stored.seconds | telemetry.seconds
    took = ", ".join(f"{step} {seconds:.3f} s" for step, seconds in steps.items())
    return f"{telemetry.facts.file_name}: {telemetry.laps.height} laps ({took})"


def of_session(telemetry: Telemetry) -> Metadata:
    """Metadata of the session of one file."""
    row = telemetry.session.row(0, named=True)
    shown: dict[str, Any] = {
        "dagster/partition_row_count": 1,
        "session": f"{row['car_name']} at {place(row)}",
        "driver": row["driver_name"],
        "event": row["simsession_type"] or row["event_type"],
        "start": dg.MetadataValue.timestamp(row["start_time"]),
        "duration (s)": round(row["duration_s"] or 0.0, 1),
        "laps": f"{row['lap_count']} ({row['timed_lap_count']} timed,"
        f" {row['clean_lap_count']} clean)",
        "best lap": clock(row["best_lap_time_s"], 3) if row["best_lap_time_s"] else None,
        "iRating": row["irating"],
        "air / track temperature (°C)": _pair(row["air_temp_c"], row["track_temp_c"]),
        "as one HTML file": dg.MetadataValue.md(f"`iracing-pipeline report {row['session_key']}`"),
    }
    return known(shown)


def of_laps(telemetry: Telemetry) -> Metadata:
    """Metadata of the laps of one file: the table, the lap chart and the fastest lap's speed."""
    laps = telemetry.laps
    row = telemetry.session.row(0, named=True)
    event = row["simsession_type"] or row["event_type"] or "Session"
    where = f"{row['car_name']} at {place(row)}"
    title = f"{event} {local(row['start_time'], row):%Y-%m-%d %H:%M} {zone(row)}: {where}"
    shown: dict[str, Any] = {
        "dagster/partition_row_count": laps.height,
        "lap chart": picture(lap_chart(laps, title), "lap chart"),
        "laps": dg.MetadataValue.md(_lap_table(laps)),
    }
    if best := telemetry.best_lap:
        trace = speed_trace(
            telemetry.records_of(best),
            f"Lap {best['lap_number']}, {clock(best['lap_time_s'], 3)}: {where}",
        )
        shown["speed over distance, fastest clean lap"] = picture(trace, "speed over distance")
    return known(shown)


def _lap_table(laps: pl.DataFrame) -> str:
    """The laps as a Markdown table."""
    lines = [
        "| stint | lap | kind | lap time | official | residual (µs) | fuel used (l) | against it |",
        "| ---: | ---: | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    lines += [
        f"| {lap['stint']} | {lap['lap_number']} | {lap['kind']} | {_time(lap['lap_time_s'])}"
        f" | {_time(lap['official_lap_time_s'])} | {_micro(lap['residual_s'])}"
        f" | {_number(lap['fuel_used_l'], 3)} | {in_words(lap['reasons'])} |"
        for lap in laps.head(_MOST_LAPS).rows(named=True)
    ]
    if laps.height > _MOST_LAPS:
        lines.append(f"\n{laps.height - _MOST_LAPS} more in `racing.telemetry_lap`.")
    return "\n".join(lines)


def picture(svg: str | None, name: str) -> dg.MetadataValue | None:
    """A picture that the UI shows; None stays None."""
    if svg is None:
        return None
    encoded = base64.b64encode(svg.encode()).decode()
    return dg.MetadataValue.md(f"![{name}](data:image/svg+xml;base64,{encoded})")


def known(shown: dict[str, Any]) -> Metadata:
    """Remove unknown values."""
    return {name: value for name, value in shown.items() if value is not None}


def place(row: dict[str, Any]) -> str:
    """The track of a session, with its configuration."""
    config = f" ({row['track_config']})" if row["track_config"] else ""
    return f"{row['track_name']}{config}"


def _pair(first: float | None, second: float | None) -> str | None:
    return None if first is None or second is None else f"{first:.1f} / {second:.1f}"


def _time(seconds: float | None) -> str:
    return "" if seconds is None else clock(seconds, 4)


def _micro(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1e6:.2f}"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
