"""Candidates for iRacing's telemetry folder on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Mapping

# OneDrive's folders: of nobody in particular, of a private and of a company's account.
_ONEDRIVE = ("OneDrive", "OneDriveConsumer", "OneDriveCommercial")
_BELOW = Path("iRacing", "telemetry")


def telemetry_candidates(env: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """List folders that may be the telemetry folder, the most likely first; they need not exist.

    The folder Documents is where the system says, which on Windows may be in OneDrive and have
    another name there in each language. A folder that was moved leaves the old one behind.

    Args:
        env: The environment; None for the process's own.
    """
    env = os.environ if env is None else env
    documents = [Path(platformdirs.user_documents_dir()), Path.home() / "Documents"]
    for name in _ONEDRIVE:
        if root := env.get(name):
            documents += sorted(each.parent.parent for each in Path(root).glob(f"*/{_BELOW}"))
    return tuple(dict.fromkeys(each / _BELOW for each in documents))
