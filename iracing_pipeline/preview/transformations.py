"""The transformations of Grafana that the dashboards use; any other is named, not guessed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from iracing_pipeline.preview import reducers
from iracing_pipeline.preview.frames import NUMBER, TEXT, TIME, Field, Frame

if TYPE_CHECKING:
    from collections.abc import Callable

Options = dict[str, Any]


class UnknownTransformationError(Exception):
    """A panel uses a transformation that the preview does not know."""


def transformed(frames: list[Frame], steps: list[dict[str, Any]]) -> list[Frame]:
    """Frames after a panel's transformations, in their order.

    Raises:
        UnknownTransformationError: If one of them is not known.
    """
    for step in steps:
        if step.get("disabled"):
            continue
        name = step.get("id", "")
        if name not in _KNOWN:
            raise UnknownTransformationError(f"the transformation “{name}” is not drawn here")
        frames = _KNOWN[name](frames, step.get("options") or {})
    return frames


def _organize(frames: list[Frame], options: Options) -> list[Frame]:
    hidden = options.get("excludeByName") or {}
    names = options.get("renameByName") or {}
    order = options.get("indexByName") or {}
    organized = []
    for frame in frames:
        kept = [f for f in frame.fields if not (hidden.get(f.title) or hidden.get(f.name))]
        kept.sort(key=lambda f: order.get(f.title, order.get(f.name, len(order))))
        renamed = [_named(f, names[f.title]) if names.get(f.title) else f for f in kept]
        organized.append(Frame(renamed, frame.ref, frame.name))
    return organized


def _named(field: Field, name: str) -> Field:
    return field.having(config={**field.config, "displayName": name})


def _filter_by_name(frames: list[Frame], options: Options) -> list[Frame]:
    include = options.get("include") or {}
    pattern, names = include.get("pattern"), include.get("names")

    def kept(field: Field) -> bool:
        if pattern:
            return re.search(pattern.strip("/"), field.title) is not None
        return names is None or field.title in names

    return [Frame([f for f in x.fields if kept(f)], x.ref, x.name) for x in frames]


def _filter_by_ref(frames: list[Frame], options: Options) -> list[Frame]:
    pattern = str(options.get("include", "")).strip("/")
    return [frame for frame in frames if re.fullmatch(pattern, frame.ref)]


def _rename_by_regex(frames: list[Frame], options: Options) -> list[Frame]:
    pattern = re.compile(str(options.get("regex", "")).strip("/"))
    target = re.sub(r"\$(\d)", r"\\\1", str(options.get("renamePattern", "")))

    def renamed(field: Field) -> Field:
        if not pattern.search(field.title):
            return field
        return _named(field, pattern.sub(target, field.title, count=1))

    return [Frame([renamed(f) for f in x.fields], x.ref, x.name) for x in frames]


def _sort(frames: list[Frame], options: Options) -> list[Frame]:
    keys = options.get("sort") or []
    return [_sorted(frame, keys[0]) if keys else frame for frame in frames]


def _sorted(frame: Frame, key: dict[str, Any]) -> Frame:
    by = next((f for f in frame.fields if key.get("field") in {f.name, f.title}), None)
    if by is None:
        return frame
    known = [row for row in range(frame.rows) if by.values[row] is not None]
    known.sort(key=lambda row: by.values[row], reverse=bool(key.get("desc")))
    return _picked(frame, known + [r for r in range(frame.rows) if by.values[r] is None])


def _picked(frame: Frame, rows: list[int]) -> Frame:
    return Frame(
        [f.having(values=[f.values[row] for row in rows]) for f in frame.fields],
        frame.ref,
        frame.name,
    )


def _limit(frames: list[Frame], options: Options) -> list[Frame]:
    most = int(options.get("limitField", 10))
    return [_picked(frame, list(range(min(most, frame.rows)))) for frame in frames]


def _merge(frames: list[Frame], _options: Options) -> list[Frame]:
    fields: dict[str, Field] = {}
    total = 0
    for frame in frames:
        for each in frame.fields:
            held = fields.setdefault(each.title, each.having(values=[None] * total))
            fields[each.title] = held.having(values=held.values + each.values)
        total += frame.rows
        for name, held in fields.items():
            missing = total - len(held.values)
            fields[name] = held.having(values=held.values + [None] * missing)
    return [Frame(list(fields.values()), "merge")] if frames else []


def _join(frames: list[Frame], options: Options) -> list[Frame]:
    """One frame, its rows joined by a field (time where none is named)."""
    wanted = options.get("byField")
    keyed = []
    for frame in frames:
        key = next((f for f in frame.fields if wanted in {f.name, f.title}), None)
        key = key or (frame.first(TIME) if not wanted else None)
        if key is not None:
            keyed.append((key, frame))
    if not keyed:
        return frames
    every = {value for key, _ in keyed for value in key.values if value is not None}
    if options.get("mode") == "inner":
        every = {value for value in every if all(value in key.values for key, _ in keyed)}
    rows = sorted(every)
    fields = [keyed[0][0].having(values=list(rows))]
    for key, frame in keyed:
        at = {value: row for row, value in enumerate(key.values)}
        fields += [
            f.having(values=[f.values[at[value]] if value in at else None for value in rows])
            for f in frame.fields
            if f is not key
        ]
    return [Frame(fields, "joined")]


def _partition(frames: list[Frame], options: Options) -> list[Frame]:
    names = options.get("fields") or []
    parts = []
    for frame in frames:
        by = [f for f in frame.fields if f.title in names]
        groups: dict[tuple[Any, ...], list[int]] = {}
        for row in range(frame.rows):
            groups.setdefault(tuple(f.values[row] for f in by), []).append(row)
        drop = not options.get("keepFields")
        for key, rows in groups.items():
            labels = {f.name: str(value) for f, value in zip(by, key, strict=True)}
            part = _picked(frame, rows)
            fields = [
                f.having(labels={**f.labels, **labels}) if f.kind == NUMBER else f
                for f in part.fields
                if not (drop and f.title in names)
            ]
            parts.append(Frame(fields, frame.ref, " ".join(labels.values())))
    return parts


def _matrix(frames: list[Frame], options: Options) -> list[Frame]:
    """Three fields as a table: one names the columns, one the rows, one fills the cells."""
    if not frames:
        return []
    frame = frames[0]
    roles = [
        next((f for f in frame.fields if options.get(role) in {f.name, f.title}), None)
        for role in ("columnField", "rowField", "valueField")
    ]
    column, row, value = roles
    if column is None or row is None or value is None:
        return frames
    names = list(dict.fromkeys(column.values))
    rows = list(dict.fromkeys(row.values))
    cells = dict(zip(zip(column.values, row.values, strict=True), value.values, strict=True))
    head = Field(f"{row.name}\\{column.name}", row.kind, rows, config=dict(row.config))
    filled = [
        Field(str(name), value.kind, [cells.get((name, each)) for each in rows], {}, value.config)
        for name in names
    ]
    return [Frame([head, *filled], frame.ref)]


def _to_rows(frames: list[Frame], _options: Options) -> list[Frame]:
    """Time series as one long table: time, metric, value."""
    time, metric, value = [], [], []
    for frame in frames:
        clock = frame.first(TIME)
        for each in frame.of(NUMBER) if clock else []:
            time += clock.values if clock else []
            metric += [each.title] * frame.rows
            value += each.values
    return [
        Frame(
            [
                Field("Time", TIME, time),
                Field("Metric", TEXT, metric),
                Field("Value", NUMBER, value),
            ]
        )
    ]


def _reduce(frames: list[Frame], options: Options) -> list[Frame]:
    calculations = options.get("reducers") or ["max"]
    fields = [f for frame in frames for f in frame.fields if f.kind == NUMBER]
    if options.get("mode") == "reduceFields":
        return [
            Frame([f.having(values=[reducers.reduced(f, calculations[0])]) for f in x.of(NUMBER)])
            for x in frames
        ]
    head = Field("Field", TEXT, [f.title for f in fields])
    return [
        Frame(
            [
                head,
                *(
                    Field(reducers.title(c), NUMBER, [reducers.reduced(f, c) for f in fields])
                    for c in calculations
                ),
            ]
        )
    ]


def _as_series(frames: list[Frame], _options: Options) -> list[Frame]:
    return frames


_KNOWN: dict[str, Callable[[list[Frame], Options], list[Frame]]] = {
    "organize": _organize,
    "filterFieldsByName": _filter_by_name,
    "filterByRefId": _filter_by_ref,
    "renameByRegex": _rename_by_regex,
    "sortBy": _sort,
    "limit": _limit,
    "merge": _merge,
    "joinByField": _join,
    "seriesToColumns": _join,
    "seriesToRows": _to_rows,
    "groupingToMatrix": _matrix,
    "partitionByValues": _partition,
    "reduce": _reduce,
    "prepareTimeSeries": _as_series,
}
