"""A reader of ``.ld`` files that knows nothing of the writer: offsets as readers publish them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass
class LdChannel:
    name: str
    unit: str
    rate: int
    samples: NDArray[np.float64]


@dataclass
class LdFile:
    date: str
    time: str
    driver: str
    vehicle: str
    venue: str
    event: str
    session: str
    channels: dict[str, LdChannel]


def text_at(data: bytes, at: int, size: int) -> str:
    return data[at : at + size].split(b"\0")[0].decode("ascii").strip()


def read_ld(data: bytes) -> LdFile:
    first, _ = struct.unpack_from("<II", data, 0x08)
    (event,) = struct.unpack_from("<I", data, 0x24)
    (count,) = struct.unpack_from("<I", data, 0x56)
    channels: dict[str, LdChannel] = {}
    at, before = first, 0
    while at:
        previous, following, samples, length = struct.unpack_from("<4I", data, at)
        assert previous == before
        kind, size, rate = struct.unpack_from("<3H", data, at + 0x12)
        shift, multiplier, scale, decimals = struct.unpack_from("<4h", data, at + 0x18)
        dtype = {(7, 4): "<f4", (7, 2): "<f2", (3, 4): "<i4", (3, 2): "<i2"}[kind, size]
        raw = np.frombuffer(data, dtype, length, samples).astype(np.float64)
        name = text_at(data, at + 0x20, 32)
        channels[name] = LdChannel(
            name=name,
            unit=text_at(data, at + 0x48, 12),
            rate=rate,
            samples=(raw / scale * 10.0**-decimals + shift) * multiplier,
        )
        at, before = following, at
    assert len(channels) == count
    return LdFile(
        date=text_at(data, 0x5E, 16),
        time=text_at(data, 0x7E, 16),
        driver=text_at(data, 0x9E, 64),
        vehicle=text_at(data, 0xDE, 64),
        venue=text_at(data, 0x15E, 64),
        event=text_at(data, event, 64),
        session=text_at(data, event + 64, 64),
        channels=channels,
    )
