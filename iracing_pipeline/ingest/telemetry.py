"""One ``.ibt`` file into the lake and the warehouse.

The records go to the lake whole, in blocks; only the channels that lap analysis reads, a third
of them, are held in memory. A session whose file is gone is rebuilt from its frames in the lake.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from iracing_pipeline.analysis import energy, sessions
from iracing_pipeline.analysis.channels import CHANNELS
from iracing_pipeline.analysis.laps import laps as find_laps
from iracing_pipeline.errors import PipelineError
from iracing_pipeline.ibt import Facts, IbtFile
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse import audit
from iracing_pipeline.warehouse.load import replace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from iracing_pipeline.lake import Lake
    from iracing_pipeline.tables.column import OutOfBounds
    from iracing_pipeline.warehouse.connection import Connection

# More lines are no longer read.
_MOST_WARNINGS = 20

KIND, FRAMES = "telemetry", "frames.parquet"


class ShorterThanLoadedError(PipelineError):
    """A recording that is shorter than the one loaded before."""

    advice = "Nothing was changed. Copy the whole file again from the racing PC."

    def __init__(self, facts: Facts, loaded: int) -> None:
        """Say how much is left."""
        super().__init__(
            f"{facts.record_count} records are left of it, and {loaded} are in the database",
            item=facts.file_name,
        )


class OutOfBoundsError(PipelineError):
    """A recording whose session cannot be identified, as a value is outside its bounds."""

    advice = "The file is damaged. Copy it again from the racing PC."

    def __init__(self, facts: Facts, left_out: Sequence[OutOfBounds]) -> None:
        """Name the columns."""
        super().__init__("; ".join(map(str, left_out)), item=facts.file_name)


class Source(Protocol):
    """Source of records: an ``.ibt`` file, or its frames in the lake."""

    @property
    def facts(self) -> Facts:
        """Facts of the recording without its samples."""

    @property
    def schema(self) -> pl.Schema:
        """Channel name to type."""

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        """Some channels of all records."""


class StoredFrames:
    """The frames of a session in the lake, as a source."""

    def __init__(self, lake: Lake, session_key: str) -> None:
        """Find the frames.

        Raises:
            NotInLakeError: If they are not there.
        """
        self._scan = lake.scan(KIND, session_key, FRAMES)
        with lake.path(KIND, session_key, FRAMES).open("rb") as file:
            self.facts = Facts.from_metadata(pl.read_parquet_metadata(file))
        self.schema = self._scan.collect_schema()

    def read(self, columns: Sequence[str]) -> pl.DataFrame:
        """Some channels of all records."""
        return self._scan.select(columns).collect()


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The frames of one file, as written to the lake."""

    uri: str
    size_bytes: int
    rows: int
    seconds: dict[str, float]


@dataclass(slots=True)
class Telemetry:
    """Content of one file.

    Attributes:
        facts: Facts of the file.
        session: One row of ``racing.telemetry_session``.
        laps: Rows of ``racing.telemetry_lap``.
        records: The records that lap analysis read.
        left_out: Values outside the bounds of their columns.
        seconds: How long each step took, by its name.
    """

    facts: Facts
    session: pl.DataFrame
    laps: pl.DataFrame
    records: pl.DataFrame
    left_out: list[OutOfBounds] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def best_lap(self) -> dict[str, Any] | None:
        """The fastest clean lap."""
        clean = self.laps.filter(pl.col("clean")).sort("lap_time_s", nulls_last=True)
        return clean.row(0, named=True) if clean.height else None

    @property
    def track_id(self) -> int | None:
        """The track configuration; None where the file does not name it."""
        number = self.session.get_column("track_id")[0]
        return int(number) if number is not None else None

    def records_of(self, lap: dict[str, Any]) -> pl.DataFrame:
        """The records of a lap."""
        return self.records.slice(lap["first_record"], lap["record_count"])


def store_frames(lake: Lake, file: IbtFile) -> StoredFile:
    """Write every record and channel to the lake as Parquet, in bounded memory.

    Raises:
        LakeError: If it cannot be stored.
        FileChangedError: If the file changed meanwhile.
    """

    def sink(path: Path) -> None:
        # No statistics: a session is read whole or by columns, and they are a fifth of its size.
        # Level 1: a sixth less work than the usual 3, for files that are 1 % larger at most.
        file.scan().sink_parquet(
            path, compression_level=1, statistics=False, metadata=file.facts.to_metadata()
        )

    began = time.perf_counter()
    written = lake.write(KIND, file.session_key, FRAMES, sink)
    with lake.path(KIND, file.session_key, FRAMES).open("rb") as stored:
        rows = pl.scan_parquet(stored).select(pl.len()).collect().item()
    seconds = {"frames": time.perf_counter() - began}
    return StoredFile(written.uri, written.size_bytes, int(rows), seconds)


