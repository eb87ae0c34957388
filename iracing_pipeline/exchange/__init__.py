"""Laps in the formats of other programs: MoTeC, Garage 61."""
