"""Watch the simulator and answer scrapes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from iracing_pipeline.metrics.endpoint import LOOPBACK, Endpoint
from iracing_pipeline.metrics.families import exposition
from iracing_pipeline.metrics.live.gauges import families

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.metrics.live.simulator import Reading, Simulator

EVERY_S, SEARCH_EVERY_S = 1.0, 5.0


def serve(
    simulator: Simulator,
    started: Callable[[str], None],
    *,
    host: str = LOOPBACK,
    port: int = 9411,
    every_s: float = EVERY_S,
    search_every_s: float = SEARCH_EVERY_S,
    stop: threading.Event | None = None,
) -> None:
    """Read the simulator again and again, and answer scrapes with the last reading.

    Args:
        simulator: What to read.
        started: Called with the endpoint's address once it answers.
        host: Address to listen on.
        port: Port to listen on; 0 for any that is free.
        every_s: Seconds between two readings.
        search_every_s: Seconds between two looks for a simulator that does not run.
        stop: Ends it when set.

    Raises:
        NoSimulatorError: If iRacing cannot run on this system.
        PortInUseError: If it cannot listen there.
    """
    stop = stop or threading.Event()
    last: Reading | None = simulator.read()
    endpoint = Endpoint(lambda: exposition(families(last)), host=host, port=port)
    endpoint.start()
    try:
        started(endpoint.url)
        while not stop.wait(every_s if last is not None else search_every_s):
            last = simulator.read()
    except KeyboardInterrupt:
        pass
    finally:
        endpoint.stop()
        simulator.close()
