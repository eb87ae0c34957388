"""Laps and sessions as files for other programs: CSV, Parquet, MoTeC."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, timedelta, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from iracing_pipeline.errors import PipelineError
from iracing_pipeline.exchange import motec_ld, motec_ldx
from iracing_pipeline.exchange.motec_ld import Recording
from iracing_pipeline.ibt import StartSource
from iracing_pipeline.ibt.start import TIME_IN_NAME
from iracing_pipeline.ingest.telemetry import analyse
from iracing_pipeline.lake import atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from iracing_pipeline.ingest.telemetry import Source, Telemetry


class Format(Enum):
    """Format of an export."""

    CSV = "csv"
    PARQUET = "parquet"
    MOTEC = "motec"


class NothingToExportError(PipelineError):
    """The session has no such lap."""


def export(
    source: Source,
    folder: Path,
    form: Format,
    *,
    laps: Sequence[int] | None = None,
    stint: int | None = None,
    every_sample: bool = False,
) -> list[Path]:
    """Write a session, or some of its laps, with every channel.

    Args:
        source: The recording.
        folder: Folder to write to; made if it does not exist.
        form: The format. CSV has the value at the tick of a 360 Hz channel, Parquet all six
            samples in one column, MoTeC all of them at 360 Hz.
        laps: Numbers of the laps, each a separate file. After a reset or a stop a number can
            have several attempts: each is a separate file, named by its stint. None writes the
            session, or the stint, as one file.
        stint: Only laps of this stint.
        every_sample: CSV has each sample of a 360 Hz channel in a column of its own, from
            ``LatAccel[0]`` to ``LatAccel[5]``, the value at the tick.

    Returns:
        The files, each written whole or not at all.

    Raises:
        NothingToExportError: If the session has no such lap.
        MissingChannelError: If the recording has no laps at all.
        OSError: From the disk.
    """
    telemetry = analyse(source)
    parts = _parts(telemetry, laps, stint)
    records = source.read(source.schema.names())
    folder.mkdir(parents=True, exist_ok=True)
    stem = _stem(telemetry)
    written: list[Path] = []
    for name, rows in parts:
        part = records
        if name:
            first = rows.get_column("first_record").min()
            end = rows.select((pl.col("first_record") + pl.col("record_count")).max()).item()
            part = records.slice(first, end - first)  # type: ignore[arg-type]  # a number
        to = folder / f"{stem}{name}"
        written += _write(telemetry, part, rows, to, form, every_sample=every_sample)
    return written


def _parts(
    telemetry: Telemetry, laps: Sequence[int] | None, stint: int | None
) -> list[tuple[str, pl.DataFrame]]:
    """List the parts to write: the end of each file's name, and the laps in it."""
    all_laps, name = telemetry.laps, telemetry.facts.file_name
    chosen = all_laps if stint is None else all_laps.filter(pl.col("stint") == stint)
    if stint is not None and chosen.is_empty():
        raise NothingToExportError(
            f"{name} has no stint {stint}; it has {_known(all_laps, 'stint')}"
        )
    if laps is None:
        return [("" if stint is None else f" stint {stint}", chosen)]
    of_stint = "" if stint is None else f" in stint {stint}"
    parts: list[tuple[str, pl.DataFrame]] = []
    for number in dict.fromkeys(laps):
        attempts = chosen.filter(pl.col("lap_number") == number)
        if attempts.is_empty():
            raise NothingToExportError(
                f"{name} has no lap {number}{of_stint}; it has {_known(chosen, 'lap_number')}"
            )
        several = all_laps.filter(pl.col("lap_number") == number).height > 1
        names = [
            f" stint {row['stint']} lap {number}" if several else f" lap {number}"
            for row in attempts.rows(named=True)
        ]
        again = Counter[str]()
        for at, label in enumerate(names):
            again[label] += 1
            one = label if again[label] == 1 else f"{label} ({again[label]})"
            parts.append((one, attempts.slice(at, 1)))
    return parts


def _known(laps: pl.DataFrame, column: str) -> str:
    return ", ".join(map(str, laps.get_column(column).unique().sort()))


