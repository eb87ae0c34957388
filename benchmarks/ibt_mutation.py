"""Damage ``.ibt`` files in the ways that disks, copies, tools and drivers' names do, and worse."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from iracing_pipeline.ibt.layout import CHANNEL, CHANNELS_OFFSET, HEADER

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    Mutation = Callable[[random.Random, bytearray], None]

# Offsets of the 32-bit fields that steer the reader: header, first buffer, sub-header.
_FIELDS = (0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 112, 116, 120, 136, 140)
_CHANNEL_FIELDS = (0, 4, 8, 12)

_INTEGERS = (0, 1, -1, 2, 3, 4, 5, 6, 7, 60, 100, 112, 144, 1 << 16, 1 << 20, 1 << 24)
_EXTREMES = (2**31 - 1, -(2**31), 2**30, -144, 1000, 0x7FFFFFF0)

_VALUES = tuple(
    struct.pack("<d", value)
    for value in (0.0, -1.0, float("nan"), float("inf"), -float("inf"), 1e300, 1e18, 0.5, 1.0)
) + tuple(
    struct.pack("<2f", value, value)
    for value in (0.0, -1.0, float("nan"), float("inf"), 3e38, 0.01, 0.5, 0.99, 604800.0)
)

_TEXTS = (
    b"\n", b"\n\n", b": ", b"- ", b" - ", b"  ", b'"', b"#", b"\r\n", b"---\n", b"...\n", b"\0",
    b"\x81", b"\xff", b"\xc5\x84", b"Encoding: UTF8\n", b" Encoding: ISO_8859_1\n",
    b"WeekendInfo:\n",
    b"\nDriverInfo:\n DriverCarIdx: 0\n Drivers:\n - CarIdx: 0\n",
    b"CarSetup:\n",
    b" TrackLength: 9999999999999999999 km\n", b" UserID: 999999999999999999\n", b": 1.0e999\n",
    b"   UserName: Max: #33\n", b" TrackID: -1\n", b"\t", b"{", b"[", b"*", b"&a", b"|",
    b"SectorStartPct: 2",
)  # fmt: skip


def mutate(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """``data`` with one to five kinds of damage, now and then with parts of one of ``others``."""
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        if not damaged:
            break
        if rng.random() < 0.02:
            _splice(rng, damaged, rng.choice(others))
        else:
            rng.choice(_MUTATIONS)(rng, damaged)
    return bytes(damaged)


def _number(rng: random.Random, size: int) -> int:
    """A number that is likely to sit on a boundary."""
    chosen = rng.random()
    if chosen < 0.5:
        return rng.choice(_INTEGERS)
    if chosen < 0.7:
        return rng.choice(_EXTREMES)
    return rng.randrange(-2, size + 3)


def _put(data: bytearray, at: int, new: bytes) -> None:
    """Overwrite without changing the length."""
    new = new[: max(0, len(data) - at)]
    data[at : at + len(new)] = new


def _flip_bits(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _flip_header_bit(rng: random.Random, data: bytearray) -> None:
    data[rng.randrange(min(len(data), CHANNELS_OFFSET))] ^= 1 << rng.randrange(8)


def _set_field(rng: random.Random, data: bytearray) -> None:
    _put(data, rng.choice(_FIELDS), struct.pack("<i", _number(rng, len(data))))


def _shift_field(rng: random.Random, data: bytearray) -> None:
    at = rng.choice(_FIELDS)
    if at + 4 <= len(data):
        (old,) = struct.unpack_from("<i", data, at)
        new = (old + rng.randrange(-9, 10) + 2**31) % 2**32 - 2**31
        _put(data, at, struct.pack("<i", new))


def _set_channel_field(rng: random.Random, data: bytearray) -> None:
    at = CHANNELS_OFFSET + rng.randrange(24) * CHANNEL.size
    if rng.random() < 0.8:
        _put(data, at + rng.choice(_CHANNEL_FIELDS), struct.pack("<i", _number(rng, 120)))
    else:
        _put(data, at + rng.choice((16, 48, 112)), rng.choice((b"\0", b"\xff", b"Lap\0", b"a b")))


def _copy_channel(rng: random.Random, data: bytearray) -> None:
    source = CHANNELS_OFFSET + rng.randrange(24) * CHANNEL.size
    target = CHANNELS_OFFSET + rng.randrange(24) * CHANNEL.size
    part = slice(source, source + rng.choice((4, 12, 16, 48, CHANNEL.size)))
    _put(data, target, bytes(data[part]))


def _truncate(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


def _extend(rng: random.Random, data: bytearray) -> None:
    data.extend(rng.randbytes(rng.choice((1, 3, 100, 4000))))


def _delete(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.choice((1, 2, 4, 100, 144))]


def _overwrite(rng: random.Random, data: bytearray) -> None:
    at, size = rng.randrange(len(data)), rng.choice((1, 4, 16, 144, 4096))
    _put(data, at, rng.choice((bytes(size), b"\xff" * size, rng.randbytes(size))))


def _move(rng: random.Random, data: bytearray) -> None:
    source, size = rng.randrange(len(data)), rng.choice((1, 4, 16, 144, 1000))
    _put(data, rng.randrange(len(data)), bytes(data[source : source + size]))


def _spoil_samples(rng: random.Random, data: bytearray) -> None:
    """One place of the record, in some records or in all, gets another value."""
    result = _records(data)
    if result is None:
        return
    begin, length = result
    place, value = rng.randrange(length), rng.choice(_VALUES)
    value = value[: rng.choice((1, 4, 8))]
    rows = range(begin, len(data), length)
    first = rng.randrange(len(rows))
    for row in rows[first : first + rng.choice((1, 2, 50, len(rows)))]:
        _put(data, row + place, value)


def _move_records(rng: random.Random, data: bytearray) -> None:
    """Repeat, drop or swap whole records."""
    result = _records(data)
    if result is None:
        return
    begin, length = result
    count = (len(data) - begin) // length
    if not count:
        return
    first, number = rng.randrange(count), rng.choice((1, 2, 30))
    part = slice(begin + first * length, begin + (first + number) * length)
    cut = bytes(data[part])
    if rng.random() < 0.5:
        del data[part]
    at = begin + rng.randrange(count) * length
    data[at:at] = cut


def _spoil_session_info(rng: random.Random, data: bytearray) -> None:
    """Put text into the session info, and correct the header for it, so that it is read."""
    if len(data) < CHANNELS_OFFSET:
        return
    length, offset = struct.unpack_from("<2i", data, 16)
    (records,) = struct.unpack_from("<i", data, HEADER.size + 4)
    if not (0 <= offset <= len(data) and 0 < length <= len(data) and 0 <= records < 2**30):
        return
    at = offset + rng.randrange(length)
    kind = rng.random()
    if kind < 0.8:
        text = b"".join(rng.choices(_TEXTS, k=rng.choice((1, 1, 2, 5))))
    elif kind < 0.9:
        text = b"\n" + b"".join(b" " * depth + b"a:\n" for depth in range(rng.randrange(120)))
    else:
        text = rng.choice(_TEXTS) * rng.randrange(500)
    data[at:at] = text
    struct.pack_into("<i", data, 16, length + len(text))
    struct.pack_into("<i", data, HEADER.size + 4, records + len(text))


def _splice(rng: random.Random, data: bytearray, other: bytes) -> None:
    at = rng.randrange(len(data))
    data[at:] = other[rng.choice((at, rng.randrange(len(other) + 1))) :]


def _records(data: bytearray) -> tuple[int, int] | None:
    """Return the offset and length of the records, if the header allows it."""
    if len(data) < CHANNELS_OFFSET:
        return None
    (length,) = struct.unpack_from("<i", data, 36)
    (begin,) = struct.unpack_from("<i", data, HEADER.size + 4)
    return (begin, length) if length > 0 and 0 < begin < len(data) else None


_MUTATIONS: tuple[Mutation, ...] = (
    _flip_bits,
    _flip_header_bit,
    _set_field,
    _shift_field,
    _set_channel_field,
    _set_channel_field,
    _copy_channel,
    _truncate,
    _extend,
    _delete,
    _overwrite,
    _move,
    _spoil_samples,
    _spoil_samples,
    _spoil_samples,
    _move_records,
    _spoil_session_info,
    _spoil_session_info,
)


_NUMBERS = (
    b"0", b"-1", b"1", b"0.000", b"999999999999999999", b"9223372036854775808", b"-2147483649",
    b"1e308", b"1e309", b".nan", b".inf", b"-.inf", b"90.00 km", b"0.00 km", b"1e300 kph", b"True",
    b"9" * 400, b"text", b"", b"201", b"1e-320", b"2147483647", b"1e30 %",
)  # fmt: skip

_DOUBLES = (0.0, -1.0, float("nan"), float("inf"), -float("inf"), 1e300, 1e18, 4.9e6, 2e6, 1e-320)
_SINGLES = (0.0, -1.0, float("nan"), float("inf"), -float("inf"), 3e38, 1e-40, 0.5, 1000.0, 1e9)
_WHOLE = (0, -1, 1, 2**31 - 1, -(2**31), 80_000, 255)


def spoil_values(rng: random.Random, data: bytes) -> bytes:
    """A recording with numbers of its session info or of its channels replaced by extremes.

    Header and sizes stay right, so that what is made of the values is what is tested.
    """
    spoilt = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        (_spoil_number if rng.random() < 0.4 else _spoil_channel)(rng, spoilt)
    return bytes(spoilt)


def _spoil_number(rng: random.Random, data: bytearray) -> None:
    length, offset = struct.unpack_from("<2i", data, 16)
    lines = bytes(data[offset : offset + length]).split(b"\n")
    chosen = [at for at, line in enumerate(lines) if b": " in line]
    if not chosen:
        return
    at = rng.choice(chosen)
    name = lines[at].partition(b": ")[0]
    lines[at] = name + b": " + rng.choice(_NUMBERS)
    text = b"\n".join(lines)
    (records,) = struct.unpack_from("<i", data, HEADER.size + 4)
    if offset + length > records:
        return
    data[offset : offset + length] = text
    struct.pack_into("<i", data, 16, len(text))
    struct.pack_into("<i", data, HEADER.size + 4, records + len(text) - length)


def _spoil_channel(rng: random.Random, data: bytearray) -> None:
    count, channels = struct.unpack_from("<2i", data, 24)
    result = _records(data)
    if result is None or not 0 < count < 2_000:
        return
    begin, length = result
    kind, offset = struct.unpack_from("<2i", data, channels + rng.randrange(count) * CHANNEL.size)
    values = {
        1: [struct.pack("<?", each) for each in (False, True)],
        2: [struct.pack("<i", each) for each in _WHOLE],
        3: [struct.pack("<i", each) for each in _WHOLE],
        4: [struct.pack("<f", each) for each in _SINGLES],
        5: [struct.pack("<d", each) for each in _DOUBLES],
    }.get(kind, [b"\xff"])
    rows = range(begin, len(data) - length + 1, length)
    if not rows:
        return
    first = rng.randrange(len(rows))
    value = rng.choice(values)
    mixed = rng.random() < 0.2
    for row in rows[first : first + rng.choice((1, 2, 50, len(rows)))]:
        _put(data, row + offset, rng.choice(values) if mixed else value)
