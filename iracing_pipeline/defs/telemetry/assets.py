"""The telemetry assets: from the files that iRacing writes to frames, sessions and laps.

One step decodes a file into all of them: it is read once, and a run takes many files.
"""

from collections.abc import Iterator

import dagster as dg

from iracing_pipeline.analysis.samples import MissingChannelError
from iracing_pipeline.defs.batch import Batch
from iracing_pipeline.defs.resources import LakeResource, WarehouseResource
from iracing_pipeline.defs.telemetry import metadata
from iracing_pipeline.defs.telemetry.checks import CHECKS, Findings
from iracing_pipeline.defs.telemetry.partitions import BATCH, ibt_files
from iracing_pipeline.ibt import FileChangedError, IbtError, IbtFile
from iracing_pipeline.inbox.telemetry_folder import State, TelemetryFile
from iracing_pipeline.ingest.telemetry import (
    FRAMES,
    KIND,
    ShorterThanLoadedError,
    StoredFrames,
    Telemetry,
    analyse,
    load,
    store_frames,
)
from iracing_pipeline.lake import Lake, NotInLakeError
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse import Connection, LoadError, inventory, quarantine

GROUP = "telemetry"
OWNERS = ["team:racing"]

telemetry_files = dg.AssetSpec(
    "telemetry_files",
    group_name=GROUP,
    owners=OWNERS,
    kinds={"file", "iracing"},
    description="The .ibt files that iRacing writes: one for each stay in the car, 60 Hz.",
)

ibt_frames = dg.AssetSpec(
    "ibt_frames",
    deps=[telemetry_files],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"parquet", "polars"},
    code_version="1",
    description="Every record and channel of one file as Parquet in the lake, with its units.",
)

telemetry_sessions = dg.AssetSpec(
    "telemetry_sessions",
    deps=[ibt_frames],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"postgres", "polars"},
    code_version="1",
    description=TELEMETRY_SESSION.doc,
    metadata=metadata.of_table(TELEMETRY_SESSION),
)

telemetry_laps = dg.AssetSpec(
    "telemetry_laps",
    deps=[ibt_frames, telemetry_sessions],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"postgres", "polars"},
    code_version="1",
    description=TELEMETRY_LAP.doc,
    metadata=metadata.of_table(TELEMETRY_LAP),
)

FILE_FAULTS = (
    IbtError,
    MissingChannelError,
    ShorterThanLoadedError,
    LoadError,
    NotInLakeError,
    OSError,
)
"""What can be wrong with one file without anything being wrong with the others."""


@dg.multi_asset(
    specs=[ibt_frames, telemetry_sessions, telemetry_laps],
    check_specs=CHECKS,
    partitions_def=ibt_files,
    backfill_policy=dg.BackfillPolicy.multi_run(BATCH),
    can_subset=True,
    retry_policy=dg.RetryPolicy(max_retries=2, delay=2, backoff=dg.Backoff.EXPONENTIAL),
)
def telemetry(
    context: dg.AssetExecutionContext, lake: LakeResource, warehouse: WarehouseResource
) -> Iterator[dg.AssetCheckResult]:
    """Decode each file into frames, its session and its laps."""
    keys = context.partition_keys
    order = (ibt_frames.key, telemetry_sessions.key, telemetry_laps.key)
    selected = [key for key in order if key in context.selected_asset_keys]
    batch, findings, store = Batch(context), Findings(), lake.open()
    with warehouse.connect() as connection:
        sources = inventory.sources(connection, keys)
        loaded = inventory.loaded_records(connection)
        connection.commit()
        for number, key in enumerate(keys, start=1):
            source = sources.get(key)
            try:
                file = _open(source, key, store, at_least=loaded.get(key, 0))
                result = analyse(file or StoredFrames(store, key), at_least=loaded.get(key, 0))
                stored = store_frames(store, file) if file and ibt_frames.key in selected else None
                if selected != [ibt_frames.key]:
                    uri = store.uri(KIND, key, FRAMES) if store.exists(KIND, key, FRAMES) else None
                    load(connection, result, frames_uri=uri, run_id=context.run.run_id)
                    _settle(connection, source, file, result)
                connection.commit()
            except FILE_FAULTS as error:
                connection.rollback()
                _refuse(connection, source, error)
                batch.failed(key, str(error))
                continue
            findings.add(result, stored)
            shown = {
                ibt_frames.key: metadata.of_frames(file, stored, columns=number == len(keys)),
                telemetry_sessions.key: metadata.of_session(result),
                telemetry_laps.key: metadata.of_laps(result),
            }
            batch.done(
                key,
                {asset: shown[asset] for asset in selected},
                version=f"{key}:{result.facts.record_count}",
            )
            context.log.info("%d of %d: %s", number, len(keys), metadata.summary(result, stored))
    yield from findings.results(context.selected_asset_check_keys)
    batch.finish()


def _open(source: TelemetryFile | None, key: str, lake: Lake, *, at_least: int) -> IbtFile | None:
    """The file of a session; None where its frames in the lake are the better source.

    That is so when the file is gone, or when only a cut copy of it is left.
    """
    if source is None:
        return None
    try:
        file = IbtFile(source.path)
    except FileNotFoundError:
        if lake.exists(KIND, key, FRAMES):
            return None
        raise
    if file.session_key != key:
        raise FileChangedError(file.path, "it holds another session than before")
    if file.record_count < at_least and lake.exists(KIND, key, FRAMES):
        return None
    return file


def _settle(
    connection: Connection, source: TelemetryFile | None, file: IbtFile | None, result: Telemetry
) -> None:
    """Say in the inventory that the file is loaded."""
    if source is not None:
        records = file.record_count if file else None
        note = "; ".join(result.facts.warnings) or None
        inventory.mark(connection, source, State.LOADED, record_count=records, note=note)
        quarantine.resolve(connection, source="telemetry", items=[source.path])


def _refuse(connection: Connection, source: TelemetryFile | None, error: Exception) -> None:
    """Put a file aside: to be looked at again if it may come right by itself, else for good."""
    if source is None:
        return
    if isinstance(error, FileNotFoundError):
        inventory.mark(connection, source, State.MISSING, note="it vanished before it was read")
    elif isinstance(error, FileChangedError | PermissionError):
        inventory.mark(connection, source, State.WAITING, note=str(error))
    else:
        inventory.mark(connection, source, State.QUARANTINED, note=str(error))
        quarantine.put(
            connection,
            source="telemetry",
            item=source.path,
            reason=getattr(error, "reason", str(error)),
            advice=getattr(error, "advice", "Copy the file again from the racing PC."),
            error_type=type(error).__name__,
            file_name=source.file_name,
            size_bytes=source.size_bytes,
            modified_at=source.modified_at,
        )
    connection.commit()
