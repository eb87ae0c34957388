"""Grafana: answers, and reaches its data sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.local.check.finding import ok, warning, wrong
from iracing_pipeline.local.check.web import NoAnswerError, get

if TYPE_CHECKING:
    from iracing_pipeline.local.check.finding import Finding
    from iracing_pipeline.settings import GrafanaSettings

SUBJECT = "Grafana"
DATASOURCES = ("iracing-postgres", "iracing-prometheus")
_TOKEN = "IRACING_GRAFANA_TOKEN"  # noqa: S105 - the name of a variable


def grafana(settings: GrafanaSettings) -> list[Finding]:
    """Check Grafana; its data sources only with a token."""
    url = settings.url
    if url is None:
        return [ok(SUBJECT, "IRACING_GRAFANA_URL is not set")]
    try:
        health = get(f"{url}/api/health")
        if health.status != 200 or health.body.get("database") != "ok":
            message = f"{url} is not well (HTTP {health.status})"
            return [wrong(SUBJECT, message, "See that the address is Grafana's, and its log")]
        findings = [ok(SUBJECT, f"{url}, version {health.body.get('version', 'unknown')}")]
        if settings.token is None:
            advice = f"Set {_TOKEN} to the token of a service account"
            message = "not checked: no token is set"
            return [*findings, warning(f"{SUBJECT} data sources", message, advice)]
        findings += [_datasource(url, uid, settings.token) for uid in DATASOURCES]
    except NoAnswerError as error:
        advice = "Start it, or correct IRACING_GRAFANA_URL"
        return [wrong(SUBJECT, f"{url}: {error}", advice)]
    return findings


def _datasource(url: str, uid: str, token: str) -> Finding:
    subject = f"{SUBJECT} {uid}"
    there = get(f"{url}/api/datasources/uid/{uid}", token=token)
    if there.status == 404:
        return wrong(subject, "there is no such data source", "Provision grafana/provisioning")
    if there.status in {401, 403}:
        advice = f"Make a new token for a service account that may read data sources, as {_TOKEN}"
        return wrong(subject, f"the token is refused (HTTP {there.status})", advice)
    if there.status != 200:
        return wrong(subject, f"HTTP {there.status}", "See Grafana's log")
    health = get(f"{url}/api/datasources/uid/{uid}/health", token=token)
    if health.status != 200 or health.body.get("status") == "ERROR":
        message = str(health.body.get("message") or f"HTTP {health.status}")
        return wrong(subject, f"Grafana cannot use it: {message}", "Fix it in Grafana, Connections")
    return ok(subject, "Grafana reaches it")
