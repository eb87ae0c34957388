"""JSON from outside, read so that every part of it can be stored.

JSON in the wild holds what the standard and PostgreSQL refuse: ``NaN``, numbers of any length, NUL
and halves of surrogate pairs in text, and nesting without end. A field that holds such a thing is
repaired or kept as text, which the readers of fields then refuse by itself.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from iracing_pipeline.errors import PipelineError

DEEPEST = 64
"""Levels of nesting that are kept; iRacing's documents have eight."""

_INT64 = (-(2**63), 2**63 - 1)
_ODD_TEXT = re.compile("[\0\ud800-\udfff]")
# In JSON text: NUL, a surrogate (a pair is one too), or a number that may exceed 64 bits.
_SUSPECT = re.compile(r"\\u(?:0000|d[89a-f])|\d{19}", re.IGNORECASE)


class TooDeepError(PipelineError, ValueError):
    """A document is nested deeper than any of iRacing's."""


def parse(text: str) -> Any:
    """The document in a text.

    Raises:
        ValueError: If it is no JSON; the message says where it breaks.
        TooDeepError: If it is nested too deeply.
    """
    try:
        document = json.loads(text, parse_int=_whole, parse_constant=str)
    except RecursionError:
        raise TooDeepError(f"it is nested more than {DEEPEST} levels deep") from None
    if _depth(document) > DEEPEST:
        raise TooDeepError(f"it is nested more than {DEEPEST} levels deep")
    return _storable(document, DEEPEST) if _SUSPECT.search(text) else document


def dump(document: object) -> str:
    """A document as JSON text that PostgreSQL takes and reads back the same.

    NUL is removed and half a surrogate pair replaced; a number that is not finite, or exceeds 64
    bits, becomes text; what lies too deep becomes null.
    """
    try:
        text = json.dumps(document, separators=(",", ":"), allow_nan=False)
        if not _SUSPECT.search(text):
            return text
    except (ValueError, RecursionError):
        pass
    return json.dumps(_storable(document, DEEPEST), separators=(",", ":"), allow_nan=False)


def storable_text(text: str) -> str:
    """Text without NUL, and with U+FFFD for each half of a surrogate pair."""
    if not _ODD_TEXT.search(text):
        return text
    # Two halves that belong together are one character.
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")


def _whole(digits: str) -> int | str:
    # Python refuses to convert thousands of digits, and no column holds more than 64 bits.
    return int(digits) if len(digits) <= 20 else digits


def _storable(value: object, levels: int) -> object:
    if isinstance(value, dict | list | tuple) and not levels:
        return None
    if isinstance(value, dict):
        below = levels - 1
        return {storable_text(str(name)): _storable(each, below) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(each, levels - 1) for each in value]
    return _storable_value(value)


def _storable_value(value: object) -> object:
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not _INT64[0] <= value <= _INT64[1]:
        return _digits(value)
    return value


def _digits(value: int) -> str:
    return str(value) if value.bit_length() < 1_000 else "a number of more than 300 digits"


def _depth(document: object) -> int:
    """Levels of nesting, counted without recursion, and no further than one too many."""
    level, depth = [document], 0
    while level and depth <= DEEPEST:
        inner: list[object] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        depth += bool(inner)
        if not inner:
            break
        level = inner
    return depth
