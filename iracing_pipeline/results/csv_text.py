"""Text of a downloaded file, and its CSV cells."""

from __future__ import annotations

import csv
import io

from iracing_pipeline.results.errors import ExportError

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_SAMPLE = 4096


def decode(content: bytes) -> str:
    """The text of a file: UTF-8, UTF-16 or UTF-32 with or without a mark, else Windows-1252.

    Bytes that the encoding does not have become U+FFFD; NUL is removed.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _cleaned(content[len(mark) :].decode(encoding, "replace"))
    if (unmarked := _unmarked_utf16(content[:_SAMPLE])) is not None:
        return _cleaned(content.decode(unmarked, "replace"))
    try:
        return _cleaned(content.decode("utf-8"))
    except UnicodeDecodeError:
        utf8 = content.decode("utf-8", "replace")
        broken = utf8.count("\ufffd")
        if broken < sum(character > "\x7f" for character in utf8) - broken:
            return _cleaned(utf8)
        return _cleaned(content.decode("cp1252", "replace"))


def read_cells(name: str, text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """The rows of a CSV text that are not empty, each with the number of its last line.

    Args:
        name: Name of the file in messages.
        text: Its content.
        delimiter: What separates two cells.

    Raises:
        ExportError: If a quote is never closed, or a row is no CSV.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    line = 0
    try:
        for cells in reader:
            # No cell of iRacing's spans lines: one that does ran on from a quote never closed.
            if any("\n" in cell or "\r" in cell for cell in cells):
                raise _open_quote(name, line + 1)
            line = reader.line_num
            if any(cell.strip() for cell in cells):
                rows.append((line, cells))
    except csv.Error as error:
        if "field larger than field limit" in str(error):
            raise _open_quote(name, line + 1) from error
        raise ExportError(
            name, f"line {line + 1} is not CSV ({error})", "Download it again."
        ) from error
    if _ends_in_quotes(text, delimiter, rows):
        raise _open_quote(name, line)
    return rows


def delimiter_of(text: str) -> str:
    """Comma, semicolon or tab: whichever the first line has most of."""
    header = text.lstrip().split("\n", 1)[0]
    return max(",;\t", key=header.count)


def _ends_in_quotes(text: str, delimiter: str, rows: list[tuple[int, list[str]]]) -> bool:
    """Whether the last row was ended by the end of the file within quotes."""
    if not rows or '"' not in text:
        return False
    last = text.rstrip("\r\n").replace("\r", "\n").rsplit("\n", 1)[-1]
    try:
        for _ in csv.reader([last], delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _open_quote(name: str, line: int) -> ExportError:
    return ExportError(
        name, f"a quote that line {line} opens is never closed", "Download the file again."
    )


def _unmarked_utf16(sample: bytes) -> str | None:
    """UTF-16 by its zero bytes: half of them in Western text, all on one side."""
    pairs = len(sample) // 2
    if pairs < 2:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.4 * pairs and even < 0.1 * pairs:
        return "utf-16-le"
    if even > 0.4 * pairs and odd < 0.1 * pairs:
        return "utf-16-be"
    return None


def _cleaned(text: str) -> str:
    return text.replace("\0", "").removeprefix("\ufeff")
