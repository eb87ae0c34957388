"""Metadata of lap figures in the Dagster UI: figures, tables and pictures."""

from collections.abc import Callable
from typing import Any

import dagster as dg
import polars as pl

from iracing_pipeline.analysis.fuel import CAUTION, fuel_use
from iracing_pipeline.analysis.sectors import LAP_KEY, theoretical_best
from iracing_pipeline.defs.batch import Metadata
from iracing_pipeline.defs.telemetry.metadata import known, picture, place
from iracing_pipeline.ingest.lap_analysis import LapAnalysis
from iracing_pipeline.ingest.lap_tables import LapAsset
from iracing_pipeline.ingest.telemetry import Telemetry
from iracing_pipeline.pictures import delta_chart, spread_chart, stint_chart, track_map
from iracing_pipeline.pictures.lap_chart import clock
from iracing_pipeline.tables.consistency import CORNER_CONSISTENCY, SESSION_SUMMARY
from iracing_pipeline.tables.debrief import RACE_FINDING
from iracing_pipeline.tables.sectors import LAP_SECTOR
from iracing_pipeline.tables.stints import FUEL_LAP, STINT
from iracing_pipeline.tables.traces import LAP_TRACE

_STINT_HEAD = (
    "| stint | began | ended | tyres | laps | clean | median (s) | trend (s/lap)"
    " | degradation (s/lap) | fuel (l/lap) | pit loss (s) |"
)


def of_asset(asset: LapAsset, telemetry: Telemetry, analysis: LapAnalysis) -> Metadata:
    """Metadata of an asset: the rows of its first table, and what it shows beside them."""
    rows = analysis.tables[asset.declared[0]].height
    shown = _SHOWN[asset.name](telemetry, analysis) if asset.name in _SHOWN else {}
    return known({"dagster/partition_row_count": rows, **shown})


def of_traces(telemetry: Telemetry, analysis: LapAnalysis) -> Metadata:
    """The grid, the track map of the fastest clean lap, and the second fastest against it."""
    traces = analysis.tables[LAP_TRACE]
    shown: dict[str, Any] = {}
    if analysis.grid is not None:
        shown["lap length (m)"] = analysis.grid.length_m
        shown["grid"] = f"{analysis.grid.intervals} intervals of {analysis.grid.step_m:.2f} m"
    if traces.height:
        largest = traces.select(pl.col("closure_s").abs().max()).item()
        shown["largest closure (ms)"] = round(largest * 1000, 3)
    numbers = [(c.number, c.apex_pct) for c in analysis.corners.corners] if analysis.corners else []
    best = _fastest(telemetry, traces)
    if best:
        where = place(telemetry.session.row(0, named=True))
        shown["track map"] = picture(
            track_map(best[0], numbers, f"{_words(best[0])}: {where}"), "track map"
        )
    if len(best) > 1:
        title = f"{_words(best[1])} against {_words(best[0])}: losing where it rises"
        shown["delta"] = picture(delta_chart(best[1], best[0], numbers, title), "delta")
    return shown


def of_sectors(telemetry: Telemetry, analysis: LapAnalysis) -> Metadata:
    """The theoretical best lap, and how many clean laps are behind it."""
    best = theoretical_best(analysis.tables[LAP_SECTOR], telemetry.laps)
    shown: dict[str, Any] = {}
    if best is not None:
        shown |= {
            "theoretical best": clock(best.lap_time_s, 3),
            "to gain on the best lap (s)": round(best.best_lap_time_s - best.lap_time_s, 4),
            "best sectors (s)": ", ".join(f"{time:.3f}" for time in best.sector_times_s),
            "clean laps behind it": best.laps,
        }
    return shown


def of_corners(_: Telemetry, analysis: LapAnalysis) -> Metadata:
    """The map that corners were measured by."""
    shown: dict[str, Any] = {}
    if analysis.corners is not None:
        shown["corner map"] = (
            f"version {analysis.corners.version}: {len(analysis.corners.corners)} corners, from"
            f" {analysis.corners.laps} {'clean' if analysis.corners.clean else 'not clean'} laps"
        )
    return shown


