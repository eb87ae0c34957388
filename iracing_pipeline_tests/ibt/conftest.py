from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iracing_pipeline_tests.recordings import write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def small_file(tmp_path: Path) -> Path:
    """A whole recording of few records."""
    path = tmp_path / "small.ibt"
    write(path)
    return path
