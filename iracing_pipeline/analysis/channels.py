"""The channels that the analysis of a file reads: a third of those that it has."""

from __future__ import annotations

from iracing_pipeline.analysis import (
    corner_map,
    corners,
    dampers,
    samples,
    sessions,
    traces,
    track_evidence,
    track_grid,
    tyres,
)

LAP_CHANNELS = tuple(
    dict.fromkeys(
        (
            *track_evidence.CHANNELS,
            *track_grid.CHANNELS,
            *traces.CHANNELS,
            *corner_map.CHANNELS,
            *corners.CHANNELS,
            *tyres.CHANNELS,
            *dampers.CHANNELS,
        )
    )
)
"""Channels that the analysis of laps reads, if the file has them."""

CHANNELS = tuple(dict.fromkeys((*samples.CHANNELS, *sessions.CHANNELS, *LAP_CHANNELS)))
"""All that is read of a file, the finding of its laps included."""
