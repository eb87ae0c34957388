"""``python -m iracing_pipeline.demo.fake_data_api PORT`` serves the simulated Data API."""

from __future__ import annotations

import signal
import sys
import threading

from iracing_pipeline.demo.fake_data_api import Career, FakeDataApi

if __name__ == "__main__":
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with FakeDataApi(Career(), quota=100_000, port=int(sys.argv[1])) as server:
        print(f"A simulation of iRacing's Data API is at {server.url}", flush=True)
        stop.wait()
