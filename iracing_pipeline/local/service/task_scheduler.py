"""A task for Windows's Task Scheduler, as the XML that it takes.

A task of the user's at log-on, and not a Windows service: a service runs in a separate session,
where the simulator's shared memory is not to be seen and Documents is another folder.
"""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from iracing_pipeline.local.service.service import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from iracing_pipeline.local.service.service import Service

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
BACKGROUND = "iracing_pipeline.local.service.background"

# The log-on of others must not start it; half a minute leaves the desktop time to come up.
_TRIGGER = {"Enabled": "true", "UserId": "", "Delay": "PT30S"}
_SETTINGS = {
    "MultipleInstancesPolicy": "IgnoreNew",
    "DisallowStartIfOnBatteries": "false",
    "StopIfGoingOnBatteries": "false",
    "AllowHardTerminate": "true",
    "StartWhenAvailable": "true",
    "RunOnlyIfNetworkAvailable": "false",
    "AllowStartOnDemand": "true",
    "Enabled": "true",
    "Hidden": "false",
    "RunOnlyIfIdle": "false",
    "WakeToRun": "false",
    "ExecutionTimeLimit": "PT0S",  # none: the default ends it after three days
    "Priority": "7",  # below normal: the simulator comes first
}


def task(service: Service, user: str) -> str:
    r"""The task as XML, without the declaration that names an encoding.

    Args:
        service: What to run.
        user: Whose log-on starts it, with the domain: ``PC\name``.
    """
    root = ET.Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    _add(root, "RegistrationInfo", {
        "Description": f"{COMMANDS[service.command]} (iracing-pipeline {service.command})",
        "URI": f"\\{service.name}",
    })  # fmt: skip
    triggers = ET.SubElement(root, "Triggers")
    _add(triggers, "LogonTrigger", _TRIGGER | {"UserId": user})
    principals = ET.SubElement(root, "Principals")
    principal = _add(principals, "Principal", {
        "UserId": user,
        "LogonType": "InteractiveToken",  # only while logged on, so no password is kept
        "RunLevel": "LeastPrivilege",
    })  # fmt: skip
    principal.set("id", "Author")
    settings = _add(root, "Settings", _SETTINGS)
    _add(settings, "RestartOnFailure", {"Interval": "PT1M", "Count": "10"})
    actions = ET.SubElement(root, "Actions", {"Context": "Author"})
    _add(actions, "Exec", {
        "Command": str(windowless(service.python)),
        "Arguments": subprocess.list2cmdline(arguments(service)),
        "WorkingDirectory": str(service.home),
    })  # fmt: skip
    ET.indent(root)
    return ET.tostring(root, encoding="unicode")


def document(service: Service, user: str) -> bytes:
    """The task as the file that ``schtasks`` reads."""
    text = f'<?xml version="1.0" encoding="UTF-16"?>\n{task(service, user)}\n'
    return text.replace("\n", "\r\n").encode("utf-16")


def arguments(service: Service) -> list[str]:
    """Arguments of the program: a task has no environment variables."""
    settings = [f"{name}={value}" for name, value in sorted(service.settings.items())]
    return ["-m", BACKGROUND, *settings, service.command]


def windowless(python: Path) -> Path:
    """The Python that opens no window; it lies beside the other one, also in a venv."""
    return python.with_name("pythonw.exe")


def _add(parent: ET.Element, name: str, values: Mapping[str, str]) -> ET.Element:
    element = ET.SubElement(parent, name)
    for key, value in values.items():
        ET.SubElement(element, key).text = value
    return element
