"""Files that a person downloads from iRacing: event results and the Results Archive.

Four kinds are recognised by content, whatever the file is called: an event result (``Export
results`` in the iRacing UI) as JSON, wrapped or not, or as CSV, and the Results Archive as JSON or
as CSV.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from iracing_pipeline.results.archive_csv import parse_archive_csv
from iracing_pipeline.results.csv_text import decode
from iracing_pipeline.results.documents import TooDeepError, parse
from iracing_pipeline.results.errors import ExportError
from iracing_pipeline.results.event_csv import is_event_csv, parse_event_csv
from iracing_pipeline.results.kinds import whole_number
from iracing_pipeline.results.source import Source

WHAT_TO_DROP = (
    "Drop event results (Export results) or Results Archive downloads here, as JSON or CSV."
)


@dataclass(frozen=True, slots=True)
class Export:
    """A recognised file.

    Attributes:
        source: Which kind it is.
        payloads: Event results, each as ``results/get`` would give it.
        rows: Search rows, as ``results/search_series`` would give them.
    """

    source: Source
    payloads: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)


def read_export(name: str, content: bytes) -> Export:
    """Recognise a downloaded file and take its payload out of its wrapper.

    Args:
        name: Name of the file in messages.
        content: Its bytes.

    Returns:
        What is in it.

    Raises:
        ExportError: If it is none of the kinds, is damaged, or is of another language.
    """
    text = decode(content)
    start = text.lstrip()[:1]
    if not start:
        raise ExportError(name, "the file is empty", "Download it again.")
    if start in {"{", "["}:
        return _json(name, text)
    if start == "<":
        raise ExportError(name, "it is a web page, not a download", "Log in and download again.")
    if is_event_csv(text):
        return Export(Source.EVENT_CSV, payloads=[parse_event_csv(name, text)])
    return Export(Source.ARCHIVE_CSV, rows=parse_archive_csv(name, text))


def _json(name: str, text: str) -> Export:
    try:
        document = parse(text)
    except TooDeepError as error:
        raise ExportError(name, str(error), WHAT_TO_DROP) from error
    except ValueError as error:
        raise ExportError(
            name, f"it is damaged JSON ({error})", "Download it again; the copy was cut short."
        ) from error
    if isinstance(document, dict):
        payload = document.get("data") if document.get("type") == "event_result" else document
        if isinstance(payload, dict) and {"subsession_id", "session_results"} <= payload.keys():
            return Export(Source.EVENT_RESULT, payloads=[_event(name, payload)])
        raise ExportError(
            name, "it is JSON without subsession_id and session_results", WHAT_TO_DROP
        )
    rows = [
        row
        for chunk in document
        for row in (chunk if isinstance(chunk, list) else [chunk])
        if isinstance(row, dict)
    ]
    if not any("subsession_id" in row for row in rows) and document:
        raise ExportError(name, "none of its rows has a subsession_id", WHAT_TO_DROP)
    return Export(Source.ARCHIVE_JSON, rows=rows)


def _event(name: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The document, if it says which subsession it is and holds its parts as a list."""
    subsession_id = positive_id(payload["subsession_id"])
    if subsession_id is None:
        raise ExportError(
            name, "its subsession_id is not a whole number above 0", "Export it again."
        )
    if not isinstance(payload["session_results"], list):
        raise ExportError(name, "its session_results is not a list", "Export it again.")
    return {**payload, "subsession_id": subsession_id}


def positive_id(value: object) -> int | None:
    """A JSON value as an id: a whole number above 0 of 64 bits, else None."""
    number = whole_number(value)
    return number if number is not None and number > 0 else None
