"""How wide a text is in Grafana's tables: Inter at 14 px, 6 px on each side of a cell."""

from __future__ import annotations

CELL_PADDING_PX = 12
HEADER_PADDING_PX = 22  # beside the padding, the handle that resizes the column
TITLE_PADDING_PX = 58
LINK_PX = 38  # what Grafana keeps free beside a linked text
_FONT_PX = 14
_HEADER_WEIGHT = 1.03  # headers are of weight 500

# Advance widths of Inter, in thousandths of an em: the characters of each width class.
_CLASSES = {
    242: "ijl", 269: "I", 285: " !,.:;", 330: "t|'`", 365: "()/\\[]fr", 407: "1", 440: "-{}^_*",
    550: "acekszvxyJ?", 590: "EFLPhnuo5", 620: "02346789bdgpq#$", 650: "ABRSTXYZK", 690: "CDV+<>=~",
    745: "GHNUOQ&", 820: "w", 880: "m", 970: "MW%@",
}  # fmt: skip
_EM = {character: width for width, characters in _CLASSES.items() for character in characters}
_OTHER_EM = 690  # letters with accents, arrows


def text_px(text: str, *, header: bool = False) -> float:
    """The width of a text in a table, in pixels."""
    ems = sum(_EM.get(character, _OTHER_EM) for character in text) / 1000
    return ems * _FONT_PX * (_HEADER_WEIGHT if header else 1)


def header_px(text: str) -> float:
    """Width that a column needs for its header, in pixels."""
    return text_px(text, header=True) + HEADER_PADDING_PX


def title_px(text: str) -> float:
    """Width that a panel needs for its title and the sign of its description, in pixels."""
    return text_px(text, header=True) + TITLE_PADDING_PX


def cell_px(text: str) -> float:
    """Width that a column needs for a text, in pixels."""
    return text_px(text) + CELL_PADDING_PX
