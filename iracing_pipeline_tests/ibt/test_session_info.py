from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iracing_pipeline.ibt.session_info import decode, parse, quantity
from iracing_pipeline_tests.recordings import INFO

HEAD = "---\nWeekendInfo:\n"


def driver(text: str) -> dict[str, Any]:
    """The driver of whom iRacing prints ``text``, followed by another one."""
    info = parse(
        "---\nDriverInfo:\n DriverCarIdx: 7\n Drivers:\n"
        f" - UserName: {text}\n   CarIdx: 7\n - UserName: Next One\n   CarIdx: 8\n\n...\n"
    )
    first, second = info["DriverInfo"]["Drivers"]
    assert second == {"UserName": "Next One", "CarIdx": 8}
    assert isinstance(first, dict)
    return first


def test_sections_lists_and_values() -> None:
    info = parse(INFO)
    assert list(info) == ["WeekendInfo", "SessionInfo", "DriverInfo", "SplitTimeInfo"]
    assert info["WeekendInfo"]["TrackLength"] == "0.80 km"
    assert info["SessionInfo"]["Sessions"] == [{"SessionNum": 0, "SessionType": "Practice"}]
    assert info["DriverInfo"]["Drivers"][1]["UserName"] == "Ada Example"
    assert info["SplitTimeInfo"]["Sectors"][1] == {"SectorNum": 1, "SectorStartPct": 0.512345}


def test_only_the_sections_asked_for() -> None:
    info = parse(INFO, ["DriverInfo", "CarSetup"])
    assert list(info) == ["DriverInfo"]


def test_a_setup_is_a_tree() -> None:
    info = parse(
        "---\nCarSetup:\n UpdateCount: 3\n Tires:\n  LeftFront:\n   ColdPressure: 138 kPa\n"
        "   TreadRemaining: 100%, 100%, 100%\n  RightFront:\n   ColdPressure: 140 kPa\n"
        " Chassis:\n  Rear:\n   FuelLevel: 10.0 L\n\n...\n"
    )
    assert info["CarSetup"] == {
        "UpdateCount": 3,
        "Tires": {
            "LeftFront": {"ColdPressure": "138 kPa", "TreadRemaining": "100%, 100%, 100%"},
            "RightFront": {"ColdPressure": "140 kPa"},
        },
        "Chassis": {"Rear": {"FuelLevel": "10.0 L"}},
    }


@pytest.mark.parametrize(
    "name",
    [
        "#hash",
        "Max #33",
        "Max: the one",
        "- dash",
        "-",
        "*star",
        "&anchor",
        "?",
        "? mark",
        ",",
        "[Team] Bob",
        "{curly",
        "}",
        "!tag",
        "|",
        ">",
        "%percent",
        "@at",
        "`tick",
        "'single",
        "it's",
        '"',
        '"open',
        'close"',
        'Bob "The Man" Smith',
        "\\backslash\\",
        "NO",
        "off",
        "~",
        "null",
        "0123",
        "1e5",
        "007",
        "1_000",
        "0x10",
        "2025-05-15",
        "12:30:00",
        "=",
        "<<",
        "Zoë Müller",
        "\u0144ski",
        "日本 太郎",
        "😀",
        "tab\there",
        "a\x85b",
        "a\u2028b",
        "a\x0bb",
        "a\x0cb",
        "a\x1cb",
        "C1 \x9f control",
        "\x1b[31mred",
    ],
)
def test_a_name_is_text_as_written(name: str) -> None:
    assert driver(name) == {"UserName": name, "CarIdx": 7}


def test_a_name_in_two_lines() -> None:
    assert driver("Two\nLines")["UserName"] == "Two\nLines"
    assert driver("Three\n\n  Lines")["UserName"] == "Three\nLines"


def test_a_name_whose_second_line_looks_like_a_section() -> None:
    name = "Bad\nSplitTimeInfo:\nSectors: none"
    assert driver(name) == {"UserName": name, "CarIdx": 7}
    info = parse(INFO.replace("fast.sto", "fast\n\nWeekendInfo:\n TrackID: 666"))
    assert info["WeekendInfo"]["TrackID"] == 17


