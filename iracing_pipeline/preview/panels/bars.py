"""Bar charts over a category, and bar gauges."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from iracing_pipeline.page.charts import plain
from iracing_pipeline.preview import colours
from iracing_pipeline.preview.fields import limits, shown
from iracing_pipeline.preview.frames import NUMBER, TEXT, TIME, Field
from iracing_pipeline.preview.panel import Panel, hidden
from iracing_pipeline.preview.panels import axes, legend
from iracing_pipeline.preview.panels.stat import chosen

if TYPE_CHECKING:
    from iracing_pipeline.preview.frames import Frame


def draw_chart(panel: Panel) -> str:
    """A panel of type ``barchart``."""
    frame = next((each for each in panel.frames if each.rows), None)
    if frame is None:
        return ""
    category = _category(panel, frame)
    fields = [f for f in frame.of(NUMBER) if f is not category and not hidden(f, "viz")]
    if category is None or not fields:
        panel.remarks.append("A bar chart needs a text or time field and a number")
        return ""
    names = [plain(shown(category, v).text) for v in category.values]
    lying = panel.options.get("orientation") == "horizontal"
    by_field = panel.options.get("colorByField")
    of_colour = next((f for f in frame.fields if by_field in {f.name, f.title}), None)
    height = (panel.json.get("gridPos") or {}).get("h", 8) * 38 - 90
    data, entries = [], []
    for number, field in enumerate(fields):
        colour = colours.of_series(field.config, number)
        told = [shown(field, value) for value in field.values]
        own = _colours(of_colour or field, colour)
        with_text = panel.options.get("showValue", "auto") in {"auto", "always"}
        texts = [plain(each.text) for each in told]
        places = list(range(len(names)))
        opacity = (field.config.get("custom") or {}).get("fillOpacity", 80) / 100
        data.append(
            {
                "type": "bar",
                "name": plain(field.title),
                "orientation": "h" if lying else "v",
                "x": field.values if lying else places,
                "y": places if lying else field.values,
                "text": texts,
                "textposition": "outside" if with_text else "none",
                "cliponaxis": False,
                "customdata": names,
                "hovertemplate": "%{customdata}<br>%{text}",
                "marker": {"color": own, "opacity": opacity or 0.8},
            }
        )
        entries.append((field, colour))
    ticks = axes.axis(
        tickvals=list(range(len(names))),
        ticktext=names,
        showgrid=False,
        tickangle=-(panel.options.get("xTickLabelRotation") or 0) or None,
    )
    if lying:
        ticks["autorange"] = "reversed"
    along = axes.value_axis(_from_zero(fields), height)
    stacking = panel.options.get("stacking", "none")
    drawing = axes.figure(
        data,
        xaxis=along if lying else ticks,
        yaxis=ticks if lying else along,
        barmode="stack" if stacking in {"normal", "percent"} else "group",
        bargap=1 - float(panel.options.get("groupWidth", 0.7)),
    )
    return legend.around(panel, panel.charts.add(drawing, label=panel.title), entries)


def draw_gauge(panel: Panel) -> str:
    """A panel of type ``bargauge``, lying or standing."""
    values = chosen(panel)
    if not values:
        return ""
    rows = []
    for field, value, name in values:
        told = shown(field, value)
        low, high = limits(field)
        share = 100 * (value - low) / (high - low) if value is not None and high > low else 0.0
        colour = told.colour or colours.of_series(field.config, 0)
        rows.append(
            f'<div class="bar-row"><span class="bar-name">{escape(name)}</span>'
            f'<span class="bar"><i style="width:{min(max(share, 0), 100):.1f}%;'
            f'background:{escape(colour)}"></i></span>'
            f'<span class="bar-value" style="color:{escape(colour)}">{escape(told.text)}</span>'
            "</div>"
        )
    if panel.options.get("orientation") == "vertical":
        panel.remarks.append("The bars stand upright in Grafana")
    return f'<div class="bars">{"".join(rows)}</div>'


def _category(panel: Panel, frame: Frame) -> Field | None:
    wanted = panel.options.get("xField")
    named = next((f for f in frame.fields if wanted in {f.name, f.title}), None)
    return named or frame.first(TEXT) or frame.first(TIME)


def _colours(field: Field, series: str) -> Any:
    """One colour a bar where thresholds, gradients or mappings give one, else the series'."""
    mode = (field.config.get("color") or {}).get("mode", "palette-classic")
    if mode in {"palette-classic", "fixed", "palette-classic-by-name"} and not field.config.get(
        "mappings"
    ):
        return series
    return [shown(field, value).colour or series for value in field.values]


def _from_zero(fields: list[Field]) -> list[Field]:
    """Bars begin at zero."""
    every = [v for f in fields for v in f.values if v is not None]
    return [fields[0].having(values=[*every, 0.0]), *fields[1:]]