def of_stints(telemetry: Telemetry, analysis: LapAnalysis) -> Metadata:
    """The stint chart and the table of stints."""
    table = analysis.tables[STINT]
    lines = [_STINT_HEAD, "| ---: | --- | --- " + "| ---: " * 8 + "|"]
    lines += [
        f"| {row['stint']} | {row['began']} | {row['ended']} | {row['tyre_set']}"
        f" | {row['lap_count']} | {row['clean_lap_count']} | {_number(row['median_lap_time_s'])}"
        f" | {_interval(row, 'pace_trend')} | {_interval(row, 'degradation')}"
        f" | {_number(row['fuel_per_lap_l'])} | {_number(row['pit_loss_s'])} |"
        for row in table.rows(named=True)
    ]
    title = f"Clean laps by stint: {place(telemetry.session.row(0, named=True))}"
    shown: dict[str, Any] = {
        "stint chart": picture(stint_chart(telemetry.laps, table, title), "stint chart"),
        "stints": dg.MetadataValue.md("\n".join(lines)),
    }
    return shown


def of_fuel(_: Telemetry, analysis: LapAnalysis) -> Metadata:
    """Fuel per lap."""
    shown: dict[str, Any] = {}
    for condition, words in (("clean", "clean laps"), (CAUTION, "caution laps")):
        use = fuel_use(analysis.tables[FUEL_LAP], condition)
        if use is not None:
            shown[f"{words} (l): median / 65 % / 90 %"] = (
                f"{use.median_l:.3f} / {use.p65_l:.3f} / {use.p90_l:.3f} of {use.laps} laps"
            )
    return shown


def of_consistency(telemetry: Telemetry, analysis: LapAnalysis) -> Metadata:
    """How evenly laps and corners were driven, and where the time varies most."""
    summary = analysis.tables[SESSION_SUMMARY].row(0, named=True)
    corners = analysis.tables[CORNER_CONSISTENCY].sort("spread_s", descending=True, nulls_last=True)
    shown: dict[str, Any] = {
        "clean laps": summary["clean_lap_count"],
    }
    if summary["spread_s"] is not None:
        shown["spread of laps (s)"] = (
            f"{summary['spread_s']:.3f} ({summary['spread_low_s']:.3f} to"
            f" {summary['spread_high_s']:.3f})"
        )
    if corners.height:
        lines = ["| corner | median (s) | best (s) | spread (s) | laps |", "| ---: " * 5 + "|"]
        lines += [
            f"| {row['corner']} | {row['median_s']:.3f} | {row['best_s']:.3f}"
            f" | {_number(row['spread_s'])} | {row['lap_count']} |"
            for row in corners.rows(named=True)
        ]
        shown["corners, the widest spread first"] = dg.MetadataValue.md("\n".join(lines))
        where = place(telemetry.session.row(0, named=True))
        title = f"Spread of each corner over clean laps: {where}"
        shown["spread by corner"] = picture(spread_chart(corners, title), "spread by corner")
    return shown


def of_debrief(_: Telemetry, analysis: LapAnalysis) -> Metadata:
    """The findings in words; none for a session that was no race."""
    findings = analysis.tables[RACE_FINDING]
    shown: dict[str, Any] = {}
    if findings.height:
        words = [f"{row['rank']}. {row['text']}" for row in findings.rows(named=True)]
        shown["findings"] = dg.MetadataValue.md("\n".join(words))
    return shown


def _fastest(telemetry: Telemetry, traces: pl.DataFrame) -> list[dict[str, Any]]:
    """The two fastest clean laps that have a trace, or else the fastest that has one."""
    clean = traces.join(telemetry.laps.filter("clean").select(LAP_KEY), on=LAP_KEY, how="semi")
    chosen = clean.sort("lap_time_s").head(2) if clean.height else traces.sort("lap_time_s").head(1)
    return chosen.rows(named=True)


def _words(trace: dict[str, Any]) -> str:
    return f"Lap {trace['lap_number']}, {clock(trace['lap_time_s'], 3)}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _interval(row: dict[str, Any], name: str) -> str:
    value = row[f"{name}_s_per_lap"]
    if value is None:
        return ""
    low, high = row[f"{name}_low_s_per_lap"], row[f"{name}_high_s_per_lap"]
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f})"


_SHOWN: dict[str, Callable[[Telemetry, LapAnalysis], Metadata]] = {
    "lap_traces": of_traces,
    "lap_sectors": of_sectors,
    "lap_corners": of_corners,
    "stints": of_stints,
    "fuel_laps": of_fuel,
    "consistency": of_consistency,
    "race_debriefs": of_debrief,
}
