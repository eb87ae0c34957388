"""The report as a page: its sections from top to bottom."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from iracing_pipeline import __version__
from iracing_pipeline.page import Page
from iracing_pipeline.page.document import asset
from iracing_pipeline.page.units import for_script
from iracing_pipeline.report.sections import (
    compare,
    consistency,
    findings,
    fuel,
    header,
    laps,
    race,
    sectors,
    setup,
    stints,
    tyres,
)

if TYPE_CHECKING:
    from iracing_pipeline.report.data import SessionData

_LINKS = (
    ("laps", "Laps"),
    ("compare", "Compare"),
    ("sectors", "Sectors"),
    ("consistency", "Consistency"),
    ("fuel", "Fuel"),
    ("stints", "Stints"),
    ("tyres", "Tyres"),
    ("setup", "Setup"),
)


def report(data: SessionData, *, units: str = "metric") -> str:
    """A session as one HTML file.

    It holds no id of the driver, no path and no name of a file.

    Args:
        data: The session.
        units: ``metric`` or ``imperial``: what it shows until its reader chooses.
    """
    page = Page(title=f"{header.title(data)}: {header.kind(data)}")
    page.styles = (asset("report.css", "iracing_pipeline.report"),)
    compared = compare.section(data, page.charts)
    page.data = {"quantities": for_script(), "cursors": compared.cursors, "units": units}
    page.body = "".join(
        (
            _bar(data),
            "<main>",
            header.section(data),
            findings.section(data),
            race.section(data, page.charts),
            laps.section(data, page.charts),
            compared.html,
            '<div class="pair">',
            sectors.section(data),
            consistency.section(data),
            "</div>",
            fuel.section(data, page.charts),
            stints.section(data),
            tyres.section(data, page.charts),
            setup.section(data),
            "</main>",
            _foot(data),
        )
    )
    return page.html()


def _bar(data: SessionData) -> str:
    raced = data.session["simsession_type"] == "Race"
    links = "".join(
        f'<a href="#{name}">{title}</a>'
        for name, title in ((("race", "Race"),) if raced else ()) + _LINKS
    )
    switches = "".join(
        '<span class="switch" role="group">'
        + "".join(
            f'<button type="button" data-set="{name}={value}">{text}</button>'
            for value, text in options
        )
        + "</span>"
        for name, options in (
            ("units", (("metric", "Metric"), ("imperial", "Imperial"))),
            ("theme", (("light", "Light"), ("dark", "Dark"))),
        )
    )
    return (
        f'<nav class="bar"><b>{escape(header.title(data))}</b><span class="links">{links}</span>'
        f'<span class="switches">{switches}</span></nav>'
    )


def _foot(data: SessionData) -> str:
    made = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return (
        "<footer><p>A lap is clean when it was driven from line to line and no reason"
        " excludes it. Best lap, spread, fuel and findings come from clean laps only. Lap times are"
        " reconstructed from the telemetry and checked against iRacing's own.</p>"
        f"<p>Session {escape(data.session['session_key'])}. Made by iracing-pipeline"
        f" {escape(__version__)} on {made}. The file works alone, without a"
        " network.</p><noscript><p>Charts, units and the comparison's choice need"
        " JavaScript; words and tables do not.</p></noscript></footer>"
    )
