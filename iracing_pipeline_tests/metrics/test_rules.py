"""Configuration, rules and alerts, by Prometheus's own tool; and that what they name exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

import iracing_pipeline
from iracing_pipeline_tests.prometheus_server import NEEDS_PROMETHEUS, PROMTOOL

ROOT = Path(iracing_pipeline.__file__).parents[1]
FOLDER = ROOT / "prometheus"
ALERTS = {
    rule["alert"]: rule
    for group in yaml.safe_load((FOLDER / "rules/alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
}
RECORDED = [
    rule["record"]
    for group in yaml.safe_load((FOLDER / "rules/recording.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]


def promtool(*arguments: str, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    assert PROMTOOL
    return subprocess.run(
        [PROMTOOL, *arguments], cwd=FOLDER, input=given, capture_output=True, check=False
    )


@NEEDS_PROMETHEUS
@pytest.mark.parametrize("name", ["prometheus.yml", "prometheus.cloud.yml"])
def test_the_configuration_is_valid(name: str) -> None:
    # Without asking for files with secrets, which are not here.
    done = promtool("check", "config", "--syntax-only", name)

    assert done.returncode == 0, done.stderr.decode()


@NEEDS_PROMETHEUS
def test_the_rules_are_valid_and_each_alert_fires_and_stays_quiet() -> None:
    checked = promtool("check", "rules", "rules/recording.yml", "rules/alerts.yml")
    tested = promtool("test", "rules", "tests/alerts_test.yml", "tests/recording_test.yml")

    assert checked.returncode == 0, checked.stderr.decode()
    assert tested.returncode == 0, tested.stderr.decode()


@NEEDS_PROMETHEUS
def test_the_alerts_of_a_race_fire_and_stay_quiet() -> None:
    checked = promtool("check", "rules", "optional/race.yml")
    tested = promtool("test", "rules", "optional/race_test.yml")

    assert checked.returncode == 0, checked.stderr.decode()
    assert tested.returncode == 0, tested.stderr.decode()


def test_every_alert_of_a_race_is_tested() -> None:
    rules = yaml.safe_load((FOLDER / "optional/race.yml").read_text("utf-8"))["groups"][0]["rules"]
    tests = yaml.safe_load((FOLDER / "optional/race_test.yml").read_text("utf-8"))["tests"]

    assert {rule["alert"] for rule in rules} == {
        case["alertname"] for test in tests for case in test["alert_rule_test"]
    }


def test_every_alert_is_tested_both_ways() -> None:
    tests = yaml.safe_load((FOLDER / "tests/alerts_test.yml").read_text("utf-8"))["tests"]
    names = {test["name"] for test in tests}

    assert names == {f"{alert} {what}" for alert in ALERTS for what in ("fires", "stays quiet")}


def test_every_recording_rule_is_tested_and_named_as_prometheus_would() -> None:
    tests = yaml.safe_load((FOLDER / "tests/recording_test.yml").read_text("utf-8"))["tests"]
    asked = {each["expr"].partition("{")[0] for test in tests for each in test["promql_expr_test"]}

    assert len(RECORDED) == len(set(RECORDED))
    assert set(RECORDED) == asked
    for name in RECORDED:
        assert re.fullmatch(r"[a-z_]+:iracing_[a-z0-9_]+:[a-z0-9_]+", name)


def test_alerts_name_recording_rules_that_there_are() -> None:
    named = {
        name for rule in ALERTS.values() for name in re.findall(r"\b\w+:\w+:\w+", rule["expr"])
    }

    assert named
    assert named <= set(RECORDED)


def test_every_alert_has_a_page_that_says_what_to_do() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text("utf-8")
    pages = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", runbook, re.MULTILINE | re.DOTALL))

    assert set(pages) == set(ALERTS)
    for name, rule in ALERTS.items():
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
        assert "**Do**" in pages[name]


def test_rules_name_metrics_that_there_are() -> None:
    written = "".join(path.read_text("utf-8") for path in (FOLDER / "rules").glob("*.yml"))
    named = set(re.findall(r"(?<![\w:])iracing_\w+", written)) - {"iracing_live"}
    source = "".join(
        path.read_text("utf-8") for path in (ROOT / "iracing_pipeline/metrics").glob("*.py")
    )
    # Names are put together in the code: the last words tell them apart.
    expected = {name for name in named if _tail(name) in source}

    assert named - expected == set()


def _tail(name: str) -> str:
    bare = re.sub(r"_(total|bucket|count|timestamp_seconds|bytes|seconds)$", "", name)
    words = bare.removeprefix("iracing_").split("_")
    return "_".join(words[-2:]) if words[0] not in {"dagster", "api", "disk"} else words[-1]
