"""The look that the charts of a report share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iracing_pipeline.page.charts import Figure

FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif"


def figure(data: list[dict[str, Any]], **layout: Any) -> Figure:
    """A figure on the page's paper, in its ink."""
    return {
        "data": data,
        "layout": {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "size": 12, "color": "--ink"},
            "margin": {"l": 52, "r": 14, "t": 10, "b": 40},
            "showlegend": False,
            "dragmode": False,
            "hoverlabel": {
                "bgcolor": "--raised",
                "bordercolor": "--line",
                "font": {"family": FONT, "color": "--ink", "size": 12},
                "namelength": -1,
            },
            **layout,
        },
    }


def axis(title: str | None = None, **more: Any) -> dict[str, Any]:
    """An axis with a quiet grid."""
    named = {"title": {"text": title, "font": {"color": "--soft", "size": 12}, "standoff": 6}}
    return {
        "gridcolor": "--grid",
        "zeroline": False,
        "tickfont": {"color": "--soft", "size": 11},
        "automargin": True,
        "fixedrange": True,
        **(named if title else {}),
        **more,
    }


def lap_axis(names: list[str], labels: int) -> dict[str, Any]:
    """An axis of laps by name, in their order, with about so many labels."""
    shown = names[:: max(1, len(names) // labels)]
    return axis("lap", type="category", categoryorder="array", categoryarray=names, tickvals=shown)
