"""Dagster's own storage, in the data folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from iracing_pipeline import private

if TYPE_CHECKING:
    from iracing_pipeline.settings import Settings

PACKAGE = Path(__file__).resolve().parent.parent

LOCATION = "iracing_pipeline"
"""The name of the code location, as in every workspace file and in ``pyproject.toml``."""

# In the checkout's file they keep storage in the checkout; in a Dagster home, it has its place.
_PLACES = ("storage", "local_artifact_storage", "compute_logs")


def prepare(settings: Settings) -> Path:
    """Make the folder that ``DAGSTER_HOME`` is to name, configured as the project's own file says.

    A ``DAGSTER_HOME`` that is set already is used as it is.
    """
    if chosen := os.environ.get("DAGSTER_HOME"):
        return Path(chosen)
    home = settings.home / "dagster"
    private.close(settings.home)
    private.close(home)
    shipped = yaml.safe_load(_shipped().read_text(encoding="utf-8"))
    wanted = yaml.safe_dump({key: shipped[key] for key in shipped if key not in _PLACES})
    file = home / "dagster.yaml"
    if not file.exists() or file.read_text(encoding="utf-8") != wanted:
        file.write_text(wanted, encoding="utf-8", newline="\n")
    return home


def workspace(settings: Settings) -> Path:
    """Write the workspace file of ``iracing-pipeline up``; its path.

    The checkout's own file cannot serve: it adds the checkout to the import path, and a wheel does
    not hold it. Both name the code location alike, because sensors keep their state by that name.
    """
    module = {"module_name": "iracing_pipeline.definitions", "location_name": LOCATION}
    file = settings.home / "workspace.yaml"
    text = yaml.safe_dump({"load_from": [{"python_module": module}]})
    file.write_text(text, encoding="utf-8", newline="\n")
    return file.absolute()


def enter(settings: Settings) -> Path:
    """Prepare the Dagster home and make this process use it."""
    private.from_now_on()
    home = prepare(settings)
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    return home


def upgrade() -> None:
    """Bring the storage that ``DAGSTER_HOME`` names to the state that this Dagster needs.

    Its tables are made when they are missing.
    """
    import dagster as dg  # noqa: PLC0415 - the rest of this file does without, and it takes long

    with dg.DagsterInstance.get() as instance:
        instance.upgrade()


def _shipped() -> Path:
    """``dagster.yaml``: in the wheel inside the package, in a checkout beside it."""
    inside = PACKAGE / "dagster.yaml"
    return inside if inside.exists() else PACKAGE.parent / "dagster.yaml"
