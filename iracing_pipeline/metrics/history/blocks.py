"""Give old sessions to Prometheus as blocks, made by ``promtool``.

Prometheus takes samples only for a few hours back; blocks it takes of any age, and picks them up
within a minute. One file a session: promtool reads its file once for every two hours that it
spans, so the sessions of a year in one file take minutes each.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from iracing_pipeline.child_environment import of_program
from iracing_pipeline.lake import disk_is_full
from iracing_pipeline.metrics.history import openmetrics
from iracing_pipeline.metrics.history.delivery import (
    Delivery,
    DeliveryError,
    without_future,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.metrics.history.series import SessionSeries

MIN_AGE_MS = 4 * 3_600_000
"""Younger samples may still be in the head of the database. A block that reaches into it would
make Prometheus, when it starts again, forget what it holds there from before the block's end."""

_STAGING = "iracing-blocks-"
_LONGEST_S = 3600.0
_ABANDONED_S = 2 * _LONGEST_S


class Blocks:
    """The data folder of a Prometheus."""

    def __init__(
        self,
        folder: Path,
        *,
        promtool: str = "promtool",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the folder; nothing is written yet.

        Args:
            folder: The data folder.
            promtool: The program.
            clock: Seconds since 1970.
        """
        self.folder = folder
        self._promtool = promtool
        self._clock = clock

    def send(self, series: SessionSeries) -> Delivery:
        """Make blocks of series and give them to Prometheus; see :class:`Destination`.

        Blocks are made beside the others and then given their names, so that Prometheus sees
        whole ones alone, and all or none of a session.
        """
        began = time.perf_counter()
        delivery = Delivery()
        sendable = without_future(series, delivery, self._clock())
        latest = int(self._clock() * 1000) - MIN_AGE_MS
        stop = int(sendable.times.searchsorted(latest, side="right"))
        if young := sendable.part(stop, len(sendable.times)).samples:
            delivery.waiting = young  # until it is old; nothing is wrong with that
        old = sendable.part(0, stop)
        samples = old.samples
        if samples:
            try:
                self._give(old, samples)
                delivery.accepted = samples
                delivery.requests = 1
            except (DeliveryError, OSError) as error:
                delivery.waiting += samples
                delivery.failure = str(self._explained(error))
        delivery.seconds = time.perf_counter() - began
        return delivery

    def sweep(self) -> int:
        """Delete what killed runs left in the folder; how many of their folders."""
        swept = 0
        for left in self.folder.glob(f"{_STAGING}*"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(left)
                    swept += 1
        return swept

    def _give(self, series: SessionSeries, samples: int) -> None:
        self._check()
        self.sweep()
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self.folder))
        try:
            text, made = staging / "session.om", staging / "blocks"
            openmetrics.write(series, text)
            made.mkdir()
            self._make(text, made)
            blocks = [path for path in made.iterdir() if (path / "meta.json").exists()]
            if (held := sum(_samples(block) for block in blocks)) != samples:
                raise DeliveryError(
                    f"promtool made blocks of {held} samples out of {samples}",
                    "Check that promtool is of the same version as Prometheus",
                )
            for block in blocks:
                block.rename(self.folder / block.name)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _make(self, text: Path, target: Path) -> None:
        command = [self._promtool, "tsdb", "create-blocks-from", "openmetrics", "-q"]
        try:
            done = subprocess.run(  # noqa: S603 - no shell; the program is a setting
                [*command, str(text), str(target)],
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=_LONGEST_S,
                env=of_program(),
                check=False,
            )
        except FileNotFoundError as error:
            raise DeliveryError(
                f"The program {self._promtool} is not there",
                "Install Prometheus's promtool, or name it by IRACING_PROMTOOL",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise DeliveryError(
                f"promtool has not ended in {_LONGEST_S:.0f} s", "Look at the load of the machine"
            ) from error
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise DeliveryError(
                f"promtool made no blocks: {' '.join(last) or done.returncode}",
                f"Check that the disk of {self.folder} has room",
            )

    def _check(self) -> None:
        # A folder that is not Prometheus's would fill with blocks that nobody reads.
        if not (self.folder / "wal").is_dir():
            raise DeliveryError(
                f"{self.folder} is not the data folder of a Prometheus (it holds no wal)",
                "Set IRACING_PROMETHEUS_DATA to what Prometheus's --storage.tsdb.path names, and"
                " start Prometheus once",
            )

    def _explained(self, error: Exception) -> Exception:
        if not isinstance(error, OSError):
            return error
        if disk_is_full(error):
            return DeliveryError(
                f"The disk of {self.folder} is full", "Make room; the blocks are made again later"
            )
        return DeliveryError(
            f"{self.folder} cannot be written to: {error.strerror or error}",
            "Let the user that runs this write to Prometheus's data folder",
        )


def _samples(block: Path) -> int:
    meta = json.loads((block / "meta.json").read_text(encoding="utf-8"))
    return int(meta["stats"]["numSamples"])
