"""One self-contained HTML file.

The content security policy forbids every request, and every script but the two whose hashes it
names. plotly.js is kept compressed, which makes a file a third of the size; browsers have
unpacked such streams since 2023.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib import resources
from typing import Any

from iracing_pipeline.page.charts import Charts


@dataclass(slots=True)
class Page:
    """A page under construction.

    Attributes:
        title: Text of the browser's tab.
        body: HTML of the page.
        styles: Style sheets after the page's own.
        charts: Charts that the body has elements for.
        data: What else the page's script reads, as JSON.
        theme: ``auto`` to follow the reader's system, ``dark`` or ``light``.
        reloads_every_s: After how many seconds the page loads itself again; None for never.
    """

    title: str
    body: str = ""
    styles: tuple[str, ...] = ()
    charts: Charts = field(default_factory=Charts)
    data: dict[str, Any] = field(default_factory=dict)
    theme: str = "auto"
    reloads_every_s: int | None = None

    def html(self) -> str:
        """The whole file."""
        script = asset("page.js")
        island = json_island({**self.data, "figures": self.charts.figures})
        library = (
            f'<script type="text/plain" id="plotly">{_packed_plotly()}</script>'
            if self.charts.figures
            else ""
        )
        policy = (
            "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:;"
            f" script-src {_hash(script)} {_plotly_hash()};"
            " base-uri 'none'; form-action 'none'"
        )
        reload = (
            f'<meta http-equiv="refresh" content="{self.reloads_every_s}">\n'
            if self.reloads_every_s
            else ""
        )
        style = "\n".join((asset("page.css"), *self.styles))
        return (
            f'<!DOCTYPE html>\n<html lang="en" data-theme="{escape(self.theme)}">\n<head>\n'
            '<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"{reload}"
            '<meta name="referrer" content="no-referrer">\n'
            '<meta name="color-scheme" content="light dark">\n'
            f"<title>{escape(self.title)}</title>\n<style>\n{style}</style>\n</head>\n"
            f"<body>\n{self.body}\n"
            f'<script type="application/json" id="page-data">{island}</script>\n'
            f"{library}\n<script>{script}</script>\n</body>\n</html>\n"
        )


def asset(name: str, package: str = "iracing_pipeline.page") -> str:
    """Text of a file that lies beside the code."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def json_island(value: object) -> str:
    """JSON that may stand in a script element: nothing in it can end the element.

    A number that is not finite is null, which charts show as a gap: JSON has none.
    """
    try:
        text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=True, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - most commands draw nothing

    return str(get_plotlyjs())


@cache
def _packed_plotly() -> str:
    return base64.b64encode(gzip.compress(_plotly().encode(), 9, mtime=0)).decode()


@cache
def _plotly_hash() -> str:
    return _hash(_plotly())


def _hash(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
