"""The environment variables that a child process gets: an allow-list for each kind of child.

A variable that is on no list stays in this process, whatever its name is. Passwords of the iRacing
account reach the processes that ask iRacing, and no program of others.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Where programs, folders, languages and certificates are, on every platform.
_SYSTEM = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|PWD|LANG|LANGUAGE|LC_\w+|TZ|TZDIR|TERM|COLUMNS|LINES|NO_COLOR"
    r"|TMPDIR|TEMP|TMP|XDG_\w+|DBUS_SESSION_BUS_ADDRESS|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY"
    r"|LD_LIBRARY_PATH|DYLD_(?:FALLBACK_)?LIBRARY_PATH|SSL_CERT_(?:FILE|DIR)"
    # Windows, whose names mean the same in any case.
    r"|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|OS|NUMBER_OF_PROCESSORS|PROCESSOR_\w+"
    r"|USERPROFILE|USERNAME|USERDOMAIN|HOMEDRIVE|HOMEPATH|APPDATA|LOCALAPPDATA|PROGRAMDATA"
    r"|ALLUSERSPROFILE|PROGRAMFILES(?:\(X86\))?|PROGRAMW6432|COMMONPROGRAMFILES(?:\(X86\))?"
    r"|COMPUTERNAME",
    re.IGNORECASE,
)
_PYTHON = re.compile(r"PYTHON(?!STARTUP|INSPECT)\w+|VIRTUAL_ENV|CONDA_PREFIX|COVERAGE_\w+")
_NETWORK = re.compile(
    r"(?:HTTPS?|ALL|NO)_PROXY|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|GRPC_\w+", re.IGNORECASE
)
# The pipeline's own settings, Dagster's, and those of a database or an object store.
_PIPELINE = re.compile(r"(?:IRACING|DAGSTER|PG|AWS|GOOGLE|CLOUDSDK|AZURE|FSSPEC|POLARS)_?\w+")
# Only `migrate`, `dashboards push` and tests read these, and they read them in this process.
_OF_NO_CHILD = re.compile(r"IRACING_(?:ADMIN_DATABASE_URL|GRAFANA_TOKEN|TEST_\w+)(?:_FILE)?")
_ACCOUNT = re.compile(
    r"IRACING_(?:CLIENT_SECRET|USERNAME|PASSWORD|DATABASE_URL|CLOUD_PUSH_TOKEN"
    r"|DIGEST_WEBHOOK|MCP_TOKEN|READER_PASSWORD)(?:_FILE)?"
    r"|(?:AWS|GOOGLE|CLOUDSDK|AZURE|FSSPEC)_\w+"
)
_PIP = re.compile(r"(?:PIP|UV)_\w+")
# Docker's client, and what docker-compose.yml reads from the environment.
_DOCKER = re.compile(
    r"(?:DOCKER|COMPOSE|BUILDX|BUILDKIT)_\w+|SSH_AUTH_SOCK"
    r"|IRACING_(?!ADMIN|CLIENT_SECRET|PASSWORD|DATABASE_URL|GRAFANA_TOKEN|CLOUD_PUSH_TOKEN"
    r"|DIGEST_WEBHOOK|MCP_TOKEN|READER_PASSWORD)\w+"
)


def of_program(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """For a program of others, such as PostgreSQL's or promtool: the system's variables."""
    return _chosen(env, _SYSTEM)


def of_docker(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """For Docker: its own variables, and those that the Compose file reads; no secret."""
    return _chosen(env, _SYSTEM, _NETWORK, _DOCKER)


def of_installer(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """For pip: its own variables, which may name an index with a password."""
    return _chosen(env, _SYSTEM, _PYTHON, _NETWORK, _PIP)


def of_pipeline(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """For a process of this pipeline that loads, and may ask iRacing."""
    return _chosen(env, _SYSTEM, _PYTHON, _NETWORK, _PIPELINE, but=_OF_NO_CHILD)


def of_orchestrator(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """For Dagster's webserver and daemon, which run none of our code: no account, no database."""
    chosen = of_pipeline(env)
    return {name: value for name, value in chosen.items() if not _ACCOUNT.fullmatch(name)}


@contextmanager
def only_system_variables() -> Iterator[None]:
    """Hide all other variables from children of a library that passes on ``os.environ``."""
    before = dict(os.environ)
    hidden = before.keys() - of_program().keys()
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update({name: before[name] for name in hidden})


def _chosen(
    env: Mapping[str, str] | None, *lists: re.Pattern[str], but: re.Pattern[str] | None = None
) -> dict[str, str]:
    env = os.environ if env is None else env
    return {
        name: value
        for name, value in env.items()
        if any(names.fullmatch(name) for names in lists)
        and not (but is not None and but.fullmatch(name))
    }
