"""Text panels: the part of Markdown that the dashboards use; HTML is shown as its source."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iracing_pipeline.preview.panel import Panel


def draw(panel: Panel) -> str:
    """A panel of type ``text``."""
    content = str(panel.options.get("content") or "")
    if panel.options.get("mode", "markdown") != "markdown":
        panel.remarks.append("HTML is shown as its source")
        return f'<pre class="text">{escape(content)}</pre>'
    return f'<div class="text">{_markdown(content)}</div>'


def _markdown(content: str) -> str:
    blocks = []
    for block in re.split(r"\n\s*\n", content.strip()):
        lines = block.splitlines()
        heading = re.match(r"(#{1,4})\s+(.*)", lines[0]) if lines else None
        if heading:
            level = len(heading[1])
            blocks.append(f"<h{level}>{_inline(heading[2])}</h{level}>")
            lines = lines[1:]
        if lines and all(re.match(r"\s*[-*]\s+", line) for line in lines):
            items = (re.sub(r"^\s*[-*]\s+", "", line) for line in lines)
            blocks.append("<ul>" + "".join(f"<li>{_inline(i)}</li>" for i in items) + "</ul>")
        elif lines and lines[0].lstrip().startswith("|"):
            blocks.append(_table(lines))
        elif lines:
            blocks.append(f"<p>{_inline(' '.join(lines))}</p>")
    return "".join(blocks)


def _table(lines: list[str]) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    body = "".join(
        "<tr>" + "".join(f"<td>{_inline(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
        if not all(re.fullmatch(r":?-+:?", cell) for cell in row)
    )
    return f"<table>{body}</table>"


def _inline(text: str) -> str:
    text = escape(text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", text)
    text = re.sub(r"(?<!\*)\*([^*]+)\*", r"<em>\1</em>", text)
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r'<span class="link">\1</span>', text)
