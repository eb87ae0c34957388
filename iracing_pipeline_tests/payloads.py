"""Real payloads of the Data API, where they are at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(
    os.environ.get("IRACING_TEST_DATA")
    or Path(__file__).resolve().parents[1].parent / "shared" / "data"
)
API = _FOLDER / "api"

needs_payloads = pytest.mark.skipif(
    not API.is_dir(), reason="no real payloads: set IRACING_TEST_DATA to a folder with api/*.json"
)


def payload(name: str) -> Any:
    return json.loads((API / f"{name}.json").read_text(encoding="utf-8"))


def names(prefix: str) -> list[str]:
    if not API.is_dir():
        return []
    return sorted(path.stem for path in API.glob(f"{prefix}*.json"))
