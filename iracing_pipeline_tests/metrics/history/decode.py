"""Read a remote-write request back, byte by byte, as the protobuf specification has it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import cramjam

if TYPE_CHECKING:
    from collections.abc import Iterator

Sample = tuple[float, int]


def read(body: bytes) -> dict[tuple[tuple[str, str], ...], list[Sample]]:
    """Labels of each series to its samples: value and milliseconds."""
    result: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
    for field, series in fields(bytes(cramjam.snappy.decompress_raw(body))):
        assert field == 1
        labels: list[tuple[str, str]] = []
        samples: list[Sample] = []
        for number, content in fields(_bytes(series)):
            parts = dict(fields(_bytes(content)))
            if number == 1:
                labels.append((_bytes(parts[1]).decode(), _bytes(parts[2]).decode()))
            else:
                (value,) = struct.unpack("<d", _bytes(parts[1]))
                samples.append((value, _int(parts[2])))
        result.setdefault(tuple(labels), []).extend(samples)
    return result


def fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Number and content of each field."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == 1:
            length = 8
        else:
            assert kind == 2
            length, at = _varint(message, at)
        assert at + length <= len(message)
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def _bytes(content: bytes | int) -> bytes:
    assert isinstance(content, bytes)
    return content


def _int(content: bytes | int) -> int:
    assert isinstance(content, int)
    return content
