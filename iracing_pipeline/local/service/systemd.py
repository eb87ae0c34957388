"""A unit for the user's own systemd, on Linux."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.local.service.service import COMMANDS

if TYPE_CHECKING:
    from iracing_pipeline.local.service.service import Service


def unit(service: Service) -> str:
    """The unit's file.

    Only the command itself is stopped with the unit: it ends Dagster, and the embedded database
    belongs to everybody who uses it.
    """
    command = " ".join(
        _quoted(part, command=True)
        for part in (str(service.python), "-m", "iracing_pipeline", service.command)
    )
    settings = [
        f"Environment={_quoted(f'{name}={value}')}"
        for name, value in sorted(service.settings.items())
    ]
    lines = [
        "[Unit]",
        f"Description={COMMANDS[service.command]} (iracing-pipeline {service.command})",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        f"ExecStart={command}",
        *settings,
        "Restart=on-failure",
        "RestartSec=10",
        "KillMode=process",
        "TimeoutStopSec=90",
        "NoNewPrivileges=true",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str, *, command: bool = False) -> str:
    """Text as one word: systemd unescapes it, and replaces what follows ``%`` and ``$``."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return '"' + (escaped.replace("$", "$$") if command else escaped) + '"'
