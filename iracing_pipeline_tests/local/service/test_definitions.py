from __future__ import annotations

import plistlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path, PureWindowsPath

import pytest

from iracing_pipeline.local.service import Service, launchd, systemd, task_scheduler, withheld
from iracing_pipeline.local.service.service import settings_of

USER = "RACING-PC\\Jörg Müller"
# The elements that Microsoft's schema of tasks, version 1.2, allows; those of a trigger in order.
SCHEMA = {
    "Task": ["RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"],
    "RegistrationInfo": ["URI", "Date", "Author", "Description", "Source", "Version"],
    "Triggers": ["LogonTrigger"],
    "LogonTrigger": ["Enabled", "StartBoundary", "EndBoundary", "Repetition",
                     "ExecutionTimeLimit", "UserId", "Delay"],
    "Principals": ["Principal"],
    "Principal": ["UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"],
    "Settings": ["AllowStartOnDemand", "RestartOnFailure", "MultipleInstancesPolicy",
                 "DisallowStartIfOnBatteries", "StopIfGoingOnBatteries", "AllowHardTerminate",
                 "StartWhenAvailable", "RunOnlyIfNetworkAvailable", "Enabled", "Hidden",
                 "DeleteExpiredTaskAfter", "IdleSettings", "RunOnlyIfIdle", "WakeToRun",
                 "ExecutionTimeLimit", "Priority", "NetworkSettings"],
    "RestartOnFailure": ["Interval", "Count"],
    "Actions": ["Exec"],
    "Exec": ["Command", "Arguments", "WorkingDirectory"],
}  # fmt: skip
VALUES = {
    "Enabled": "true|false",
    "Delay": r"PT\d+[HMS]",
    "LogonType": "InteractiveToken",
    "RunLevel": "LeastPrivilege|HighestAvailable",
    "MultipleInstancesPolicy": "Parallel|Queue|IgnoreNew|StopExisting",
    "ExecutionTimeLimit": r"PT\d+[HMS]",
    "Priority": "[0-9]|10",
    "Interval": r"PT\d+M",
    "Count": r"[1-9]\d?",
}


def windows(command: str = "up", **settings: str) -> Service:
    home = PureWindowsPath(r"C:\Users\Jörg Müller\AppData\Local\iracing-pipeline")
    python = PureWindowsPath(r"C:\Users\Jörg Müller\venv\Scripts\python.exe")
    return Service(command, home, settings, python)  # type: ignore[arg-type]


def parsed(service: Service) -> ET.Element:
    return ET.fromstring(task_scheduler.task(service, USER))  # noqa: S314 - our own


def text(root: ET.Element, name: str) -> str:
    result = root.find(f".//{{{task_scheduler.NAMESPACE}}}{name}")
    assert result is not None, name
    return result.text or ""


def test_a_task_is_what_the_schema_allows() -> None:
    root = parsed(windows())
    assert root.attrib["version"] == "1.2"
    for element in root.iter():
        space, _, name = element.tag[1:].partition("}")
        assert space == task_scheduler.NAMESPACE
        children = [child.tag.partition("}")[2] for child in element]
        assert len(children) == len(set(children)), f"{name} has a child twice"
        assert set(children) <= set(SCHEMA.get(name, []))
        if name == "LogonTrigger":
            assert children == [each for each in SCHEMA[name] if each in children]
        if name in VALUES:
            assert re.fullmatch(VALUES[name], element.text or ""), name


def test_a_task_runs_for_its_user_alone_without_a_window_and_without_more_rights() -> None:
    root = parsed(windows())

    assert {each.text for each in root.iter(f"{{{task_scheduler.NAMESPACE}}}UserId")} == {USER}
    assert text(root, "RunLevel") == "LeastPrivilege"
    assert text(root, "LogonType") == "InteractiveToken"
    assert text(root, "ExecutionTimeLimit") == "PT0S"
    assert text(root, "Command") == r"C:\Users\Jörg Müller\venv\Scripts\pythonw.exe"


def test_a_task_hands_over_settings_with_spaces() -> None:
    root = parsed(windows("live", IRACING_TELEMETRY_DIR=r"D:\Müller & Söhne\telemetry"))

    assert text(root, "Arguments") == (
        "-m iracing_pipeline.local.service.background"
        r' "IRACING_TELEMETRY_DIR=D:\Müller & Söhne\telemetry" live'
    )


def test_the_file_is_what_windows_writes_itself() -> None:
    document = task_scheduler.document(windows(), USER)

    assert document[:2] in {b"\xff\xfe", b"\xfe\xff"}
    assert document.decode("utf-16").startswith('<?xml version="1.0" encoding="UTF-16"?>\r\n<Task')
    assert ET.fromstring(document) is not None  # noqa: S314 - our own


@pytest.fixture
def linux(tmp_path: Path) -> Service:
    home = tmp_path / 'Jörg Müller 100% "$HOME"'
    return Service("up", home, {"IRACING_HOME": str(home)}, Path(sys.executable))


def test_a_unit_hands_over_what_systemd_would_replace(linux: Service) -> None:
    unit = systemd.unit(linux)

    assert f'ExecStart="{sys.executable}" "-m" "iracing_pipeline" "up"\n' in unit
    escaped = str(linux.home).replace("%", "%%").replace('"', '\\"')
    assert f'Environment="IRACING_HOME={escaped}"\n' in unit
    assert "KillMode=process\n" in unit


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_understands_the_unit(linux: Service, tmp_path: Path) -> None:
    file = tmp_path / f"{linux.name}.service"
    file.write_text(systemd.unit(linux), encoding="utf-8")

    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", str(file)],  # noqa: S607 - the system's own
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    about_it = [line for line in done.stderr.splitlines() if linux.name in line]
    assert about_it == []


def test_an_agent_is_a_property_list(linux: Service) -> None:
    agent = plistlib.loads(launchd.agent(linux))

    assert agent["Label"] == "iracing-pipeline-up"
    assert agent["ProgramArguments"] == [sys.executable, "-m", "iracing_pipeline", "up"]
    assert agent["EnvironmentVariables"] == {"IRACING_HOME": str(linux.home)}
    assert agent["KeepAlive"] == {"SuccessfulExit": False}


def test_secrets_are_withheld_and_files_are_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = {
        "IRACING_PASSWORD": "s3cret",
        "IRACING_CLIENT_SECRET": "s3cret",
        "IRACING_CLOUD_PUSH_TOKEN": "s3cret",
        "IRACING_DATABASE_URL": "postgresql://me:s3cret@host/db",
        "IRACING_GRAFANA_TOKEN": "",
        "IRACING_PASSWORD_FILE": "password.txt",
        "IRACING_CLIENT_ID": "me",
        "PATH": "/bin",
    }

    assert settings_of(env, tmp_path / "home") == {
        "IRACING_HOME": str(tmp_path / "home"),
        "IRACING_PASSWORD_FILE": str(tmp_path / "password.txt"),
        "IRACING_CLIENT_ID": "me",
    }
    assert withheld(env) == [
        "IRACING_CLIENT_SECRET", "IRACING_CLOUD_PUSH_TOKEN", "IRACING_DATABASE_URL",
        "IRACING_PASSWORD",
    ]  # fmt: skip
