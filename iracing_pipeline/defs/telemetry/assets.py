"""The telemetry assets: from the files that iRacing writes to laps and their figures.

One step decodes a file into all of them: it is read once, and a run takes many files.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import dagster as dg
import psycopg

from iracing_pipeline.defs.batch import Batch, Metadata
from iracing_pipeline.defs.resources import LakeResource, WarehouseResource
from iracing_pipeline.defs.retries import CANCELED, retried
from iracing_pipeline.defs.tables import description_of, metadata_of
from iracing_pipeline.defs.telemetry import lap_metadata, metadata
from iracing_pipeline.defs.telemetry.checks import FILE_CHECKS, Findings
from iracing_pipeline.defs.telemetry.partitions import BATCH, ibt_files
from iracing_pipeline.ibt import FileChangedError, IbtFile
from iracing_pipeline.inbox.telemetry_folder import State, TelemetryFile
from iracing_pipeline.ingest import lap_analysis, reference_lap
from iracing_pipeline.ingest.isolation import advice_of, reason_of
from iracing_pipeline.ingest.lap_tables import LAP_ASSETS
from iracing_pipeline.ingest.telemetry import (
    FRAMES,
    KIND,
    StoredFrames,
    analyse,
    load,
    store_frames,
    warnings_of,
)
from iracing_pipeline.lake import Lake, LakeError, NotInLakeError, disk_is_full
from iracing_pipeline.tables.telemetry import TELEMETRY_LAP, TELEMETRY_SESSION
from iracing_pipeline.warehouse import (
    Connection,
    audit,
    inventory,
    quarantine,
)

logger = logging.getLogger(__name__)

GROUP = "telemetry"
OWNERS = ["team:racing"]

ATTEMPT = "iracing/attempt"
"""Tag of a run that was asked to load files: at which attempt; also of one launched again."""

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
    description=description_of(TELEMETRY_SESSION),
    metadata=metadata_of(TELEMETRY_SESSION),
)

telemetry_laps = dg.AssetSpec(
    "telemetry_laps",
    deps=[ibt_frames, telemetry_sessions],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"postgres", "polars"},
    code_version="1",
    description=description_of(TELEMETRY_LAP),
    metadata=metadata_of(TELEMETRY_LAP),
)


LAP_SPECS = tuple(
    dg.AssetSpec(
        asset.name,
        deps=asset.deps,
        group_name=asset.group,
        owners=OWNERS,
        kinds={"postgres", "polars"},
        code_version=asset.code_version,
        description=" ".join([description_of(*asset.declared), asset.note]).strip(),
        metadata=metadata_of(*asset.declared),
    )
    for asset in LAP_ASSETS
)

LINEAGE = (ibt_frames, telemetry_sessions, telemetry_laps, *LAP_SPECS)
"""All of them, in order of dependency."""

NOT_OF_A_FILE = (psycopg.OperationalError, psycopg.InterfaceError, dg.Failure)
"""Errors that are not the file's: a database that cannot be reached, and an ended run."""


@dg.multi_asset(
    specs=LINEAGE,
    check_specs=FILE_CHECKS,
    partitions_def=ibt_files,
    backfill_policy=dg.BackfillPolicy.multi_run(BATCH),
    can_subset=True,
)
def telemetry(
    context: dg.AssetExecutionContext, lake: LakeResource, warehouse: WarehouseResource
) -> Iterator[dg.AssetCheckResult]:
    """Decode each file into frames, its session, its laps and their figures."""
    with retried(context), _asked_for_again(context, warehouse):
        yield from _load_files(context, lake, warehouse)


@contextmanager
def _asked_for_again(
    context: dg.AssetExecutionContext, warehouse: WarehouseResource
) -> Iterator[None]:
    """When the run is canceled, request the remaining files again."""
    try:
        yield
    except CANCELED:
        with warehouse.connect() as connection:
            inventory.postpone_all(
                connection, context.partition_keys, note="the run that was to load it was canceled"
            )
        raise


