#!/usr/bin/env python
"""Whether a container does its work: ``health.py grpc HOST:PORT``, ``http URL`` or ``daemon URL``.

Dagster's own checks of a code server and of the daemon import Dagster, seconds of work each time,
and its daemon may be silent for half an hour.
"""

import sys
from urllib.request import urlopen

TIMEOUT_S = 8


def grpc_serves(address: str) -> bool:
    """Whether the gRPC server says of itself that it serves."""
    import grpc  # noqa: PLC0415 - the other check does without
    from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: PLC0415

    with grpc.insecure_channel(address) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service="DagsterApi"), timeout=TIMEOUT_S
        )
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def http_answers(url: str) -> bool:
    """Whether the server answers with success."""
    with urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the address is the image's own
        return bool(200 <= answer.status < 300)


def daemon_beats(url: str) -> bool:
    """Whether a daemon of Dagster has said lately that it is there."""
    import psycopg  # noqa: PLC0415 - as above

    beat = "SELECT max(timestamp) > now() AT TIME ZONE 'UTC' - interval '3 min'"
    with psycopg.connect(url, connect_timeout=TIMEOUT_S) as connection:
        found = connection.execute(f"{beat} FROM daemon_heartbeats").fetchone()
    return bool(found and found[0])


CHECKS = {"grpc": grpc_serves, "http": http_answers, "daemon": daemon_beats}

if __name__ == "__main__":
    kind, place = sys.argv[1:]
    sys.exit(0 if CHECKS[kind](place) else 1)
