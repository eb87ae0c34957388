"""Prometheus: ready, takes remote write, keeps what it is given."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import yaml

from iracing_pipeline.local.check.finding import ok, warning, wrong
from iracing_pipeline.local.check.web import NoAnswerError, get

if TYPE_CHECKING:
    from iracing_pipeline.local.check.finding import Finding
    from iracing_pipeline.settings import MetricSettings

SUBJECT = "Prometheus"
_DEFAULT_RETENTION = "15d"


def prometheus(settings: MetricSettings) -> tuple[list[Finding], float | None]:
    """Check Prometheus; also return the seconds by which its clock is ahead of ours."""
    url = settings.prometheus_url
    if url is None:
        return [ok(SUBJECT, "IRACING_PROMETHEUS_URL is not set: sessions are not sent")], None
    try:
        ready = get(f"{url}/-/ready")
        if ready.status != 200:
            message = f"{url} is not ready (HTTP {ready.status})"
            return [wrong(SUBJECT, message, "Wait for its start; see its log")], ready.ahead_s
        flags = get(f"{url}/api/v1/status/flags").body.get("data", {})
        running = get(f"{url}/api/v1/status/runtimeinfo").body.get("data", {})
        config = get(f"{url}/api/v1/status/config").body.get("data", {})
    except NoAnswerError as error:
        advice = "Start it with prometheus/prometheus.yml, or correct IRACING_PROMETHEUS_URL"
        return [wrong(SUBJECT, f"{url}: {error}", advice)], None
    findings = [ok(SUBJECT, f"{url} is ready"), _receiver(flags)]
    findings += [_window(str(config.get("yaml", ""))), _retention(running)]
    return findings, ready.ahead_s


def blocks(settings: MetricSettings) -> list[Finding]:
    """Whether old sessions can go to Prometheus as blocks."""
    subject, data = "Prometheus blocks", settings.prometheus_data
    if data is None:
        return []
    if not (data / "wal").is_dir():
        advice = "Set IRACING_PROMETHEUS_DATA to what its --storage.tsdb.path names"
        return [wrong(subject, f"{data} is not Prometheus's data folder", advice)]
    if shutil.which(settings.promtool) is None:
        advice = "Install it, it comes with Prometheus, or name it in IRACING_PROMTOOL"
        return [wrong(subject, f"there is no program {settings.promtool}", advice)]
    return [ok(subject, f"{settings.promtool} makes them for {data}")]


def hosted(settings: MetricSettings) -> list[Finding]:
    """Check the settings of a hosted Prometheus; it is not queried, as that would write."""
    subject = "hosted Prometheus"
    if settings.cloud_url is None:
        return []
    missing = [
        name
        for name, value in (
            ("IRACING_CLOUD_PUSH_USER", settings.cloud_user),
            ("IRACING_CLOUD_PUSH_TOKEN", settings.cloud_token),
        )
        if not value
    ]
    if missing:
        message = f"{' and '.join(missing)} not set"
        return [wrong(subject, message, "Set them as on the provider's remote write page")]
    return [ok(subject, f"{settings.cloud_url}, with user and token (not asked)")]


def _receiver(flags: dict[str, str]) -> Finding:
    subject = f"{SUBJECT} receiver"
    on = flags.get("web.enable-remote-write-receiver") == "true"
    if on or "remote-write-receiver" in flags.get("enable-feature", ""):
        return ok(subject, "it takes remote write")
    advice = "Start it with --web.enable-remote-write-receiver"
    return wrong(subject, "it does not take remote write, so sessions cannot be sent", advice)


def _window(config: str) -> Finding:
    subject = f"{SUBJECT} window"
    held = yaml.safe_load(config) or {}
    window = ((held.get("storage") or {}).get("tsdb") or {}).get("out_of_order_time_window")
    if window in {None, "0s"}:
        advice = "Set storage.tsdb.out_of_order_time_window to 6h, as in prometheus/prometheus.yml"
        return wrong(subject, "it takes no samples that are older than its newest", advice)
    return ok(subject, f"it takes samples of the last {window}")


def _retention(running: dict[str, str]) -> Finding:
    subject = f"{SUBJECT} retention"
    kept = running.get("storageRetention") or _DEFAULT_RETENTION
    if kept == _DEFAULT_RETENTION:
        advice = "Start it with --storage.tsdb.retention.time=10y; frames stay in the lake anyway"
        return warning(subject, "it forgets sessions after 15 days", advice)
    return ok(subject, f"it keeps {kept}")