def _load_files(
    context: dg.AssetExecutionContext, lake: LakeResource, warehouse: WarehouseResource
) -> Iterator[dg.AssetCheckResult]:
    keys = context.partition_keys
    selected = [spec.key for spec in LINEAGE if spec.key in context.selected_asset_keys]
    batch, findings, store = Batch(context), Findings(), lake.open()
    tracks: set[int] = set()
    with warehouse.connect() as connection:
        if attempt := context.run.tags.get(ATTEMPT):
            inventory.begin(connection, keys, int(attempt))
        sources = inventory.sources(connection, keys)
        loaded = inventory.loaded_records(connection)
        connection.commit()
        for number, key in enumerate(keys, start=1):
            source = sources.get(key)
            try:
                file = _open(source, key, store, at_least=loaded.get(key, 0))
                result = analyse(file or StoredFrames(store, key), at_least=loaded.get(key, 0))
                stored = store_frames(store, file) if file and ibt_frames.key in selected else None
                track = lap_analysis.kept(connection, result.track_id)
                analysis = lap_analysis.analyse_laps(result, track)
                if selected != [ibt_frames.key]:
                    uri = store.uri(KIND, key, FRAMES) if store.exists(KIND, key, FRAMES) else None
                    load(
                        connection,
                        result,
                        frames_uri=uri,
                        left_out=analysis.left_out,
                        run_id=context.run.run_id,
                    )
                    lap_analysis.load(connection, key, analysis, run_id=context.run.run_id)
                    took = result.seconds | (stored.seconds if stored else {})
                    audit.record_steps(connection, key, took, run_id=context.run.run_id)
                    _settle(connection, source, file, warnings_of(result, analysis.left_out))
                connection.commit()
            except NOT_OF_A_FILE:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this file's alone
                connection.rollback()
                _refuse(connection, source, error)
                batch.failed(key, str(error))
                continue
            findings.add(result, stored)
            if result.track_id is not None:
                tracks.add(result.track_id)
            show: dict[dg.AssetKey, Callable[[], Metadata]] = {
                ibt_frames.key: partial(
                    metadata.of_frames, file, stored, columns=number == len(keys)
                ),
                telemetry_sessions.key: partial(metadata.of_session, result),
                telemetry_laps.key: partial(metadata.of_laps, result),
                **{
                    dg.AssetKey(asset.name): partial(lap_metadata.of_asset, asset, result, analysis)
                    for asset in LAP_ASSETS
                },
            }
            batch.done(
                key,
                {asset: shown(show[asset]) for asset in selected},
                version=f"{key}:{result.facts.record_count}",
            )
            context.log.info("%d of %d: %s", number, len(keys), metadata.summary(result, stored))
        if selected != [ibt_frames.key]:
            _measure_again(context, connection, store, tracks)
    yield from findings.results(context.selected_asset_check_keys)
    batch.finish()


def _measure_again(
    context: dg.AssetExecutionContext, connection: Connection, store: Lake, tracks: set[int]
) -> None:
    """Measure the sessions of some tracks that an earlier grid or corner map was used for."""
    reference_lap.move_to_grid(connection, sorted(tracks))
    connection.commit()
    for key in lap_analysis.outdated(connection, tracks):
        try:
            result = analyse(StoredFrames(store, key))
            analysis = lap_analysis.analyse_laps(
                result, lap_analysis.kept(connection, result.track_id)
            )
            lap_analysis.load(connection, key, analysis, run_id=context.run.run_id)
            connection.commit()
            context.log.info("%s: measured by the present grid and corners of its track", key)
        except NOT_OF_A_FILE:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this session's alone
            connection.rollback()
            context.log.warning(
                "%s is still measured by the earlier grid of its track: %s", key, error
            )


def shown(show: Callable[[], Metadata]) -> Metadata:
    """The metadata of an asset; why there is none where it cannot be shown.

    The rows are committed by then, so a picture that cannot be drawn fails nothing.
    """
    try:
        return show()
    except Exception as error:
        logger.exception("Metadata of an asset could not be made")
        return {"not shown": f"{type(error).__name__}: {error}"}


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
    connection: Connection, source: TelemetryFile | None, file: IbtFile | None, warnings: list[str]
) -> None:
    """Say in the inventory that the file is loaded."""
    if source is not None:
        records = file.record_count if file else None
        note = "; ".join(warnings) or None
        inventory.mark(connection, source, State.LOADED, record_count=records, note=note)
        quarantine.resolve(connection, source="telemetry", items=[source.path])


def _is_of_the_place(error: Exception) -> bool:
    """Return whether the lake or its disk is at fault, and not the file."""
    no_lake = isinstance(error, LakeError) and not isinstance(error, NotInLakeError)
    return no_lake or disk_is_full(error)


def _refuse(connection: Connection, source: TelemetryFile | None, error: Exception) -> None:
    """Refuse a file: to be tried again if the fault may pass, else for good."""
    if source is None:
        return
    if isinstance(error, FileNotFoundError):
        inventory.mark(connection, source, State.MISSING, note="it vanished before it was read")
    elif _is_of_the_place(error):
        inventory.postpone(connection, source, note=str(error))
    elif isinstance(error, FileChangedError | PermissionError):
        inventory.mark(connection, source, State.WAITING, note=str(error))
    else:
        inventory.mark(connection, source, State.QUARANTINED, note=str(error))
        quarantine.put(
            connection,
            source="telemetry",
            item=source.path,
            reason=reason_of(error),
            advice=advice_of(error),
            error_type=type(error).__name__,
            file_name=source.file_name,
            size_bytes=source.size_bytes,
            modified_at=source.modified_at,
        )
    connection.commit()