def test_quoted_text_with_inner_quotes_that_are_not_escaped() -> None:
    text = f'{HEAD} Encoding: UTF8\n TrackName: "a "quoted" \\ name"\n TrackCity: ""\n TrackID: 4\n'
    info = parse(decode(text.encode()))
    assert info["WeekendInfo"] == {
        "Encoding": "UTF8",
        "TrackName": 'a "quoted" \\ name',
        "TrackCity": "",
        "TrackID": 4,
    }


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A: 5", 5),
        ("A: -5", -5),
        ("A: 0", 0),
        ("A: 5.25", 5.25),
        ("A: 1.5e3", 1500.0),
        ("A:", None),
        ("A: ", None),
        ("A:   5  ", 5),
        ("A: 05", "05"),
        ("A: 1.0e999", "1.0e999"),
        ("A: " + "9" * 400 + ".0", "9" * 400 + ".0"),
        ("A: " + "9" * 30, "9" * 30),
        ("A: \u0663", "\u0663"),
        ("A: .nan", ".nan"),
        ("A: off", "off"),
        ("A: 27.45 m", "27.45 m"),
        ("CourseCautions: off", "off"),
        ("Date: 2025-05-15", "2025-05-15"),
        ("CarNumber: 007", "007"),
        ("CarNumber: 7", "7"),
        ("Initials: NO", "NO"),
    ],
)
def test_values(line: str, value: object) -> None:
    (result,) = parse(f"{HEAD} {line}\n").get("WeekendInfo", {}).values()
    assert (result, type(result)) == (value, type(value))


class TestEncoding:
    def test_the_old_code_page(self) -> None:
        assert decode("Zoë … Müller €".encode("cp1252")) == "Zoë … Müller €"

    def test_its_undefined_bytes_are_spaces(self) -> None:
        assert decode(b"\xe9 \x81\x8d\x8f\x90\x9d|") == "é      |"

    def test_declared_latin_1(self) -> None:
        raw = f"{HEAD} Encoding: ISO_8859_1\n TrackCity: N\xfcrburg \xc5\x84\n".encode("latin-1")
        assert "Nürburg Å„" in decode(raw)

    def test_declared_utf_8(self) -> None:
        raw = f"{HEAD} Encoding: UTF8\n TrackCity: Gda\u0144sk\n".encode()
        assert parse(decode(raw))["WeekendInfo"]["TrackCity"] == "Gda\u0144sk"

    @pytest.mark.parametrize("mark", ["UTF8", "UTF-8", "utf8"])
    def test_declared_utf_8_with_a_broken_byte(self, mark: str) -> None:
        raw = f"{HEAD} Encoding: {mark}\n TrackCity: ".encode() + b"\xff\xc5\x84\n"
        assert decode(raw).endswith("\ufffd\u0144\n")

    def test_undeclared_utf_8(self) -> None:
        assert decode("UserName: \u0144".encode()) == "UserName: \u0144"

    def test_a_declaration_after_a_document_of_another_tool(self) -> None:
        merged = (
            f"---\nVRS-TelemetryLogger: {'x' * 400}\n---\nWeekendInfo:\n Encoding: ISO_8859_1\n"
        )
        assert decode(merged.encode() + b" TrackCity: \xc5\x84\n").endswith("Å„\n")

    def test_a_declaration_in_somebodys_name_is_none(self) -> None:
        raw = INFO.encode() + b" UserName: Encoding: UTF8 \xe9\n"
        assert decode(raw).endswith("é\n")

    def test_what_follows_nul_is_left_out(self) -> None:
        assert decode(b"A: 1\n\0\0garbage") == "A: 1\n"


