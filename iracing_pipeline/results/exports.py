"""Files that a person downloads from iRacing: event results and the Results Archive.

Three kinds are recognised by content, whatever the file is called: an event result (``Export
results`` in the iRacing UI, wrapped or not), and the Results Archive as JSON or as CSV.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from iracing_pipeline.results.archive_csv import parse_archive_csv
from iracing_pipeline.results.errors import ExportError
from iracing_pipeline.results.source import Source

WHAT_TO_DROP = (
    "Drop event results (Export results, JSON) or Results Archive downloads (JSON or CSV) here."
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
        name: What a message calls the file.
        content: Its bytes.

    Returns:
        What is in it.

    Raises:
        ExportError: If it is none of the kinds, is damaged, or is of another language.
    """
    text = _text(content)
    if not text.strip():
        raise ExportError(name, "the file is empty", "Download it again.")
    if text.lstrip()[:1] in {"{", "["}:
        return _json(name, text)
    if text.lstrip()[:1] == "<":
        raise ExportError(name, "it is a web page, not a download", "Log in and download again.")
    return Export(Source.ARCHIVE_CSV, rows=parse_archive_csv(name, text))


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _json(name: str, text: str) -> Export:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ExportError(
            name, f"it is damaged JSON ({error})", "Download it again; the copy was cut short."
        ) from error
    if isinstance(document, dict):
        payload = document.get("data") if document.get("type") == "event_result" else document
        if isinstance(payload, dict) and {"subsession_id", "session_results"} <= payload.keys():
            return Export(Source.EVENT_RESULT, payloads=[payload])
        raise ExportError(
            name, "it is JSON without subsession_id and session_results", WHAT_TO_DROP
        )
    rows = [
        row
        for chunk in document
        for row in (chunk if isinstance(chunk, list) else [chunk])
        if isinstance(row, dict)
    ]
    if document and not any("subsession_id" in row for row in rows):
        raise ExportError(name, "none of its rows has a subsession_id", WHAT_TO_DROP)
    return Export(Source.ARCHIVE_JSON, rows=rows)
