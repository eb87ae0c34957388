"""``python -m benchmarks``: every measurement of reading and loading, one after the other."""

import argparse
import tempfile
from pathlib import Path

from benchmarks import backlog, load_hour, read_ibt
from benchmarks.hour_file import an_hour

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--files", type=int, default=1000, help="files in the backlog")
arguments = parser.parse_args()

with tempfile.TemporaryDirectory() as scratch:
    hour = an_hour(Path(scratch))
    print("== Reading an hour")
    read_ibt.report(hour, rounds=5)
    print("\n== Loading an hour")
    load_hour.report(hour)
print("\n== A backlog")
backlog.report(arguments.files)
