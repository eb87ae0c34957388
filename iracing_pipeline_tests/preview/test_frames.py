"""Query results as Grafana's frames, configured and transformed."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from iracing_pipeline.preview.fields import configured, shown
from iracing_pipeline.preview.frames import NUMBER, TEXT, TIME, Field, Frame, frame_of, series_of
from iracing_pipeline.preview.transformations import UnknownTransformationError, transformed

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)


def test_a_table_has_typed_columns() -> None:
    frame = frame_of(
        ["time", "lap", "who", "laps"],
        [(NOON, Decimal("1.5"), None, ["a", None]), (NOON, None, "me", [])],
        "A",
    )

    assert [field.kind for field in frame.fields] == [TIME, NUMBER, TEXT, TEXT]
    assert frame.fields[0].values == [NOON.timestamp() * 1000] * 2
    assert frame.fields[1].values == [1.5, None]
    assert frame.fields[3].values == ["{a,}", "{}"]


def test_a_number_called_time_is_one() -> None:
    seconds = frame_of(["time"], [(1_000_000_000,)], "A")
    milliseconds = frame_of(["time"], [(1_000_000_000_000,)], "A")

    assert seconds.fields[0].values == milliseconds.fields[0].values == [1e12]


def test_text_columns_tell_series_apart() -> None:
    rows = [(NOON, "lap 1", 1.0), (NOON, "lap 2", 2.0), (NOON, "lap 1", 3.0)]

    series = series_of(frame_of(["time", "metric", "speed"], rows, "A"))

    assert [(frame.fields[1].title, frame.fields[1].values) for frame in series] == [
        ("lap 1", [1.0, 3.0]),
        ("lap 2", [2.0]),
    ]


def test_overrides_apply_in_order() -> None:
    frame = Frame([Field("speed", NUMBER, [50.0]), Field("gear", NUMBER, [3])])
    config = {
        "defaults": {"unit": "short", "decimals": 1},
        "overrides": [
            {
                "matcher": {"id": "byName", "options": "speed"},
                "properties": [
                    {"id": "unit", "value": "velocitykmh"},
                    {"id": "custom.lineWidth", "value": 3},
                ],
            },
            {
                "matcher": {"id": "byRegexp", "options": "/^sp/"},
                "properties": [{"id": "decimals", "value": 0}],
            },
        ],
    }

    speed, gear = configured([frame], config)[0].fields

    assert shown(speed, 50.4).text == "50 km/h"
    assert speed.config["custom"] == {"lineWidth": 3}
    assert shown(gear, 3).text == "3.0"


def test_mappings_come_before_units() -> None:
    mappings = [
        {"type": "value", "options": {"timed": {"text": "Timed", "color": "green"}}},
        {"type": "range", "options": {"from": None, "to": 0, "result": {"text": "gained"}}},
        {"type": "special", "options": {"match": "null", "result": {"text": "none yet"}}},
    ]
    kind = Field("kind", TEXT, ["timed"], config={"mappings": mappings})
    gap = Field("gap", NUMBER, [-1.0], config={"mappings": mappings})

    assert shown(kind, "timed").text == "Timed"
    assert shown(kind, "timed").colour == "#73BF69"
    assert shown(gap, -1.0).text == "gained"
    assert shown(gap, None).text == "none yet"


@pytest.mark.parametrize(("value", "colour"), [(1.0, "#73BF69"), (5.0, "#F2495C"), (9, "#F2495C")])
def test_the_highest_threshold_reached_colours(value: float, colour: str) -> None:
    steps = [{"color": "green", "value": None}, {"color": "red", "value": 5}]
    field = Field("x", NUMBER, [value], config={"thresholds": {"steps": steps}})

    assert shown(field, value).colour == colour


def test_organize_hides_renames_and_orders() -> None:
    frame = Frame([Field(name, NUMBER, [1]) for name in "abc"])
    options = {
        "excludeByName": {"b": True},
        "renameByName": {"a": "Alpha"},
        "indexByName": {"c": 0, "a": 1},
    }

    (result,) = transformed([frame], [{"id": "organize", "options": options}])

    assert [field.title for field in result.fields] == ["c", "Alpha"]


def test_join_keeps_rows_of_both() -> None:
    one = Frame([Field("lap", NUMBER, [1, 2]), Field("a", NUMBER, [10, 20])])
    two = Frame([Field("lap", NUMBER, [2, 3]), Field("b", NUMBER, [200, 300])])

    (joined,) = transformed([one, two], [{"id": "joinByField", "options": {"byField": "lap"}}])

    assert [field.values for field in joined.fields] == [
        [1, 2, 3],
        [10, 20, None],
        [None, 200, 300],
    ]


def test_a_matrix_has_a_column_for_each_name() -> None:
    frame = Frame(
        [
            Field("lap", NUMBER, [1, 1, 2]),
            Field("driver", TEXT, ["a", "b", "a"]),
            Field("position", NUMBER, [1, 2, 3]),
        ]
    )
    options = {"columnField": "driver", "rowField": "lap", "valueField": "position"}

    (matrix,) = transformed([frame], [{"id": "groupingToMatrix", "options": options}])

    assert [field.title for field in matrix.fields] == ["lap\\driver", "a", "b"]
    assert [field.values for field in matrix.fields] == [[1, 2], [1, 3], [2, None]]


def test_merge_and_sort() -> None:
    one = Frame([Field("lap", NUMBER, [2])])
    two = Frame([Field("lap", NUMBER, [1]), Field("b", NUMBER, [7])])
    steps = [
        {"id": "merge", "options": {}},
        {"id": "sortBy", "options": {"sort": [{"field": "lap"}]}},
    ]

    (merged,) = transformed([one, two], steps)

    assert [field.values for field in merged.fields] == [[1, 2], [7, None]]


def test_a_transformation_that_is_not_known_is_named() -> None:
    with pytest.raises(UnknownTransformationError, match="calculateField"):
        transformed([], [{"id": "calculateField"}])
