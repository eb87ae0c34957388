"""The setup that the car was driven on."""

from __future__ import annotations

import re
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from iracing_pipeline.report import words

if TYPE_CHECKING:
    from iracing_pipeline.report.data import SessionData


def section(data: SessionData) -> str:
    """Its settings, part by part."""
    name = data.session["setup_name"]
    if not data.settings:
        return words.section("setup", "Setup", words.empty("The file holds no setup."))
    parts = []
    for part, settings in groupby(data.settings, key=lambda each: _place(each[0])[0]):
        rows = "".join(
            f"<dt>{escape(_place(path)[1])}</dt><dd>{escape(value)}</dd>"
            for path, value in settings
        )
        parts.append(f'<div class="part"><h3>{escape(part)}</h3><dl>{rows}</dl></div>')
    about = f"As iRacing writes it{f': {name}' if name else ''}; what the tyres read is left out."
    return words.section(
        "setup", "Setup", f'<div class="setup">{"".join(parts)}</div>', about=about
    )


def _place(path: str) -> tuple[str, str]:
    """Part and name of a setting: ``Chassis.LeftFront.SpringRate`` is Chassis, left front."""
    *parts, name = path.split(".")
    return " \u00b7 ".join(map(_spaced, parts)) or "General", _spaced(name)


def _spaced(name: str) -> str:
    words_ = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return words_[:1].upper() + words_[1:].lower() if words_ else name
