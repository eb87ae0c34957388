from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from iracing_pipeline import cli
from iracing_pipeline.local.check.finding import State, ok, without_secrets
from iracing_pipeline_tests.prometheus_server import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from iracing_pipeline.settings import Settings

SECRETS = {
    "IRACING_CLIENT_SECRET": "s3cret-of-the-client",
    "IRACING_PASSWORD": "s3cret-of-the-account",
    "IRACING_CLOUD_PUSH_TOKEN": "s3cret-of-the-cloud",
    "IRACING_GRAFANA_TOKEN": "s3cret-of-grafana",
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["check", *arguments])


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLIENT_ID", "PROMETHEUS_URL", "PROMETHEUS_DATA", "CLOUD_PUSH_URL", "GRAFANA_URL"):
        monkeypatch.delenv(f"IRACING_{name}", raising=False)


def test_a_machine_that_is_well_ends_with_zero(settings: Settings) -> None:
    (settings.telemetry_dir / "a.ibt").write_bytes(b"")

    output, as_json = run(), run("--json")

    assert output.exit_code == 0, output.output
    assert " 0 wrong." in output.output
    findings = json.loads(as_json.output)
    assert {each["state"] for each in findings} <= {"ok", "warning"}
    assert {each["subject"] for each in findings} >= {
        "Python", "telemetry folder", "data folder", "lake", "disk", "database", "migrations",
        "permissions", "grafana_reader", "Data API", "Prometheus", "Grafana", "clock",
        "Dagster daemon",
    }  # fmt: skip


def test_what_is_wrong_comes_with_what_mends_it_and_ends_with_one(settings: Settings) -> None:
    settings.telemetry_dir.rmdir()

    output, as_json = run(), run("--json")

    assert (output.exit_code, as_json.exit_code) == (1, 1)
    assert f"wrong    telemetry folder  there is no {settings.telemetry_dir}\n" in output.output
    assert " 1 wrong." in output.output
    wrong = [each for each in json.loads(as_json.output) if each["state"] == State.WRONG]
    assert [each["subject"] for each in wrong] == ["telemetry folder"]
    assert all(each["advice"] for each in wrong)


@pytest.mark.usefixtures("settings")
def test_no_secret_is_printed_whatever_goes_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IRACING_CLIENT_ID", "me")
    monkeypatch.setenv("IRACING_USERNAME", "me@example.org")
    monkeypatch.setenv("IRACING_GRAFANA_URL", nobody)
    monkeypatch.setenv("IRACING_PROMETHEUS_URL", nobody)
    monkeypatch.setenv("IRACING_CLOUD_PUSH_URL", f"{nobody}/api/v1/push")
    monkeypatch.setenv(
        "IRACING_DATABASE_URL", "postgresql://me:s3cret%2Dof%2Dthe%2Ddatabase@127.0.0.1:1/db"
    )

    for result in (run(), run("--json")):
        assert result.exit_code == 1
        assert "s3cret" not in result.output


def test_a_secret_that_somebody_elses_message_repeats_is_taken_out() -> None:
    finding = ok("Grafana", "it said that token abcd-efgh is unknown, and abcd is short")

    (cleaned,) = without_secrets([finding], ["abcd-efgh", "abc", None, ""])

    assert cleaned.said == "it said that token **** is unknown, and abcd is short"


@pytest.mark.usefixtures("settings")
def test_a_setting_that_cannot_be_used_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRACING_DATABASE_URL", "mysql://me:s3cret@host/db")

    done = run()

    assert done.exit_code == 1
    assert "IRACING_DATABASE_URL does not start with postgresql://" in done.output
    assert "s3cret" not in done.output


@pytest.mark.usefixtures("settings")
def test_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IRACING_DATABASE_URL")
    monkeypatch.setenv("IRACING_HOME", str(tmp_path / "new"))

    run()

    assert not (tmp_path / "new").exists()
