"""The running server, by its file ``postmaster.pid``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from iracing_pipeline.warehouse.embedded.configuration import Address


@dataclass(frozen=True, slots=True)
class Postmaster:
    """Content of ``postmaster.pid``; the process may have ended long ago.

    Attributes:
        pid: Process id.
        address: Where it listens; None while it is starting.
    """

    pid: int
    address: Address | None

    @classmethod
    def read(cls, data: Path) -> Postmaster | None:
        """Read the file; None if there is none, or nothing usable in it."""
        try:
            lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        # pid, data folder, start time, port, socket folder, host, shared memory, status
        lines = [line.strip() for line in lines]
        if not lines or not lines[0].isdigit():
            return None
        # A folder that was copied while its server ran names that server, not one of its own.
        if len(lines) > 1 and not _is_same(Path(lines[1]), data):
            return None
        if len(lines) < 6 or not lines[3].isdigit() or not (lines[4] or lines[5]):
            return cls(int(lines[0]), None)
        return cls(int(lines[0]), Address(lines[4] or lines[5], int(lines[3])))

    def is_running(self, data: Path) -> bool:
        """Whether the process lives and is a server on the folder ``data``.

        After a crash of the machine the same number may belong to any other process, which
        PostgreSQL takes for a running server and refuses to start.
        """
        import psutil  # noqa: PLC0415 - comes with the extra, like the server

        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            arguments = process.cmdline()
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True  # cannot tell: two servers on one folder would be the greater harm
        return any(Path(argument) == data for argument in arguments)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False


def end_orphans(data: Path) -> int:
    """End servers on a folder that was deleted under them; how many there were.

    Such a server notices within a minute, and on its way out deletes the socket by which a new
    one in the same place is reached.
    """
    import psutil  # noqa: PLC0415 - comes with the extra, like the server

    orphans = []
    for process in psutil.process_iter(["name", "cmdline"]):
        arguments = process.info["cmdline"] or []
        server = str(process.info["name"]).startswith("postgres") and "-D" in arguments
        if server and any(Path(argument) == data for argument in arguments):
            process.kill()
            orphans.append(process)
    psutil.wait_procs(orphans, timeout=10)
    return len(orphans)