def test_a_document_that_another_tool_put_before() -> None:
    merged = (
        "---\nVRS-TelemetryLogger: 1.2\nSessionStartTime: 2025-01-01 10:00\n---\n"
        + INFO.removeprefix("---\n")
    )
    info = parse(merged)
    assert info["VRS-TelemetryLogger"] == 1.2
    assert {key: info[key] for key in parse(INFO)} == parse(INFO)


def test_windows_line_ends() -> None:
    assert parse(INFO.replace("\n", "\r\n")) == parse(INFO)


@pytest.mark.parametrize("section", ["WeekendInfo", "SessionInfo", "DriverInfo", "SplitTimeInfo"])
def test_a_missing_section_is_missed_alone(section: str) -> None:
    blocks = INFO.removeprefix("---\n").split("\n\n")
    rest = [block for block in blocks if not block.startswith(section)]
    whole = parse(INFO)
    del whole[section]
    assert parse("---\n" + "\n\n".join(rest)) == whole


def test_a_text_cut_short_anywhere_gives_what_stands_before() -> None:
    whole = parse(INFO)
    for size in range(len(INFO)):
        cut = parse(INFO[:size])
        assert list(cut) == list(whole)[: len(cut)]
        for section in list(cut)[:-1]:
            assert cut[section] == whole[section]


def test_nothing() -> None:
    for text in ("", "\n", "---\n...\n", "...", ":", " ", "- ", "-\n-\n"):
        assert parse(text) == {}


@given(
    st.one_of(
        st.binary(),
        st.lists(st.sampled_from(INFO.splitlines(keepends=True))).map(
            lambda lines: "".join(lines).encode()
        ),
    )
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_at_all(raw: bytes) -> None:
    text = decode(raw)
    assert "\0" not in text
    json.dumps(parse(text), allow_nan=False)


STRUCTURE = st.sampled_from(
    [" ", "  ", "- ", "-", ":", ": ", "A", "Drivers:", "\n", "\n\n", '"', "1.5"]
)


@given(st.lists(STRUCTURE, max_size=60).map("".join))
@settings(max_examples=500, deadline=None)
def test_any_shape_at_all(text: str) -> None:
    json.dumps(parse(text), allow_nan=False)


@pytest.mark.parametrize(
    "text",
    [
        "A:\n" + "".join(" " * depth + f"k{depth}:\n" for depth in range(1, 1500)),
        "A:\n" + "".join("  " * depth + f" - k{depth}:\n" for depth in range(1, 1500)),
        "A:\n" + " x: y\n" * 100_000,
        "A:\n x: 1\n" + "stray\n" * 300_000,
        "A:\n - x: 1\n" * 50_000,
        "A:\n x: " + "1" * 1_000_000 + "!\n",
        "A:\n x: " + " " * 1_000_000 + "!\n",
        "A:\n" + " " * 1_000_000 + "x: 1\n",
        "A" * 1_000_000,
        ":" * 1_000_000,
        "A:\n" + "- " * 500_000,
    ],
    ids=[
        "deep",
        "deep list",
        "one key",
        "stray",
        "sections",
        "digits",
        "blanks",
        "indent",
        "A",
        "colons",
        "dashes",
    ],
)
def test_text_of_any_shape_is_read_in_time_and_depth(text: str) -> None:
    began = time.process_time()
    info = parse(text)
    json.dumps(info)
    quantity(info.get("A"))
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.68 km", 680.0),
        ("5.7938 km", 5793.8),
        ("72.00 kph", 20.0),
        ("60.00 mph", 26.8224),
        ("1.00 mi", 1609.344),
        ("62 %", 0.62),
        ("25.56 C", 25.56),
        ("-3.5 m", -3.5),
        ("29.92 Hg", 29.92),
        (4, 4.0),
        (0.75, 0.75),
        ("unlimited", None),
        ("", None),
        (None, None),
        ("9" * 400 + " km", None),
        ("1.2.3 m", None),
        ([], None),
    ],
)
def test_quantities_in_si(text: object, value: float | None) -> None:
    assert quantity(text) == (None if value is None else pytest.approx(value))
