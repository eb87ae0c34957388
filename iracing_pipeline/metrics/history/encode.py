"""Series as a remote-write request: protobuf by numpy, snappy by cramjam.

A sample is always 18 bytes: the value takes 9, and a time in milliseconds between the years 1971
and 2109 is a varint of 6. So the samples of a series are a matrix that is filled column by column,
which is two orders of magnitude faster than a protobuf object for each. The format is that of
Prometheus's remote write 1.0: ``WriteRequest`` > ``TimeSeries`` > ``Label``, ``Sample``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cramjam
import numpy as np

from iracing_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from iracing_pipeline.metrics.history.series import SessionSeries

FIRST_MS, AFTER_MS = 1 << 35, 1 << 42
"""Times that take six bytes: from February 1971 until May 2109."""

_SAMPLE = 18
_SERIES_FIELD, _LABEL_FIELD, _NAME_FIELD, _VALUE_FIELD = b"\x0a", b"\x0a", b"\x0a", b"\x12"
# Field 2 of a series, 16 bytes long; in it field 1, a double, and field 2, a varint.
_SAMPLE_HEAD, _TIME_FIELD = (0x12, 0x10, 0x09), 0x10


class TimeOutOfRangeError(PipelineError, ValueError):
    """A time is not one of telemetry."""


def write_request(series: SessionSeries) -> bytes:
    """The body of one request, compressed.

    Raises:
        TimeOutOfRangeError: If a time is before 1971 or after 2109.
    """
    template = _template(series.times)
    parts: list[bytes] = []
    for metric, (_, values) in series.metrics.items():
        there = np.isfinite(values)
        if not there.any():
            continue
        samples = template if there.all() else template[there]
        samples[:, 3:11] = (
            (values if there.all() else values[there]).astype("<f8")[:, None].view(np.uint8)
        )
        body = label_bytes({"__name__": metric, **series.labels}) + samples.tobytes()
        parts += (_SERIES_FIELD, varint(len(body)), body)
    return compress(b"".join(parts))


def gauge_request(rows: Sequence[tuple[Mapping[str, str], float]], time_ms: int) -> bytes:
    """The body of a request of single values, all of one moment, compressed.

    Args:
        rows: Labels (with ``__name__``) and value of each.
        time_ms: The moment, in milliseconds since 1970.

    Raises:
        TimeOutOfRangeError: If the time is before 1971 or after 2109.
    """
    sample = _template(np.array([time_ms], np.int64))
    parts: list[bytes] = []
    for labels, value in rows:
        sample[:, 3:11] = np.array([[value]], "<f8").view(np.uint8)
        body = label_bytes(labels) + sample.tobytes()
        parts += (_SERIES_FIELD, varint(len(body)), body)
    return compress(b"".join(parts))


def compress(data: bytes) -> bytes:
    """In the block format of snappy, which is the one that remote write takes."""
    return bytes(cramjam.snappy.compress_raw(data))


def label_bytes(labels: Mapping[str, str]) -> bytes:
    """Labels as fields of a series, in the order of their names as Prometheus wants them."""
    return b"".join(
        _field(_LABEL_FIELD, _field(_NAME_FIELD, name.encode()) + _field(_VALUE_FIELD, text))
        for name, text in sorted((name, value.encode()) for name, value in labels.items() if value)
    )


def varint(number: int) -> bytes:
    """A whole number, seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(tag: bytes, content: bytes) -> bytes:
    return tag + varint(len(content)) + content


def _template(times: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The samples of these times, their values not yet filled in."""
    if len(times) and not (times.min() >= FIRST_MS and times.max() < AFTER_MS):
        raise TimeOutOfRangeError("A sample is from before 1971 or after 2109.")
    samples = np.empty((len(times), _SAMPLE), np.uint8)
    samples[:, :3] = _SAMPLE_HEAD
    samples[:, 11] = _TIME_FIELD
    for byte in range(6):
        samples[:, 12 + byte] = (times >> (7 * byte)) & 0x7F
    samples[:, 12:17] |= 0x80
    return samples
