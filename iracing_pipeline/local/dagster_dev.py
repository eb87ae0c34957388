"""``dagster dev`` with a guarded webserver, and children that get no more than they need.

``dagster dev`` starts a webserver, a daemon and a code server. The first two run none of our code,
and get no secret of ours.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from iracing_pipeline.child_environment import of_orchestrator
from iracing_pipeline.dagster_private import dev_command, dev_module

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

WEBSERVER = "iracing_pipeline.local.webserver"
dev = dev_module()
_open = dev.open_ipc_subprocess


def open_child(parts: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """Start one of Dagster's processes; our webserver in place of its own."""
    command = [WEBSERVER if part == "dagster_webserver" else part for part in parts]
    child: subprocess.Popen[Any] = _open(command, env=of_orchestrator(), **options)
    return child


def main() -> None:
    """Run ``dagster dev`` with the arguments of this process."""
    dev.open_ipc_subprocess = open_child
    sys.argv[1:1] = ["dev"]
    dev_command()()


if __name__ == "__main__":
    main()
