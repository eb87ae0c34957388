"""Messages of the server while it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Errors, and what the server logs of its settings and files before the error that ends it.
COMPLAINTS = (
    "FATAL:",
    "PANIC:",
    "ERROR:",
    "DETAIL:",
    "LOG:  invalid",
    "LOG:  unrecognized",
    "LOG:  syntax error",
    "LOG:  could not",
)


class Log:
    """The server's log from now on.

    The server writes to one file until it has read its settings, and then to a file for each
    weekday, which may hold what it said a week ago.
    """

    def __init__(self, data: Path) -> None:
        """Remember the current end of the log."""
        self.first = data / "start.log"
        self.first.unlink(missing_ok=True)
        self._folder = data / "log"
        self._ends = {file: file.stat().st_size for file in self._files()}

    def complaints(self) -> str:
        """The errors as one line; empty if there are none."""
        lines = [line for file in self._files() for line in self._new_lines(file)]
        return " ".join(
            line.partition("] ")[2].strip()
            for line in lines
            if any(complaint in line for complaint in COMPLAINTS)
        )

    def _files(self) -> list[Path]:
        files = [self.first, *self._folder.glob("*.log")]
        return [file for file in files if file.exists()]

    def _new_lines(self, file: Path) -> list[str]:
        with file.open("rb") as log:
            log.seek(self._ends.get(file, 0))
            return log.read().decode("utf-8", errors="replace").splitlines()
