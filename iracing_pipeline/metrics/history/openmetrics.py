"""Series as OpenMetrics text, the format from which ``promtool`` makes blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from iracing_pipeline.metrics.history.delivery import labels_text

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.metrics.history.series import SessionSeries


def write(series: SessionSeries, path: Path) -> int:
    """Write series as one file; how many samples are in it.

    Polars writes the lines, millions a second.

    Raises:
        OSError: From the disk.
    """
    written = 0
    moments = _moments(series)
    with path.open("wb") as file:
        for metric, (channel, values) in series.metrics.items():
            there = np.isfinite(values)
            count = int(there.sum())
            if not count:
                continue
            file.write(f"# TYPE {metric} gauge\n# HELP {metric} {channel.help}\n".encode())
            lines = pl.DataFrame({"value": values, "time": moments})
            if count < len(values):
                lines = lines.filter(pl.Series(there))
            lines.select(pl.lit(metric + labels_text(series.labels)), "value", "time").write_csv(
                file, include_header=False, separator=" ", quote_style="never"
            )
            written += count
        file.write(b"# EOF\n")
    return written


def _moments(series: SessionSeries) -> pl.Series:
    """The times as seconds with three decimals."""
    times = pl.Series("time", series.times)
    second, milli = (times // 1000).cast(pl.String), (times % 1000).cast(pl.String)
    return second + "." + milli.str.zfill(3)
