"""Read and write iRacing ``.ibt`` telemetry files.

>>> from iracing_pipeline.ibt import read_ibt
>>> recording = read_ibt("session.ibt", columns=["SessionTime", "Speed"])  # doctest: +SKIP
>>> recording.frame, recording.units["Speed"], recording.start  # doctest: +SKIP

It needs numpy and polars alone, reads every header version from 2015 on, recovers what can be
recovered from files that were cut short or never closed, and refuses the rest with an
:class:`IbtError` with the reason.
"""

from iracing_pipeline.ibt.errors import (
    ChannelLayoutError,
    ChannelValueError,
    CorruptHeaderError,
    EmptyFileError,
    FileChangedError,
    IbtError,
    LiveMemoryError,
    MissingColumnError,
    NotTelemetryError,
    SessionInfoEncodingError,
    TruncatedFileError,
    UnsupportedVersionError,
    WriteError,
)
from iracing_pipeline.ibt.facts import Facts
from iracing_pipeline.ibt.layout import Channel, ChannelType
from iracing_pipeline.ibt.reader import IbtFile, Recording, read_ibt, scan_ibt
from iracing_pipeline.ibt.start import StartSource
from iracing_pipeline.ibt.writer import IbtWriter, lay_out, write_ibt

__all__ = [
    "Channel",
    "ChannelLayoutError",
    "ChannelType",
    "ChannelValueError",
    "CorruptHeaderError",
    "EmptyFileError",
    "Facts",
    "FileChangedError",
    "IbtError",
    "IbtFile",
    "IbtWriter",
    "LiveMemoryError",
    "MissingColumnError",
    "NotTelemetryError",
    "Recording",
    "SessionInfoEncodingError",
    "StartSource",
    "TruncatedFileError",
    "UnsupportedVersionError",
    "WriteError",
    "lay_out",
    "read_ibt",
    "scan_ibt",
    "write_ibt",
]
