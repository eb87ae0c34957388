"""Dagster's daemon, which runs sensors and schedules: alive, by its heartbeats."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from iracing_pipeline.local.check.finding import ok, warning, wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from iracing_pipeline.dagster_private import DaemonHeartbeat
    from iracing_pipeline.local.check.finding import Finding

SUBJECT = "Dagster daemon"
SILENT_AFTER_S = 120.0  # they say that they live every half minute
_START = "Start it: iracing-pipeline up"


def daemon(home: Path) -> list[Finding]:
    """Check whether the daemon of a Dagster home lives; a missing home is not created."""
    if not (home / "dagster.yaml").exists():
        return [warning(SUBJECT, "it has never run: nothing watches the telemetry folder", _START)]
    # Imported here: they take a second, and there may be nothing to ask.
    import dagster as dg  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    try:
        with dg.DagsterInstance.from_config(str(home)) as instance:
            beats = instance.get_daemon_heartbeats()
            needed = instance.get_required_daemon_types()
    except (dg.DagsterError, SQLAlchemyError, OSError) as error:
        message = (
            f"Dagster's storage in {home} cannot be read: {' '.join(str(error).split())[:200]}"
        )
        return [wrong(SUBJECT, message, "See the dagster.yaml there, and its storage")]
    return [_of(beats, needed)]


def _of(beats: Mapping[str, DaemonHeartbeat], needed: Iterable[str]) -> Finding:
    now = time.time()
    silent_s = now - max((beat.timestamp for beat in beats.values()), default=0.0)
    if not beats or silent_s > SILENT_AFTER_S:
        since = f" (silent for {silent_s / 60:.0f} min)" if beats else ""
        return warning(SUBJECT, f"it does not run{since}: no file is loaded by itself", _START)
    stuck = [
        kind for kind in needed
        if kind not in beats or now - beats[kind].timestamp > SILENT_AFTER_S
    ]  # fmt: skip
    if stuck:
        message = f"{', '.join(sorted(stuck)).lower()} silent"
        return wrong(SUBJECT, message, "Stop iracing-pipeline up and start it again")
    errors = [(kind, each) for kind in needed for each in beats[kind].errors or []]
    if errors:
        kind, error = errors[0]
        message = f"{kind.lower()} fails: {' '.join(error.message.split())[:200]}"
        return wrong(SUBJECT, message, "See Deployment, Daemons in the Dagster UI")
    return ok(SUBJECT, f"its last heartbeat was {silent_s:.0f} s ago")
