"""Colours that people with any colour vision tell apart (Okabe and Ito), and what they mean."""

from __future__ import annotations

SKY = "#56B4E9"
ORANGE = "#E69F00"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#999999"

FASTER = GREEN  # readable as text on dark and on light, which blue is not
SLOWER = VERMILLION

SLOTS = {"A": SKY, "B": ORANGE, "C": GREEN, "D": PURPLE}
"""The laps of a comparison: the reference lap and up to three others."""
