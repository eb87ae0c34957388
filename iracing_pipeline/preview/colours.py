"""Grafana's colours: its named ones, its classic palette, thresholds and gradients."""

from __future__ import annotations

from typing import Any

# Named colours of Grafana's palette, as its dark theme shows them.
_NAMED = {
    "green": "#73BF69",
    "dark-green": "#37872D",
    "semi-dark-green": "#56A64B",
    "light-green": "#96D98D",
    "super-light-green": "#C8F2C2",
    "yellow": "#FADE2A",
    "dark-yellow": "#E0B400",
    "semi-dark-yellow": "#F2CC0C",
    "light-yellow": "#FFEE52",
    "super-light-yellow": "#FFF899",
    "red": "#F2495C",
    "dark-red": "#C4162A",
    "semi-dark-red": "#E02F44",
    "light-red": "#FF7383",
    "super-light-red": "#FFA6B0",
    "blue": "#5794F2",
    "dark-blue": "#1F60C4",
    "semi-dark-blue": "#3274D9",
    "light-blue": "#8AB8FF",
    "super-light-blue": "#C0D8FF",
    "orange": "#FF9830",
    "dark-orange": "#FA6400",
    "semi-dark-orange": "#FF780A",
    "light-orange": "#FFB357",
    "super-light-orange": "#FFCB7D",
    "purple": "#B877D9",
    "dark-purple": "#8F3BB8",
    "semi-dark-purple": "#A352CC",
    "light-purple": "#CA95E5",
    "super-light-purple": "#DEB6F2",
    "gray": "#9A9DA5",
    "black": "#000000",
    "white": "#FFFFFF",
    "text": "--ink",
    "transparent": "rgba(0,0,0,0)",
}
CLASSIC = (
    "#73BF69",
    "#F2CC0C",
    "#8AB8FF",
    "#FF780A",
    "#F2495C",
    "#5794F2",
    "#B877D9",
    "#705DA0",
    "#37872D",
    "#FADE2A",
    "#447EBC",
    "#C15C17",
    "#890F02",
    "#0A437C",
    "#6D1F62",
    "#584477",
)
GRADIENTS = {
    "continuous-GrYlRd": ("#73BF69", "#FADE2A", "#F2495C"),
    "continuous-RdYlGr": ("#F2495C", "#FADE2A", "#73BF69"),
    "continuous-BlYlRd": ("#5794F2", "#FADE2A", "#F2495C"),
    "continuous-YlRd": ("#FADE2A", "#F2495C"),
    "continuous-BlPu": ("#5794F2", "#B877D9"),
    "continuous-YlBl": ("#FADE2A", "#5794F2"),
    "continuous-blues": ("#181B1F", "#5794F2"),
    "continuous-reds": ("#181B1F", "#F2495C"),
    "continuous-greens": ("#181B1F", "#73BF69"),
    "continuous-purples": ("#181B1F", "#B877D9"),
    "continuous-viridis": ("#440154", "#3B528B", "#21918C", "#5EC962", "#FDE725"),
    "continuous-cividis": ("#00224E", "#434E6C", "#7D7C78", "#BBAE6C", "#FEE838"),
    "continuous-plasma": ("#0D0887", "#7E03A8", "#CC4778", "#F89540", "#F0F921"),
    "continuous-inferno": ("#000004", "#57106E", "#BC3754", "#F98E09", "#FCFFA4"),
    "continuous-magma": ("#000004", "#51127C", "#B73779", "#FC8961", "#FCFDBF"),
}


def named(colour: str | None) -> str:
    """A colour as the page draws it."""
    return _NAMED.get(colour or "", colour or CLASSIC[0])


def of_series(config: dict[str, Any], number: int) -> str:
    """The colour of a series: fixed, of the palette, or that of the last threshold."""
    colour = config.get("color") or {}
    mode = colour.get("mode", "palette-classic")
    if mode in {"fixed", "shades"}:
        return named(colour.get("fixedColor"))
    if mode == "thresholds":
        return named(_steps(config)[0].get("color", "green"))
    if mode in GRADIENTS:
        return GRADIENTS[mode][-1]
    return CLASSIC[number % len(CLASSIC)]


def of_value(
    config: dict[str, Any], value: float | None, low: float, high: float, number: int = 0
) -> str:
    """The colour of one value: by mapping-free rules, thresholds or gradient."""
    colour = config.get("color") or {}
    mode = colour.get("mode", "thresholds")
    if mode == "thresholds":
        return by_threshold(config, value, low, high)
    if mode in GRADIENTS and value is not None:
        return _blend(GRADIENTS[mode], (value - low) / (high - low) if high > low else 0.0)
    return of_series(config, number)


def by_threshold(config: dict[str, Any], value: float | None, low: float, high: float) -> str:
    """The colour of the highest threshold that a value reached."""
    steps = _steps(config)
    if value is None:
        return named(steps[0].get("color"))
    if (config.get("thresholds") or {}).get("mode") == "percentage":
        value = 100 * (value - low) / (high - low) if high > low else 0.0
    reached = steps[0]
    for step in steps[1:]:
        if step.get("value") is not None and value >= step["value"]:
            reached = step
    return named(reached.get("color"))


def scale(config: dict[str, Any]) -> list[list[Any]] | None:
    """A gradient as plotly.js takes it; None where the field has none."""
    stops = GRADIENTS.get((config.get("color") or {}).get("mode", ""))
    if stops is None:
        return None
    return [[at / (len(stops) - 1), colour] for at, colour in enumerate(stops)]


def faded(colour: str, opacity: float) -> str:
    """A colour with an opacity."""
    if not (colour.startswith("#") and len(colour) == 7):
        return colour
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:.3g})"


def _steps(config: dict[str, Any]) -> list[dict[str, Any]]:
    steps = (config.get("thresholds") or {}).get("steps") or []
    return steps or [{"color": "green", "value": None}]


def _blend(stops: tuple[str, ...], share: float) -> str:
    at = min(max(share, 0.0), 1.0) * (len(stops) - 1)
    left = min(int(at), len(stops) - 2)
    part = at - left
    mixed = (
        round(
            int(stops[left][i : i + 2], 16) * (1 - part)
            + int(stops[left + 1][i : i + 2], 16) * part
        )
        for i in (1, 3, 5)
    )
    return "#" + "".join(f"{each:02X}" for each in mixed)
