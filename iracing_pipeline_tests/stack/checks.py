"""Checks of a running stack."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import tarfile
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from iracing_pipeline.stack.compose import program
from iracing_pipeline_tests.stack.engine import SERVICES, StackTestError, command, wait

if TYPE_CHECKING:
    from iracing_pipeline_tests.stack.engine import Stack

BUILD_TOOLS = ("gcc", "cc", "make", "git", "curl", "hatchling", "pip", "pip3")
NEVER_IN_AN_IMAGE = (".git", ".env", "ca_key")
IN_THE_IMAGE = "handed to libpq"  # of docker/entry.sh: so that the search is known to find


def rows_arrive(stack: Stack, count: int) -> float:
    """Files dropped in become rows; seconds until all have."""
    stack.drop(count)
    return wait("files in the database", lambda: stack.sessions() >= stack.dropped)


def files_arrive(stack: Stack, count: int) -> str:
    """Files dropped in become rows, and the rows' channels are in Prometheus."""
    took = rows_arrive(stack, count)
    sent = "SELECT count(*) FROM ops.metric_history WHERE accepted > 0 AND waiting = 0"
    wait("sessions sent to Prometheus", lambda: stack.number(sent) >= count)
    last, key = stack.sql(
        "SELECT extract(epoch FROM last_sample_at), session_key FROM ops.metric_history LIMIT 1"
    )[0]
    query = f'iracing_speed_meters_per_second{{session="{key}"}}'
    seen = wait("Prometheus shows a session", lambda: bool(stack.prometheus(query, float(last))))
    wait("the endpoint is scraped", lambda: _value(stack, "iracing_up") == 1)
    return f"{count} files in the database after {took:.0f} s; in Prometheus {seen:.0f} s later"


def _value(stack: Stack, query: str) -> float | None:
    result = stack.prometheus(query)
    return float(result[0]["value"][1]) if result else None


def containers_are_hardened(
    stack: Stack, services: tuple[str, ...] = SERVICES
) -> list[tuple[str, ...]]:
    """No root, no capabilities, nothing to write to but volumes; as a table."""
    rows = []
    for service in services:
        made = stack.inspect(service)
        host, status = made["HostConfig"], _status(stack, service)
        limits = host["Memory"] and host["NanoCpus"] and host["PidsLimit"]
        _must(service, "user is not root", status["Uid"].split()[0] != "0")
        _must(service, "has no capabilities", int(status["CapEff"], 16) == 0)
        _must(service, "could get no capabilities", int(status["CapBnd"], 16) == 0)
        _must(service, "can gain no privileges", status["NoNewPrivs"] == "1")
        _must(service, "system calls are filtered", status["Seccomp"] == "2")
        _must(service, "root is read-only", host["ReadonlyRootfs"] and not _writes(stack, service))
        _must(service, "memory, processor and processes are limited", bool(limits))
        published = [
            f"{one['HostIp']}:{one['HostPort']}"
            for ports in (made["NetworkSettings"]["Ports"] or {}).values()
            for one in ports or []
        ]
        _must(service, "ports are on loopback", all(p.startswith("127.") for p in published))
        rows.append((service, status["Uid"].split()[0], status["CapEff"], *published))
    return rows


def _status(stack: Stack, service: str) -> dict[str, str]:
    text = stack.inside(service, "cat", "/proc/1/status")
    return {k: v.strip() for k, _, v in (line.partition(":") for line in text.splitlines())}


def _writes(stack: Stack, service: str) -> bool:
    script = (
        "for d in / /etc /usr /opt /var; do touch $d/x 2>/dev/null && echo wrote $d; done; true"
    )
    return "wrote" in stack.inside(service, "sh", "-c", script)


def secrets_stay_files(stack: Stack) -> str:
    """No secret in a container's configuration, environment, arguments or log, nor in the image."""
    values = stack.secrets()
    places = {f"log of {s}": stack.compose("logs", "--no-log-prefix", s) for s in SERVICES}
    script = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null; true"
    for service in (*SERVICES, "migrate"):
        places[f"configuration of {service}"] = json.dumps(stack.inspect(service))
        if service != "migrate":
            places[f"processes of {service}"] = stack.inside(service, "sh", "-c", script)
    for place, text in places.items():
        for name, value in values.items():
            _must(place, f"does not show {name}", value not in text)
    sought = [IN_THE_IMAGE, *values.values()]
    names, result = _image_holds(f"iracing-pipeline:{stack.name}", sought)
    _must("image", "is searched", IN_THE_IMAGE in result)
    _must("image", "holds no secret", result == {IN_THE_IMAGE})
    bad = [name for name in names if PurePosixPath(name).name in {*NEVER_IN_AN_IMAGE, *values}]
    _must("image", f"holds nothing of the checkout but the package: {bad[:3]}", not bad)
    return f"{len(values)} secrets are in none of {len(places)} places and {len(names)} files"


