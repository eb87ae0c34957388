"""Print session info as iRacing does: YAML to look at, but nothing is ever quoted or escaped.

One space of indentation a level; the dashes of a list stand right below its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Tree = Mapping[str, "Tree | Sequence[Tree] | str | int"]
"""Nested keys. A string is printed as it is; a sequence becomes items, an empty one nothing."""


def print_session_info(sections: Tree) -> str:
    """Text of the session info: sections apart by blank lines, between ``---`` and ``...``."""
    parts = ["".join(_lines(name, tree, 0)) for name, tree in sections.items()]
    return "---\n" + "\n".join(parts) + "\n...\n"


def _lines(key: str, value: Tree | Sequence[Tree] | str | int, depth: int) -> list[str]:
    indent = " " * depth
    if isinstance(value, Mapping):
        lines = [f"{indent}{key}:\n"]
        for name, child in value.items():
            lines += _lines(name, child, depth + 1)
        return lines
    if isinstance(value, str | int):
        return [f"{indent}{key}: {value}\n"]
    lines = [f"{indent}{key}:\n"]
    for item in value:
        lines += _item(item, depth)
    return lines


def _item(item: Tree, depth: int) -> list[str]:
    """An item: a dash below the key of the list, its keys two columns in."""
    lines = []
    for name, child in item.items():
        lines += _lines(name, child, depth + 2)
    indent = " " * depth
    lines[0] = f"{indent}- {lines[0].lstrip(' ')}"
    return lines
