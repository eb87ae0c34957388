"""Laps and sessions as files for other programs: CSV, Parquet, MoTeC."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.exchange import motec_ld, motec_ldx
from iracing_pipeline.exchange.motec_ld import Recording
from iracing_pipeline.ingest.telemetry import analyse
from iracing_pipeline.lake import atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from iracing_pipeline.ingest.telemetry import Source, Telemetry


class Format(Enum):
    """What to write."""

    CSV = "csv"
    PARQUET = "parquet"
    MOTEC = "motec"


class NothingToExportError(Exception):
    """The session has no such lap."""


def export(
    source: Source, folder: Path, form: Format, *, laps: Sequence[int] | None = None
) -> list[Path]:
    """Write a session, or some of its laps, with every channel.

    Args:
        source: The recording.
        folder: Where to; made if it does not exist.
        form: The format. CSV leaves array channels out; MoTeC keeps single numbers.
        laps: Numbers of the laps, each a file of its own; None writes the session as one file.

    Returns:
        The files, each written whole or not at all.

    Raises:
        NothingToExportError: If the session has no such lap.
        MissingChannelError: If the recording has no laps at all.
        OSError: From the disk.
    """
    telemetry = analyse(source)
    records = source.read(source.schema.names())
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r'[<>:"/\\|?*]', "-", telemetry.facts.file_name.removesuffix(".ibt"))
    if laps is None:
        return _write(telemetry, records, telemetry.laps, folder / stem, form)
    written: list[Path] = []
    for number in laps:
        rows = telemetry.laps.filter(pl.col("lap_number") == number)
        if rows.is_empty():
            known = ", ".join(map(str, telemetry.laps.get_column("lap_number").unique().sort()))
            raise NothingToExportError(
                f"{telemetry.facts.file_name} has no lap {number}; it has {known}"
            )
        first = rows.get_column("first_record").to_list()[0]
        end = rows.select((pl.col("first_record") + pl.col("record_count")).max()).item()
        part = records.slice(first, end - first)
        written += _write(telemetry, part, rows, folder / f"{stem} lap {number}", form)
    return written


def _write(
    telemetry: Telemetry, records: pl.DataFrame, laps: pl.DataFrame, stem: Path, form: Format
) -> list[Path]:
    facts = telemetry.facts
    if form is Format.PARQUET:
        metadata = facts.to_metadata()
        return [_whole(stem, ".parquet", lambda at: records.write_parquet(at, metadata=metadata))]
    if form is Format.CSV:
        flat = records.select(
            name for name, dtype in records.schema.items() if not isinstance(dtype, pl.Array)
        )
        return [_whole(stem, ".csv", flat.write_csv)]
    content = motec_ld.encode(records, facts.units, _recording(telemetry), rate=facts.tick_rate)
    lines, fastest = _lines(records, laps, facts.tick_rate)
    index = motec_ldx.encode(lines, fastest=fastest)
    return [
        _whole(stem, ".ld", lambda at: at.write_bytes(content)),
        _whole(stem, ".ldx", lambda at: at.write_bytes(index)),
    ]


def _whole(stem: Path, suffix: str, write: Callable[[Path], Any]) -> Path:
    """Write under another name, then rename."""
    path = stem.with_name(stem.name + suffix)
    fresh = atomic.partial(path)
    try:
        write(fresh)
        atomic.publish(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    return path


def _recording(telemetry: Telemetry) -> Recording:
    session = telemetry.session.row(0, named=True)
    config = f" {session['track_config']}" if session["track_config"] else ""
    return Recording(
        start=session["start_time"],
        driver=session["driver_name"] or "",
        vehicle=session["car_name"] or "",
        venue=f"{session['track_name'] or ''}{config}",
        event=session["event_type"] or "",
        session=session["simsession_type"] or "",
        comment=session["session_key"],
    )


def _lines(
    records: pl.DataFrame, laps: pl.DataFrame, rate: int
) -> tuple[list[float], tuple[int, float] | None]:
    """When the line was crossed within the records, and the fastest lap as i2 counts them."""
    time = records.get_column("SessionTime").to_numpy()
    clock = motec_ld.even_clock(time, rate)
    reached = np.maximum.accumulate(np.nan_to_num(time, nan=-np.inf))
    usable = np.flatnonzero(np.diff(reached, prepend=-np.inf) > 0)

    def at(session_time: float) -> float:
        return float(np.interp(session_time, time[usable], clock[usable]))

    timed = laps.filter(pl.col("lap_time_s").is_not_null())
    ends = timed.select("start_session_time_s", "end_session_time_s").unpivot()
    lines = sorted(
        {round(at(line), 6) for line in ends.get_column("value") if time[0] < line < time[-1]}
    )
    best = timed.sort("lap_time_s").head(1)
    if best.is_empty():
        return lines, None
    start = at(best.get_column("start_session_time_s")[0])
    number = 1 + sum(line <= start + 1e-3 for line in lines)
    return lines, (number, best.get_column("lap_time_s")[0])
