"""Origin of a figure, as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iracing_pipeline.why.lap_votes import Vote


@dataclass(slots=True)
class Recording:
    """The recording behind a figure.

    Attributes:
        file_name: Name of the ``.ibt`` file.
        path: Where it was seen; None where it never was in the folder.
        size_bytes: Its size; None where it is gone.
        sha256: Its digest; None where it is gone.
        frames_uri: URI of its records in the lake.
        frames_sha256: Digest of that file.
        record_count: Records of the recording.
        first_record: First record of the lap or the stint; of the recording without one.
        last_record: Its last record.
    """

    file_name: str
    path: str | None
    size_bytes: int | None
    sha256: str | None
    frames_uri: str
    frames_sha256: str
    record_count: int
    first_record: int
    last_record: int


@dataclass(slots=True)
class Load:
    """The load that stored the row as it is.

    Attributes:
        at: When it ended, UTC.
        run_id: The run; None outside a run.
        code_version: Version of the pipeline; None in books of earlier versions.
    """

    at: datetime
    run_id: str | None
    code_version: str | None


@dataclass(slots=True)
class Payload:
    """A document of iRacing's behind a figure.

    Attributes:
        kind: Endpoint, or kind of dropped file.
        item: What it is of.
        part: Which part or version.
        source: ``api``, or the kind of the file.
        received_at: When it was received, UTC.
        fields: Fields of it with the value, as paths; empty where the figure is made of several.
    """

    kind: str
    item: str
    part: int
    source: str
    received_at: datetime
    fields: list[str]


@dataclass(slots=True)
class Explanation:
    """Origin of a figure.

    Attributes:
        id: The figure.
        value: Its stored value.
        unit: Its unit; None for counts, names and flags.
        meaning: Its meaning.
        docs: Page and section on how it is computed.
        function: The function that computes it.
        code_version: Version that computed it again.
        load: The load that stored it; None where the books do not have it.
        recording: The recording; None for results and figures over many sessions.
        lap: The lap's classification: kind, clean, reasons; None where it is of no lap.
        votes: Evidence of each channel.
        payloads: Documents behind a result.
        rests_on: Sessions or races behind a figure over many.
        computed: Its value, computed again.
        identical: Whether both are the same bit for bit; None where it is not computed again.
        differs: Other columns of the row that differ: stored and computed value.
        note: Why it is not computed again.
    """

    id: str
    value: Any
    unit: str | None
    meaning: str
    docs: str
    function: str
    code_version: str
    load: Load | None = None
    recording: Recording | None = None
    lap: dict[str, Any] | None = None
    votes: list[Vote] = field(default_factory=list)
    payloads: list[Payload] = field(default_factory=list)
    rests_on: list[str] = field(default_factory=list)
    computed: Any = None
    identical: bool | None = None
    differs: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON; times as text."""
        whole: dict[str, Any] = _jsonable(asdict(self))
        return whole

    def to_text(self) -> str:
        """As lines for a terminal."""
        unit = f" {self.unit}" if self.unit else ""
        lines = [
            self.id,
            f"  value      {_shown(self.value)}{unit}",
            f"  meaning    {self.meaning}",
        ]
        lines += self._recording_lines()
        lines += self._lap_lines()
        lines += [
            f"  payload    {each.kind} {each.item} part {each.part}, from {each.source},"
            f" received {each.received_at:%Y-%m-%d %H:%M:%S} UTC"
            + (f": {', '.join(each.fields)}" if each.fields else "")
            for each in self.payloads
        ]
        if self.rests_on:
            shown = ", ".join(self.rests_on[:5])
            more = f" and {len(self.rests_on) - 5} more" if len(self.rests_on) > 5 else ""
            lines.append(f"  rests on   {shown}{more}")
        lines.append(f"  rule       {self.docs}, {self.function}")
        if self.load is not None:
            lines.append(
                f"  loaded     {self.load.at:%Y-%m-%d %H:%M:%S} UTC by"
                f" {f'run {self.load.run_id}' if self.load.run_id else 'no run'},"
                f" version {self.load.code_version or 'not recorded'}"
            )
        lines.append(f"  again      {self._verdict()}")
        lines += [
            f"             {name}: stored {_shown(stored)}, computed {_shown(computed)}"
            for name, (stored, computed) in self.differs.items()
        ]
        return "\n".join(lines)

    def _recording_lines(self) -> list[str]:
        if self.recording is None:
            return []
        of = self.recording
        size = (
            f"{of.size_bytes} bytes, sha256 {of.sha256}" if of.sha256 else "no longer in the folder"
        )
        return [
            f"  file       {of.file_name}: {size}",
            f"  frames     {of.frames_uri}: sha256 {of.frames_sha256}",
            f"  records    {of.first_record} to {of.last_record} of {of.record_count}",
        ]

    def _lap_lines(self) -> list[str]:
        if self.lap is None:
            return []
        reasons = ", ".join(self.lap["reasons"]) or "nothing"
        lines = [f"  lap        {self.lap['kind']}; against it: {reasons}"]
        for vote in self.votes:
            corrected = f" ({vote.corrected} records corrected)" if vote.corrected else ""
            lines.append(f"    {vote.channel}: {vote.shows}{corrected}  [{vote.decides}]")
        return lines

    def _verdict(self) -> str:
        if self.identical is None:
            return f"not computed again: {self.note}"
        if self.identical:
            return f"computed by version {self.code_version}: identical bit for bit"
        return f"computed by version {self.code_version}: {_shown(self.computed)}, which differs"


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, list) and len(value) > 8:
        return f"{len(value)} values"
    return repr(value) if isinstance(value, float) else str(value)


def _jsonable(value: object) -> Any:
    if isinstance(value, dict):
        return {str(name): _jsonable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(each) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value
