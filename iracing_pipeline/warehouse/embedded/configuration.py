"""The server's settings, and where it listens."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path

FILE = "iracing.conf"
SOCKET_PORT = 5432  # on a socket, the port is only part of the file's name
LONGEST_SOCKET_PATH = 103  # macOS; Linux takes four more
LOOPBACK = "127.0.0.1"

# A PC that also runs the simulator: little memory, and loads that come in bursts, so checkpoints
# are spread out. What the server has acknowledged is on the disk: fsync stays on.
SETTINGS = {
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "max_connections": "100",
    "jit": "off",  # costs more than it gains in dashboards' short queries
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "password_encryption": "scram-sha-256",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Address of the server: a socket's folder, or a host with a port.

    Attributes:
        host: The folder of the Unix socket, or the address.
        port: The port, also on a socket.
    """

    host: str
    port: int

    @property
    def is_socket(self) -> bool:
        """Whether it is a Unix socket."""
        return not self.host[:1].isdigit()

    def url(self, user: str, password: str, database: str) -> str:
        """A ``postgresql://`` URL that libpq, psql and psycopg take."""
        secret = f"{quote(user, safe='')}:{quote(password, safe='')}"
        if self.is_socket:
            # The port is said too, or the variable PGPORT would be taken for it.
            host = quote(self.host, safe="/")
            return f"postgresql://{secret}@/{database}?host={host}&port={self.port}"
        return f"postgresql://{secret}@{self.host}:{self.port}/{database}?sslmode=disable"


def choose_address(data: Path, previous_port: int | None, *, sockets: bool) -> Address:
    """Choose the address of a server on the folder ``data``.

    A socket in the folder, which only its owner can enter; loopback where there can be none, or
    where the path is too long or cannot be written in a list of folders. The port of last time is
    taken again if it is free, so that a URL stays valid over restarts.
    """
    path = str(data)
    length = len(os.fsencode(data / f".s.PGSQL.{SOCKET_PORT}"))
    if sockets and length <= LONGEST_SOCKET_PATH and not set(path) & set("\"'\\,"):
        return Address(path, SOCKET_PORT)
    return Address(LOOPBACK, _free_port(previous_port))


def write(data: Path, address: Address) -> None:
    """Write the settings file that ``postgresql.conf`` includes."""
    settings = SETTINGS | {
        "listen_addresses": "" if address.is_socket else address.host,
        "port": str(address.port),
        "unix_socket_directories": f'"{address.host}"' if address.is_socket else "",
    }
    lines = [
        "# Written at every start: change settings with ALTER SYSTEM instead.",
        *(f"{name} = '{value}'" for name, value in settings.items()),
    ]
    (data / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def port_of_last_time(data: Path) -> int | None:
    """The port in the settings file, None if there is none."""
    try:
        lines = (data / FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    values = [line.split("'")[1] for line in lines if line.startswith("port = ")]
    return int(values[0]) if values else None


def _free_port(wanted: int | None) -> int:
    for port in (wanted, 0):
        if port is None:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            if os.name != "nt":
                # As the server does, or connections that just ended would seem to hold the port.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AssertionError  # port 0 always binds
