"""Commands that the system starts at log-on and starts again when they fail.

Each system has its own manager: the Task Scheduler, systemd, launchd. Pure functions make its
configuration; only ``manager`` runs its programs.
"""

from iracing_pipeline.local.service.manager import (
    ServiceError,
    default_commands,
    install,
    remove,
    status,
)
from iracing_pipeline.local.service.service import COMMANDS, Service, withheld

__all__ = [
    "COMMANDS",
    "Service",
    "ServiceError",
    "default_commands",
    "install",
    "remove",
    "status",
    "withheld",
]
