"""Errors of ``.ibt`` files.

Policy: a file from which samples can be had is read, and what was recovered or left out stands
in its ``warnings``. A file from which none can be had raises one of these, which names the file,
says what is wrong and what to do. Nothing else escapes the reader but ``OSError`` from the disk.
"""

from __future__ import annotations

from pathlib import Path

from iracing_pipeline.errors import PipelineError


def printable_name(path: str | Path) -> str:
    """Return the file's name, with ``?`` for characters that a database cannot store."""
    return Path(path).name.encode(errors="replace").decode()


class IbtError(PipelineError):
    """An ``.ibt`` file cannot be read.

    Attributes:
        path: The file.
        reason: What is wrong with it, in words.
        advice: What to do about it.
    """

    advice = "Drive a session with telemetry recording on (Alt+L) to get a whole file."

    def __init__(self, path: str | Path, reason: str, advice: str | None = None) -> None:
        """Say what is wrong with the file at ``path``."""
        self.path = Path(path)
        super().__init__(reason, advice, item=printable_name(path))


class EmptyFileError(IbtError):
    """The file holds no bytes."""

    advice = "iRacing has not written to it yet, or the copy failed: copy it again."


class TruncatedFileError(IbtError):
    """The file ends before the first record, so there is nothing to recover."""

    advice = "The copy or the recording was cut short: copy it again from the racing PC."


class NotTelemetryError(IbtError):
    """The bytes are not those of iRacing telemetry."""

    advice = "Keep only .ibt files in the telemetry folder."


class LiveMemoryError(IbtError):
    """The file is a dump of iRacing's live shared memory, which has another layout."""

    advice = "Use a recording from Documents/iRacing/telemetry instead."


class CorruptHeaderError(IbtError):
    """The header is iRacing's, but an offset, a count or a channel in it makes no sense."""

    advice = "The file is damaged: copy it again from the racing PC."


class UnsupportedVersionError(IbtError):
    """The header is of a version that this reader does not know."""

    advice = "Update iracing-pipeline, or report the file if it is up to date."


class FileChangedError(IbtError):
    """The file became another one, or shorter, while it was being read."""

    advice = "Wait until the recording or the copy has finished, then read it again."


class WriteError(IbtError):
    """The data cannot be written as an ``.ibt`` file."""

    advice = "Nothing of it was written."


class ChannelLayoutError(WriteError):
    """The channels overlap, share a name, or do not fit a channel header."""

    advice = "Let lay_out() place the channels, and keep names and units within the header's width."


class MissingColumnError(WriteError):
    """The frame has no column for a declared channel."""

    advice = "Give every declared channel a column, or leave it out of the declaration."


class ChannelValueError(WriteError):
    """A column holds values that its channel cannot hold: another type, too large, or null."""

    advice = "An .ibt file has neither nulls nor wider numbers: fill or convert the column first."


class SessionInfoEncodingError(WriteError):
    """The session info holds a character that its declared encoding lacks."""

    advice = "Start it with '---\\nWeekendInfo:\\n Encoding: UTF8\\n' or give it as bytes."
