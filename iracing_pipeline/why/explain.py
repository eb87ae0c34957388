"""From a figure's id to where it comes from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql

from iracing_pipeline import __version__
from iracing_pipeline.ingest.results import RESULT_KINDS, winners
from iracing_pipeline.ingest.telemetry import FRAMES, KIND
from iracing_pipeline.lake import NotInLakeError
from iracing_pipeline.warehouse import inventory, payloads
from iracing_pipeline.warehouse.read import read_table
from iracing_pipeline.why import again
from iracing_pipeline.why.explanation import Explanation, Load, Payload, Recording
from iracing_pipeline.why.fields import fields_of
from iracing_pipeline.why.lap_votes import lap_votes
from iracing_pipeline.why.reference import Reference, WhyError
from iracing_pipeline.why.rules import rule_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from upath import UPath

    from iracing_pipeline.ingest.telemetry import Telemetry
    from iracing_pipeline.lake import Lake
    from iracing_pipeline.warehouse.connection import Connection

_BLOCK = 1 << 20
_PARTITIONS = ("session_key", "subsession_id", "cust_id", "track_id")


def explain(connection: Connection, lake: Lake, reference: Reference) -> Explanation:
    """Explain the origin of a figure, and compute it again.

    Args:
        connection: As the owner, not in autocommit; nothing is written.
        lake: The lake with the frames.
        reference: The figure.

    Raises:
        WhyError: There is no such row.
        LakeError: The lake cannot be read.
    """
    table, key = reference.table, reference.key
    stored = again.row_of(read_table(connection, table, where=key), key)
    if stored is None:
        raise WhyError(f"There is no row {reference}", f"Look it up in {table.name}")
    rule = rule_of(table, reference.column.name)
    result = Explanation(
        id=str(reference),
        value=stored[reference.column.name],
        unit=reference.column.unit,
        meaning=reference.column.doc,
        docs=rule.docs,
        function=rule.function,
        code_version=__version__,
        load=_load(connection, table.name, stored),
    )
    if reference.column.json:
        result.value = _json(connection, reference)
    computed = _computed(connection, lake, reference, stored, result)
    connection.rollback()
    if computed is not None:
        _compare(result, reference, stored, computed)
    return result


def _computed(
    connection: Connection,
    lake: Lake,
    reference: Reference,
    stored: dict[str, Any],
    result: Explanation,
) -> dict[str, Any] | None:
    """The row, computed again; what it was computed from goes into the explanation."""
    table, key = reference.table, reference.key
    if table in (*again.OF_A_RECORDING, *again.OF_A_TRACK):
        return _of_recording(connection, lake, reference, stored, result)
    if "session_key" in stored:
        result.rests_on = [f"session_key={stored['session_key']}"]
    if "subsession_id" in stored and stored["subsession_id"] is not None:
        result.rests_on.append(f"subsession_id={stored['subsession_id']}")
        result.payloads = _payloads(connection, reference, int(stored["subsession_id"]))
    if {"car_id", "track_id"} <= stored.keys():
        result.rests_on = _sessions(connection, stored)
    if table in again.OF_RATINGS:
        result.payloads = _rating_payloads(
            connection, stored, fields_of(table, reference.column.name)
        )
    if table not in again.COMPUTED_AGAIN:
        result.note = f"{table.name} holds what arrived, not what was computed"
        return None
    connection.rollback()  # what was read is not held while the load runs
    if table in again.OF_RESULTS and not result.payloads:
        result.note = "its document is no longer there"
        return None
    row = again.by_loading(connection, table, key)
    if row is None:
        result.identical, result.note = False, "its load does not make this row any more"
    return row


def _of_recording(
    connection: Connection,
    lake: Lake,
    reference: Reference,
    stored: dict[str, Any],
    result: Explanation,
) -> dict[str, Any] | None:
    session_key = str(stored["session_key"])
    try:
        computed = again.recording(lake, session_key)
    except NotInLakeError as error:
        result.note = str(error)
        return None
    lap = _lap(computed, stored)
    result.recording = _recording(connection, lake, computed, lap, stored)
    if lap is not None:
        result.lap = {name: lap[name] for name in ("stint", "lap_number", "kind", "reasons")}
        result.votes = lap_votes(computed.records, lap["stint"], lap["lap_number"])
    if reference.table in again.OF_A_TRACK:
        return again.track_row(computed, reference.table, reference.key)
    rows = again.tables_of(connection, lake, computed)[reference.table]
    return again.row_of(reference.table.bounded(rows)[0], reference.key)


def _compare(
    result: Explanation, reference: Reference, stored: dict[str, Any], computed: dict[str, Any]
) -> None:
    json = {column.name for column in reference.table.columns if column.json}
    if reference.column.name in json:
        result.note = "documents in JSON are shown, not computed again"
        return
    differs = {
        name: (value, computed[name])
        for name, value in stored.items()
        if name not in json and not again.same(value, computed[name])
    }
    result.computed = computed[reference.column.name]
    result.identical = reference.column.name not in differs
    result.differs = differs


def _lap(computed: Telemetry, stored: Mapping[str, Any]) -> dict[str, Any] | None:
    if not {"stint", "lap_number"} <= stored.keys():
        return None
    where = {name: stored[name] for name in ("stint", "lap_number")}
    return again.row_of(computed.laps, where)


def _recording(
    connection: Connection,
    lake: Lake,
    computed: Telemetry,
    lap: dict[str, Any] | None,
    stored: Mapping[str, Any],
) -> Recording:
    facts = computed.facts
    source = inventory.sources(connection, [facts.session_key]).get(facts.session_key)
    path = None if source is None else source.path
    size, digest = _digest_of_file(path)
    first, last = 0, facts.record_count - 1
    if lap is not None:
        first, last = lap["first_record"], lap["first_record"] + lap["record_count"] - 1
    elif stored.get("stint") is not None:
        laps = computed.laps.filter(stint=stored["stint"])
        if laps.height:
            first = int(laps["first_record"].min())  # type: ignore[arg-type]
            last = int((laps["first_record"] + laps["record_count"]).max()) - 1  # type: ignore[arg-type]
    frames = lake.path(KIND, facts.session_key, FRAMES)
    return Recording(
        file_name=facts.file_name,
        path=path,
        size_bytes=size,
        sha256=digest,
        frames_uri=str(frames),
        frames_sha256=_digest(frames),
        record_count=facts.record_count,
        first_record=first,
        last_record=last,
    )


def _digest_of_file(path: str | None) -> tuple[int | None, str | None]:
    """Size and digest of a file of the folder; None where it is gone or closed to us."""
    if path is None:
        return None, None
    try:
        return Path(path).stat().st_size, _digest(Path(path))
    except OSError:
        return None, None


def _digest(path: UPath | Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _load(connection: Connection, table: str, stored: Mapping[str, Any]) -> Load | None:
    """The last load that changed the row's partition, or the whole table."""
    keys = [str(stored[name]) for name in _PARTITIONS if stored.get(name) is not None]
    row = connection.execute(
        "SELECT finished_at, run_id, code_version FROM ops.load_audit"
        " WHERE table_name = %s AND (partition_key = ANY(%s) OR partition_key IS NULL)"
        " AND rows_inserted + rows_updated > 0 ORDER BY id DESC LIMIT 1",
        [table, keys],
    ).fetchone()
    return None if row is None else Load(*row)