def analyse(source: Source, *, at_least: int = 0) -> Telemetry:
    """Find the laps of a recording and describe its session.

    Args:
        source: The recording.
        at_least: Records that it must have, being loaded already.

    Raises:
        ShorterThanLoadedError: If it has fewer.
        MissingChannelError: If the file lacks a channel without which there are no laps.
        OutOfBoundsError: If what identifies the session is outside its bounds.
    """
    if source.facts.record_count < at_least:
        raise ShorterThanLoadedError(source.facts, at_least)
    began = time.perf_counter()
    schema = source.schema
    wanted = [name for name in CHANNELS if name in schema]
    records = source.read(wanted)
    read = time.perf_counter()
    facts = source.facts
    laps = find_laps(records, session_key=facts.session_key, start=facts.start)
    laps = sessions.laps_of_simsessions(facts, laps)
    laps = energy.lap_energy(records, laps, energy.power(_driver_info(facts), records))
    laps, left_out = TELEMETRY_LAP.bounded(laps)
    if left_out:
        laps = _without_time(laps)
    session, odd = TELEMETRY_SESSION.bounded(sessions.session(facts, records, laps))
    if session.is_empty():
        raise OutOfBoundsError(facts, odd)
    seconds = {"read": read - began, "analyse": time.perf_counter() - read}
    return Telemetry(facts, session, laps, records, [*odd, *left_out], seconds)


def _without_time(laps: pl.DataFrame) -> pl.DataFrame:
    """Laps of which those that lost their lap time to its bounds no longer count as clean."""
    lost = pl.col("clean") & pl.col("lap_time_s").is_null()
    return laps.with_columns(
        reasons=pl.when(lost).then(pl.lit(["out_of_bounds"])).otherwise("reasons"),
        clean=pl.col("clean") & ~lost,
        lap_time_method=pl.when(pl.col("lap_time_s").is_not_null()).then("lap_time_method"),
    )


def warnings_of(telemetry: Telemetry, left_out: Sequence[OutOfBounds] = ()) -> list[str]:
    """List the repairs and omissions of a recording, in words; 20 lines at most."""
    lines = [*telemetry.facts.warnings, *map(str, (*telemetry.left_out, *left_out))]
    if len(lines) > _MOST_WARNINGS:
        rest = len(lines) - _MOST_WARNINGS + 1
        lines = [*lines[: _MOST_WARNINGS - 1], f"{rest} more columns had values out of bounds"]
    return lines


def _known_offset(connection: Connection, telemetry: Telemetry) -> pl.Expr:
    """The time zone that an earlier load of the recording showed: a renamed copy does not."""
    row = connection.execute(
        "SELECT utc_offset_s FROM racing.telemetry_session WHERE session_key = %s",
        [telemetry.facts.session_key],
    ).fetchone()
    return pl.lit(row[0] if row is not None else None, pl.Int32)


def session_row(
    connection: Connection,
    telemetry: Telemetry,
    *,
    frames_uri: str | None,
    left_out: Sequence[OutOfBounds] = (),
) -> pl.DataFrame:
    """The row of ``racing.telemetry_session`` as it is stored.

    Args:
        connection: Where an earlier load of the session would be.
        telemetry: Content of the file.
        frames_uri: URI of its frames in the lake; None without any.
        left_out: Values outside their bounds in other tables of the session.
    """
    return telemetry.session.with_columns(
        pl.lit(frames_uri, dtype=pl.String).alias("frames_uri"),
        pl.col("utc_offset_s").fill_null(_known_offset(connection, telemetry)),
        pl.Series("warnings", [warnings_of(telemetry, left_out)], pl.List(pl.String)),
    )


def _driver_info(facts: Facts) -> dict[str, Any]:
    info = facts.session_info(["DriverInfo"]).get("DriverInfo")
    return info if isinstance(info, dict) else {}


def load(
    connection: Connection,
    telemetry: Telemetry,
    *,
    frames_uri: str | None = None,
    left_out: Sequence[OutOfBounds] = (),
    run_id: str | None = None,
) -> None:
    """Store the session and its laps, in the caller's transaction.

    Args:
        connection: Connection with the caller's transaction.
        telemetry: Content of the file.
        frames_uri: URI of its frames in the lake; None without any.
        left_out: Values outside their bounds in other tables of the session.
        run_id: The run that loads it; None outside a run.

    Raises:
        LoadError: If the database refuses a row.
    """
    began = time.perf_counter()
    where = {"session_key": telemetry.facts.session_key}
    session = session_row(connection, telemetry, frames_uri=frames_uri, left_out=left_out)
    loads = [
        replace(connection, TELEMETRY_SESSION, session, where=where),
        replace(connection, TELEMETRY_LAP, telemetry.laps, where=where),
    ]
    audit.record(connection, loads, run_id=run_id)
    telemetry.seconds["load"] = time.perf_counter() - began
