"""Units that Grafana does not know become suffixes: ask Grafana's own library, where it is."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from iracing_pipeline.dashboards.catalog import BOARDS

NODE = shutil.which("node")
# The library looks for a browser when it is loaded.
SCRIPT = """
const known = { userAgent: "", platform: "", language: "en", languages: ["en"] };
Object.defineProperty(globalThis, "navigator", { value: known, configurable: true });
const { getValueFormats, getValueFormat } = require("@grafana/data");
const ids = getValueFormats().flatMap((group) => group.submenu.map((unit) => unit.value));
const lap = getValueFormat("time:m:ss.SSS")(95123, null, null, "utc");
console.log(JSON.stringify({ ids, lap: lap.text, gap: getValueFormat("suffix:s")(0.1234, 3) }));
"""


@pytest.fixture(scope="module")
def grafana() -> dict[str, Any]:
    if NODE is None:
        pytest.skip("no node: install it, and @grafana/data where node finds it (NODE_PATH)")
    done = subprocess.run([NODE, "-e", SCRIPT], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("node does not find @grafana/data: install it, and say where in NODE_PATH")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def units_of(document: Any) -> set[str]:
    result = set()
    if isinstance(document, dict):
        if document.get("id") == "unit":
            result.add(document["value"])
        if isinstance(document.get("unit"), str):
            result.add(document["unit"])
        document = list(document.values())
    if isinstance(document, list):
        for each in document:
            result |= units_of(each)
    return result


def test_grafana_knows_every_unit(grafana: dict[str, Any]) -> None:
    used = {unit for board in BOARDS for unit in units_of(json.loads(board.json()))}
    named = {unit for unit in used if not unit.startswith(("suffix:", "time:"))}

    assert len(named) > 8
    assert named <= set(grafana["ids"])


def test_grafana_formats_lap_times_and_gaps_as_meant(grafana: dict[str, Any]) -> None:
    assert grafana["lap"] == "1:35.123"
    assert grafana["gap"] == {"text": "0.123", "suffix": " s"}
