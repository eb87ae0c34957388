"""The command that looks at everything the pipeline needs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from iracing_pipeline.cli.console import echo, echo_coloured

if TYPE_CHECKING:
    from iracing_pipeline.local.check import Finding

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.command(epilog="Examples: iracing-pipeline check; iracing-pipeline check --json")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(*, as_json: bool) -> None:
    """Check everything that the pipeline needs, and print how to fix each problem.

    The exit code is 1 if there is a problem. No login and no request of the Data API is spent.
    """
    from iracing_pipeline.local.check import State
    from iracing_pipeline.local.check import check as look

    findings = look()
    if as_json:
        echo(json.dumps([asdict(each) for each in findings], indent=2))
    else:
        _print(findings)
    sys.exit(1 if any(each.state is State.WRONG for each in findings) else 0)


def _print(findings: list[Finding]) -> None:
    from iracing_pipeline.local.check import State

    colours = {State.OK: "green", State.WARNING: "yellow", State.WRONG: "red"}
    width = max(len(each.subject) for each in findings)
    for each in findings:
        echo_coloured(f"{each.state:<7}", colours[each.state])
        echo(f"  {each.subject:<{width}}  {each.said}")
        if each.advice:
            echo(f"{'':<{width + 11}}{each.advice}")
    counts = [sum(each.state is state for each in findings) for state in State]
    echo("{} ok, {} warnings, {} wrong.".format(*counts))
