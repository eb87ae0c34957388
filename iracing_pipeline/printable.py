"""Text that cannot control a terminal."""

from __future__ import annotations

import re
import unicodedata

_KEPT = "\n\t"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def printable(text: str) -> str:
    r"""Text in which control and format characters are escaped, as ``\x1b`` for Escape.

    A driver's name or a file's name may hold sequences that move the cursor, change the window's
    title or write to the clipboard; a format character can turn the direction of a line around.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter if letter in _KEPT or not _controls(letter) else _escaped(letter) for letter in text
    )


def without_colours(text: str) -> str:
    """Text without the sequences that choose a colour, which Dagster's log always has."""
    return _COLOUR.sub("", text)


def _controls(letter: str) -> bool:
    # Cc: controls of both ranges. Cf: format, such as directions. Cs: half a surrogate pair.
    # Zl, Zp: separators that some terminals take for a new line.
    return unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _escaped(letter: str) -> str:
    if ord(letter) > 0x7F:  # in JSON as well, which has no \\x and may hold these as they are
        return f"\\u{ord(letter):04x}"
    return letter.encode("unicode_escape", "backslashreplace").decode("ascii")
