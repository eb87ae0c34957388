"""``python -m``: the demo season, and the last seasons of the demo driver's career.

As ``iracing-pipeline demo --exit``, which loads all ten, in a separate process because Dagster
keeps its home for as long as a process lives.
"""

from __future__ import annotations

import sys

from iracing_pipeline.demo.season import write_season
from iracing_pipeline.local.career import demo_data_api, load_career
from iracing_pipeline.local.load import load
from iracing_pipeline.settings import Settings

SEASONS = 3


def main() -> None:
    settings = Settings.from_env()
    write_season(settings.telemetry_dir)
    outcomes = load(settings, [settings.telemetry_dir], lambda _done, _all: None)
    with demo_data_api() as career:
        keys = [str(season) for season in career.seasons][-SEASONS:]
        races = load_career(settings, keys, lambda _done, _all: None)
    wrong = [outcome.file for outcome in outcomes if outcome.state != "loaded"]
    if wrong or races.failed:
        sys.exit(f"not loaded: {wrong}; failed: {races.failed}")


if __name__ == "__main__":
    main()
