"""Watch the telemetry folder and load ready files, many in a run."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg

from iracing_pipeline.defs.resources import LakeResource, TelemetryFolder, WarehouseResource
from iracing_pipeline.defs.telemetry.assets import ATTEMPT, telemetry
from iracing_pipeline.defs.telemetry.checks import FILE_CHECKS
from iracing_pipeline.defs.telemetry.partitions import BATCH, ibt_files, ranges
from iracing_pipeline.defs.unfinished_runs import unfinished
from iracing_pipeline.inbox.telemetry_folder import (
    FolderMissingError,
    Refusal,
    State,
    TelemetryFile,
    batches,
    list_folder,
    look,
)
from iracing_pipeline.warehouse import Connection, inventory, quarantine

PURPOSE = {"iracing/purpose": "load-telemetry"}

# Batches asked for at one tick: creating a run takes the daemon up to a second.
_MOST_RUNS = 10
# Files a run, at each attempt. A file whose run ended without loading it is tried again in a
# smaller run, so that one which brings its run down does not take others into quarantine. A run
# that never began is no attempt: the machine was busy or stopped, and no file was read.
_FILES_A_RUN = (BATCH, 7, 1)

load_telemetry = dg.define_asset_job(
    "load_telemetry",
    # Checks of whole tables follow once for many loads, with the figures.
    selection=dg.AssetSelection.assets(telemetry).without_checks()
    | dg.AssetSelection.checks(*(spec.key for spec in FILE_CHECKS)),
    config={"loggers": {"console": {"config": {"log_level": "INFO"}}}},
    description="Frames, sessions and laps of a batch of .ibt files.",
)


@dg.sensor(
    job=load_telemetry,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Loads .ibt files that have stood still; see ops.telemetry_file for each file.",
)
def telemetry_folder_sensor(
    context: dg.SensorEvaluationContext,
    telemetry_folder: TelemetryFolder,
    warehouse: WarehouseResource,
    lake: LakeResource,
) -> dg.SensorResult | dg.SkipReason:
    """List the folder, and request runs that load ready files."""
    now = datetime.now(UTC)
    with warehouse.connect() as connection:
        inventoried = inventory.read(connection, lock=True)
        try:
            seen = look(
                list_folder(telemetry_folder.path),
                inventoried,
                inventory.loaded_records(connection),
                now=now,
                folder=telemetry_folder.path,
            )
        except FolderMissingError as error:
            return dg.SkipReason(str(error))
        quarantine_all(connection, seen.refused)
        inventory.write(connection, seen.changed)
        files = inventoried | {file.path: file for file in seen.changed}
        ready = sorted(
            (file for file in files.values() if file.state is State.READY),
            key=lambda file: file.session_key or "",
        )
        wanted = _to_request(context.instance, connection, ready, now)
        fitting = _fitting(wanted, lake.open().free_bytes())
        groups = [
            group
            for attempts, most in enumerate(_FILES_A_RUN)
            for group in batches((f for f in fitting if f.attempts == attempts), most=most)
        ][:_MOST_RUNS]
        asked = [file for group in groups for file in group]
        inventory.write(connection, [replace(file, requested_at=now) for file in asked])
    if wanted and not asked:
        return dg.SkipReason(
            f"{len(wanted)} files wait, as the disk of the lake has no room for any of them:"
            " make room, and they are loaded"
        )
    if not asked:
        waiting = sum(file.state is State.WAITING for file in files.values())
        return dg.SkipReason(
            f"{len(files)} files known, {waiting} still being written, {len(ready)} being loaded"
        )
    return _requests(context.instance, groups, now)


def quarantine_all(connection: Connection, refused: Iterable[Refusal]) -> None:
    """Put refused files into quarantine."""
    for refusal in refused:
        quarantine.put(
            connection,
            source="telemetry",
            item=refusal.file.path,
            reason=refusal.reason,
            advice=refusal.advice,
            error_type=refusal.error_type,
            file_name=refusal.file.file_name,
            size_bytes=refusal.file.size_bytes,
            modified_at=refusal.file.modified_at,
        )


def _to_request(
    instance: dg.DagsterInstance,
    connection: Connection,
    ready: list[TelemetryFile],
    now: datetime,
) -> list[TelemetryFile]:
    """Those of the ready files that no run is going to load; the hopeless go to quarantine."""
    fresh = [file for file in ready if file.requested_at is None]
    asked = [file for file in ready if file.requested_at is not None]
    if not asked or unfinished(instance, tags=PURPOSE):
        return fresh
    again = []
    for file in asked:
        if now - (file.requested_at or now) < timedelta(seconds=30):
            continue  # its run may not have been created yet
        if file.attempts < len(_FILES_A_RUN):
            again.append(file)
            continue
        reason = f"{file.attempts} runs ended without loading it"
        refused = replace(file, state=State.QUARANTINED, note=reason)
        advice = "Look at the failed runs in Dagster, then materialize its partition again."
        quarantine_all(connection, [Refusal(refused, reason, advice, "RunFailed")])
        inventory.write(connection, [refused])
    return fresh + again


def _fitting(files: list[TelemetryFile], room: int | None) -> list[TelemetryFile]:
    """Those of the files that the disk has room for; frames are smaller than their file."""
    if room is None:
        return files
    kept = []
    for file in files:
        if file.size_bytes <= room:
            room -= file.size_bytes
            kept.append(file)
    return kept


def _requests(
    instance: dg.DagsterInstance, groups: list[list[TelemetryFile]], now: datetime
) -> dg.SensorResult:
    """A run for each group, and partitions for the sessions that are new."""
    order = list(instance.get_dynamic_partitions(str(ibt_files.name)))
    old = set(order)
    keys = [str(file.session_key) for group in groups for file in group]
    new = list(dict.fromkeys(key for key in keys if key not in old))
    order += new
    # Each tick asks under keys of its own: what was asked for is kept in the inventory, and a
    # file that comes back, grown or repaired, must be loaded again.
    runs = [
        dg.RunRequest(run_key=f"{now.isoformat()}/{number}", tags=tags)
        for number, tags in enumerate(
            (tags for group in groups for tags in run_tags(group, order)), start=1
        )
    ]
    return dg.SensorResult(
        run_requests=runs,
        dynamic_partitions_requests=[ibt_files.build_add_request(new)] if new else [],
    )


def run_tags(group: Sequence[TelemetryFile], order: Sequence[str]) -> list[dict[str, str]]:
    """The tags of the runs for some files, which are best tried as often as each other.

    Args:
        group: The files.
        order: All partitions, in the order in which they were added; theirs are among them.
    """
    attempt = {ATTEMPT: str(1 + min(file.attempts for file in group))}
    spans = ranges([str(file.session_key) for file in group], order)
    return [{**PURPOSE, **attempt, **span} for span in spans]