def _payloads(connection: Connection, reference: Reference, subsession_id: int) -> list[Payload]:
    """The documents that a subsession's rows are read from."""
    chosen = winners(connection, [subsession_id]).get(subsession_id)
    rows = payloads.times_of_items(connection, (*RESULT_KINDS, *again.PARTS), [str(subsession_id)])
    return [
        Payload(
            document.kind,
            document.item,
            document.part,
            label,
            received_at,
            fields_of(reference.table, reference.column.name),
        )
        for document, label, received_at in rows
        if document == chosen or document.kind in again.PARTS
        if again.reads(reference.table, document.kind)
    ]


def _rating_payloads(
    connection: Connection, stored: Mapping[str, Any], fields: list[str]
) -> list[Payload]:
    rows = connection.execute(
        "SELECT kind, item, part, source, received_at FROM raw.payload"
        " WHERE split_part(item, '/', 1) = %s AND kind NOT LIKE 'results/%%'"
        " ORDER BY kind, item, part LIMIT 20",
        [str(stored["cust_id"])],
    ).fetchall()
    return [
        Payload(kind, item, part, source, received_at, fields)
        for kind, item, part, source, received_at in rows
    ]


def _sessions(connection: Connection, stored: Mapping[str, Any]) -> list[str]:
    rows = connection.execute(
        "SELECT session_key FROM racing.telemetry_session WHERE car_id = %s AND track_id = %s"
        " ORDER BY start_time DESC",
        [stored["car_id"], stored["track_id"]],
    ).fetchall()
    return [f"session_key={key}" for (key,) in rows]


def _json(connection: Connection, reference: Reference) -> Any:
    row = connection.execute(
        sql.SQL("SELECT {} FROM {} WHERE {}").format(
            sql.Identifier(reference.column.name),
            sql.Identifier(*reference.table.name.split(".")),
            sql.SQL(" AND ").join(
                sql.SQL("{} = %s").format(sql.Identifier(name)) for name in reference.key
            ),
        ),
        list(reference.key.values()),
    ).fetchone()
    return None if row is None else row[0]
