"""Make an hour of telemetry out of a few seconds of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.ibt import IbtFile
from iracing_pipeline.ibt.layout import SUB_HEADER, SUB_HEADER_OFFSET, Channel, ChannelType
from iracing_pipeline.ibt.writer import lay_out, write_ibt
from iracing_pipeline_tests import real_files
from iracing_pipeline_tests.recordings import CHANNELS, INFO, START, drive

if TYPE_CHECKING:
    from pathlib import Path

SIX = ("SessionTime", "Lap", "LapDistPct", "Speed", "Lat", "Lon")
"""Channels that one look at a lap needs."""

_VARYING = 80  # channels whose last bits are made to differ from one repetition to the next


def made_up(path: Path) -> Path:
    """Write a recording of 270 channels, most of them floats, as a modern car has."""
    frame = drive((20.0, 20.0), before=10.0, after=7.0)
    rng = np.random.default_rng(0)
    more: list[Channel] = []
    columns: list[pl.Series] = []
    for number in range(249):
        kind = ChannelType.FLOAT if number % 3 else ChannelType.INT
        name = f"Channel{number}"
        walk = (
            np.cumsum(rng.normal(size=frame.height)) if number % 3 == 1 else np.zeros(frame.height)
        )
        more.append(Channel(name, kind, 0, 1, count_as_time=False, unit="", description=""))
        columns.append(pl.Series(name, walk).cast(kind.dtype))
    write_ibt(path, frame.with_columns(columns), lay_out((*CHANNELS, *more)), INFO, start=START)
    return path


def an_hour(folder: Path) -> Path:
    """An hour made of the longest real test recording, or of a made-up one if there is none."""
    real = max(real_files.recordings(), key=lambda path: path.stat().st_size, default=None)
    return hour_of(real or made_up(folder / "made up.ibt"), folder / "hour.ibt")


def hour_of(source: Path, target: Path, hours: float = 1.0) -> Path:
    """Write the records of ``source`` over and over, with clock, tick and lap running on.

    So that repetitions do not compress away, the last four bits of the floats that vary most
    are noise.
    """
    file = IbtFile(source)
    header = file.header
    data = source.read_bytes()
    count, length = header.record_count, header.record_length
    wanted = round(hours * 3600 * header.tick_rate)
    first = np.frombuffer(data, np.uint8, count * length, header.record_offset)
    rng = np.random.default_rng(0)
    varying = _varying_floats(file)
    span = count / header.tick_rate
    with target.open("wb") as out:
        out.write(data[: header.record_offset])
        for repetition in range(-(-wanted // count)):
            records = first.reshape(count, length).copy()
            for name, step in (
                ("SessionTime", repetition * span),
                ("SessionTick", repetition * count),
                ("Lap", repetition * 4),
            ):
                if name in file.channels:
                    _add(records, file.channels[name], step)
            for channel in varying:
                noise = rng.integers(0, 16, count, dtype=np.uint8)
                records[:, channel.offset] ^= noise
            out.write(records[: wanted - repetition * count].tobytes())
        start, began, _, laps, _ = SUB_HEADER.unpack_from(data, SUB_HEADER_OFFSET)
        out.seek(SUB_HEADER_OFFSET)
        out.write(SUB_HEADER.pack(start, began, began + wanted / header.tick_rate, laps, wanted))
    return target


def _varying_floats(file: IbtFile) -> list[Channel]:
    floats = [channel for channel in file.header.channels if channel.dtype == pl.Float32]
    frame = file.read([channel.name for channel in floats])
    distinct = {name: frame[name].n_unique() for name in frame.columns}
    expected = {"LapDistPct", "LapCurrentLapTime", "LapLastLapTime"}
    free = [channel for channel in floats if channel.name not in expected]
    return sorted(free, key=lambda channel: -distinct[channel.name])[:_VARYING]


def _add(
    records: np.ndarray[tuple[int, int], np.dtype[np.uint8]], channel: Channel, step: float
) -> None:
    kind = {ChannelType.DOUBLE: "<f8", ChannelType.FLOAT: "<f4"}.get(channel.type, "<i4")
    place = slice(channel.offset, channel.offset + channel.size)
    values = np.ascontiguousarray(records[:, place]).view(kind) + np.array(step).astype(kind)
    records[:, place] = values.view(np.uint8)