def _stem(telemetry: Telemetry) -> str:
    """The file's own name; iRacing's local time in it gets its offset, or becomes UTC."""
    facts = telemetry.facts
    stem = facts.file_name.removesuffix(".ibt")
    if TIME_IN_NAME.search(stem):
        local = _local(telemetry)
        zone = "UTC" if facts.utc_offset is None else f"{local:%z}"
        if facts.start_source is not StartSource.HEADER:
            zone = "estimated"
        stem = TIME_IN_NAME.sub(f"{local:%Y-%m-%d %H-%M-%S} {zone}", stem)
    return re.sub(r'[<>:"/\\|?*]', "-", stem)


def _local(telemetry: Telemetry) -> datetime:
    """When the recording began, on the clock of the racing PC; UTC where that is unknown."""
    offset = telemetry.facts.utc_offset
    return telemetry.facts.start.astimezone(UTC if offset is None else timezone(offset))


def _write(
    telemetry: Telemetry,
    records: pl.DataFrame,
    laps: pl.DataFrame,
    stem: Path,
    form: Format,
    *,
    every_sample: bool,
) -> list[Path]:
    facts = telemetry.facts
    if form is Format.PARQUET:
        metadata = facts.to_metadata()
        return [_whole(stem, ".parquet", lambda at: records.write_parquet(at, metadata=metadata))]
    if form is Format.CSV:
        flat = records.select(
            column
            for name, dtype in records.schema.items()
            for column in _columns(name, dtype, every=every_sample or name in facts.lists)
        )
        return [_whole(stem, ".csv", flat.write_csv)]
    content = motec_ld.encode(
        records,
        facts.units,
        _recording(telemetry, records),
        rate=facts.tick_rate,
        lists=facts.lists,
    )
    lines, fastest = _lines(records, laps, facts.tick_rate)
    index = motec_ldx.encode(lines, fastest=fastest)
    return [
        _whole(stem, ".ld", lambda at: at.write_bytes(content)),
        _whole(stem, ".ldx", lambda at: at.write_bytes(index)),
    ]


def _columns(name: str, dtype: pl.DataType, *, every: bool) -> list[pl.Expr]:
    """The columns of a CSV file that a channel becomes."""
    if not isinstance(dtype, pl.Array):
        return [pl.col(name)]
    if not every or dtype.size > motec_ld.MOST_VALUES:
        return [pl.col(name).arr.last()]
    return [pl.col(name).arr.get(at).alias(f"{name}[{at}]") for at in range(dtype.size)]


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


def _recording(telemetry: Telemetry, records: pl.DataFrame) -> Recording:
    session = telemetry.session.row(0, named=True)
    config = f" {session['track_config']}" if session["track_config"] else ""
    return Recording(
        start=_local(telemetry) + timedelta(seconds=_since_start(telemetry, records)),
        driver=session["driver_name"] or "",
        vehicle=session["car_name"] or "",
        venue=f"{session['track_name'] or ''}{config}",
        event=session["event_type"] or "",
        session=session["simsession_type"] or "",
        comment=f"{session['session_key']} {_zone(telemetry)}",
    )


def _zone(telemetry: Telemetry) -> str:
    """The zone of the times that a MoTeC file shows, in words."""
    facts = telemetry.facts
    if facts.start_source is not StartSource.HEADER:
        return "start estimated"
    return "UTC" if facts.utc_offset is None else f"local time, UTC{_local(telemetry):%z}"


def _since_start(telemetry: Telemetry, records: pl.DataFrame) -> float:
    """Seconds from the first record of the session to the first one of some records."""
    begins = (frame.get_column("SessionTime")[0] for frame in (telemetry.records, records))
    session, part = begins
    passed = float(part) - float(session)
    return passed if 0 <= passed < _LONGEST_S else 0.0


# No session lasts as long; a SessionTime beyond it is damage.
_LONGEST_S = 5e6


def _lines(
    records: pl.DataFrame, laps: pl.DataFrame, rate: int
) -> tuple[list[float], tuple[int, float] | None]:
    """When the line was crossed within the records, and the fastest clean lap as i2 counts."""
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
    best = timed.filter("clean").sort("lap_time_s").head(1)
    if best.is_empty():
        return lines, None
    start = at(best.get_column("start_session_time_s")[0])
    number = 1 + sum(line <= start + 1e-3 for line in lines)
    return lines, (number, best.get_column("lap_time_s")[0])
