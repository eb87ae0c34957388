"""Random schedules of result files, API answers and failures: what they leave in the tables.

    python -m benchmarks.result_files [SCHEDULES] [FIRST]

Plays schedules (default: 2,000) against a separate server: good and bad files in any order,
copied, renamed and rewritten, API answers of the same races, and a database that refuses rows. Each
is compared with a world in which only the best version of each race arrived.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from iracing_pipeline.warehouse import embedded
from iracing_pipeline.warehouse.connection import Warehouse
from iracing_pipeline.warehouse.migrate import migrate
from iracing_pipeline_tests.ingest.result_schedules import run


def main(schedules: int = 2_000, first: int = 0) -> int:
    """Play schedules, and print the differences and the faults by kind: the exit code.

    Ctrl+C ends it early, with the figures so far.
    """
    faults: Counter[str] = Counter()
    differences: list[str] = []
    played = result = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        url = embedded.start(home / "server")
        try:
            migrate(url)
            with Warehouse(url).connect() as connection:
                connection.execute("SET synchronous_commit = off")
                connection.commit()
                began = time.monotonic()
                for seed in range(first, first + schedules):
                    wrong, injected = run(connection, home / "results", seed)
                    differences += wrong
                    faults += injected
                    result += bool(injected)
                    played += 1
                    if played % 50 == 0:
                        print(f"{played} played, {len(differences)} differences", flush=True)
        except KeyboardInterrupt:
            print("stopped early")
        finally:
            embedded.stop(home / "server")
    seconds = time.monotonic() - began
    print(f"{played} schedules in {seconds:.0f} s ({seconds / max(played, 1) * 1e3:.0f} ms each)")
    kinds = ", ".join(f"{count} {kind}" for kind, count in faults.most_common())
    print(f"{faults.total()} faults in {result} schedules: {kinds}")
    print(f"{len(differences)} differences")
    for difference in differences[:20]:
        print(f"  {difference}")
    return bool(differences)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
