"""All probes, in the order in which one thing needs the other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from iracing_pipeline.local.check import database, folders, machine
from iracing_pipeline.local.check.daemon import daemon
from iracing_pipeline.local.check.data_api import account
from iracing_pipeline.local.check.finding import warning, without_secrets, wrong
from iracing_pipeline.local.check.grafana import grafana
from iracing_pipeline.local.check.prometheus import blocks, hosted, prometheus
from iracing_pipeline.local.check.races import races
from iracing_pipeline.local.check.results import result_files
from iracing_pipeline.settings import (
    DataApiAccount,
    GrafanaSettings,
    MetricSettings,
    ReportSettings,
    Settings,
    SettingsError,
    misspelt,
)

if TYPE_CHECKING:
    from iracing_pipeline.local.check.finding import Finding

_SETTINGS = "See docs/settings.md for what it is to hold"


def check() -> list[Finding]:
    """Run all probes, by the settings in the environment; the findings contain no secret."""
    findings: list[Finding] = machine.python()
    try:
        settings = Settings.from_env()
        login = DataApiAccount.from_env()
        metrics = MetricSettings.from_env()
        dashboards = GrafanaSettings.from_env()
        ReportSettings.from_env()
    except SettingsError as error:
        return [*findings, wrong("settings", str(error), _SETTINGS)]
    advice = "Correct its name, or unset it"
    findings += [warning("settings", line.rstrip("."), advice) for line in misspelt(os.environ)]
    findings += folders.telemetry(settings.telemetry_dir)
    findings += folders.home(settings.home)
    findings += folders.lake(settings)
    places = {"data folder": settings.home, "telemetry folder": settings.telemetry_dir}
    if "://" not in settings.lake:
        places["lake"] = Path(settings.lake)
    findings += folders.disks(places)
    looked = database.look(settings)
    findings += looked.findings
    findings += result_files(looked.url if looked.has_tables else None)
    findings += account(login, settings.home, looked.url if looked.has_tables else None)
    findings += races(looked.url if looked.has_tables else None)
    of_prometheus, prometheus_ahead = prometheus(metrics)
    findings += [*of_prometheus, *blocks(metrics), *hosted(metrics), *grafana(dashboards)]
    ahead = {"the database": looked.ahead_s, "Prometheus": prometheus_ahead}
    findings += machine.clock(ahead)
    findings += daemon(Path(os.environ.get("DAGSTER_HOME") or settings.home / "dagster"))
    return without_secrets(findings, _secrets(looked.url, login, metrics, dashboards))


def _secrets(
    url: str | None,
    login: DataApiAccount | None,
    metrics: MetricSettings,
    dashboards: GrafanaSettings,
) -> list[str | None]:
    secrets: list[str | None] = [metrics.cloud_token, dashboards.token]
    if url is not None:
        raw = urlsplit(url).password
        secrets += [raw, unquote(raw)] if raw else []
    if login is not None:
        secrets += [login.client_secret, login.password]
    return secrets
