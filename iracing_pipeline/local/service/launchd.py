"""A launch agent, on macOS."""

from __future__ import annotations

import plistlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iracing_pipeline.local.service.service import Service


def agent(service: Service) -> bytes:
    """The agent's property list.

    What it has started is left when it ends: it ends Dagster itself, and the embedded database
    belongs to everybody who uses it.
    """
    return plistlib.dumps(
        {
            "Label": service.name,
            "ProgramArguments": [
                str(service.python), "-m", "iracing_pipeline", service.command,
            ],
            "EnvironmentVariables": dict(service.settings),
            "WorkingDirectory": str(service.home),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "AbandonProcessGroup": True,
            "StandardOutPath": str(service.log),
            "StandardErrorPath": str(service.log),
        }
    )  # fmt: skip
