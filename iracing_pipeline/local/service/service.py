"""A background service: one of our commands, with settings."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS = {
    "up": "Watches the telemetry folder, and serves the Dagster UI",
    "live": "Serves the car as it is now to Prometheus",
    "metrics": "Serves last-known values to Prometheus",
}
# What the files of a service's definition must not hold: others may read them.
_SECRET = ("PASSWORD", "SECRET", "TOKEN", "DATABASE_URL")


@dataclass(frozen=True, slots=True)
class Service:
    """A command that runs in the background.

    Attributes:
        command: A key of ``COMMANDS``.
        home: The data folder, which the log is in.
        settings: The environment variables that it gets beside the user's own.
        python: The program that runs it.
    """

    command: str
    home: Path
    settings: Mapping[str, str]
    python: Path = field(default_factory=lambda: Path(sys.executable))

    @property
    def name(self) -> str:
        """Its name, for people and for the system."""
        return f"iracing-pipeline-{self.command}"

    @property
    def log(self) -> Path:
        """Log file of its output, where the system does not keep it."""
        return self.home / "logs" / f"{self.command}.log"


def settings_of(env: Mapping[str, str], home: Path) -> dict[str, str]:
    """The settings that a service gets: those of now, without secrets."""
    taken = {
        name: value
        for name, value in env.items()
        if _ours(name) and value and not name.endswith(_SECRET)
    }
    # Relative to the folder of now, which is not that of the service.
    for name, value in taken.items():
        if name.endswith(("_FILE", "_DIR", "_HOME", "_DATA")):
            taken[name] = str(Path(value).expanduser().absolute())
    return {"IRACING_HOME": str(home)} | taken


def withheld(env: Mapping[str, str]) -> list[str]:
    """The secrets that are set, and that a service does not get."""
    return sorted(name for name in env if _ours(name) and env[name] and name.endswith(_SECRET))


def _ours(name: str) -> bool:
    return name.startswith("IRACING_") or name == "DAGSTER_HOME"