def _image_holds(image: str, values: list[str]) -> tuple[list[str], set[str]]:
    """Names of all files in all layers, and which of the values any layer holds."""
    names: list[str] = []
    result: set[str] = set()
    with subprocess.Popen([program(), "save", image], stdout=subprocess.PIPE) as saving:
        assert saving.stdout is not None
        with tarfile.open(fileobj=saving.stdout, mode="r|") as layers:
            for member in layers:
                content = layers.extractfile(member) if member.isfile() else None
                if content is None:
                    continue
                data = content.read()
                data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
                result |= {value for value in values if value.encode() in data}
                names += _members(io.BytesIO(data))
    return names, result


def _members(data: IO[bytes]) -> list[str]:
    try:
        with tarfile.open(fileobj=data) as layer:
            return layer.getnames()
    except tarfile.TarError:  # the image's own description
        return []


def image_has_no_build_tools(stack: Stack) -> str:
    """Nothing in our image that compiles, installs or fetches."""
    for tool in BUILD_TOOLS:
        result = stack.inside("code-server", "sh", "-c", f"command -v {tool} || true").strip()
        # Debian's own Python brings its installer under /usr/bin; the official image does not.
        _must("image", f"has no {tool}", not result.startswith(("/opt", "/usr/local")))
    return f"none of {', '.join(BUILD_TOOLS)}"


def database_is_out_of_reach(stack: Stack) -> str:
    """The database publishes nothing, and other networks of the stack do not reach it."""
    made = stack.inspect("postgres")
    _must(
        "postgres", "publishes no port", not any((made["NetworkSettings"]["Ports"] or {}).values())
    )
    networks = made["NetworkSettings"]["Networks"]
    (address,) = (network["IPAddress"] for network in networks.values())
    script = (
        "import socket, sys; socket.create_connection((sys.argv[1], 5432), 5); print('reached')"
    )
    for network in ("edge", "outbound"):
        for host in ("postgres", address):
            output = command(
                *(program(), "run", "--rm", "--network", f"{stack.name}_{network}"),
                *("--entrypoint", "python", f"iracing-pipeline:{stack.name}", "-c", script, host),
                check=False,
            )
            _must("postgres", f"is not reached from {network} by {host}", "there" not in output)
    return "not from the networks edge and outbound, by name or address"


def roles_are_apart(stack: Stack) -> str:
    """Who uses the database, and that the application cannot change a table."""
    wrong = "CREATE TABLE racing.mine ()"
    script = (
        "import psycopg\n"
        "with psycopg.connect('postgresql://iracing_app@postgres/iracing') as c:\n"
        f"    c.execute('{wrong}')"
    )
    output = stack.inside("code-server", "python", "-c", f"{script}", check=False)
    owner = stack.inside("code-server", "cat", "/tmp/pgpass")  # noqa: S108 - in the container
    _must("code-server", "has no password of the owner", "iracing_owner" not in owner)
    _must("iracing_app", "creates no table", "mine" not in output and not _there(stack))
    return "iracing_app creates no table; the owner's password is in no container that runs"


def _there(stack: Stack) -> bool:
    return stack.number("SELECT count(*) FROM pg_tables WHERE tablename = 'mine'") > 0


def _must(who: str, what: str, holds: object) -> None:
    if not holds:
        raise StackTestError(f"{who}: it does not hold that it {what}")


def images(stack: Stack) -> list[tuple[str, ...]]:
    """Images of the services, their size in MB and the user they run as."""
    rows: list[tuple[str, ...]] = []
    for service in SERVICES:
        made = stack.inspect(service)
        size = command(program(), "image", "inspect", made["Image"], "--format", "{{.Size}}")
        rows.append(
            (service, made["Config"]["Image"], f"{int(size) / 1e6:.0f}", made["Config"]["User"])
        )
    return rows
