"""Grafana Cloud: what the stack's Prometheus forwards to it, and the agent that lets it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from iracing_pipeline.stack import env_file, secrets
from iracing_pipeline.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

URL, USER = "IRACING_CLOUD_PUSH_URL", "IRACING_CLOUD_PUSH_USER"
AGENT = ("IRACING_PDC_CLUSTER", "IRACING_PDC_GRAFANA_ID")
CONFIG = ".stack/prometheus.yml"


def configure(root: Path, env: Path, values: Mapping[str, str]) -> list[str]:
    """Make the files that ``.env`` demands; return the names of new ones.

    With a place to push to, Prometheus forwards to it what it scrapes. With an agent's cluster and
    id, the agent runs too.

    Args:
        root: The checkout.
        env: The file ``.env``.
        values: What is in it.

    Raises:
        StackError: If something is missing.
        OSError: From the disk.
    """
    if not values.get(URL):
        return []
    if not values.get(USER):
        raise StackError(f"{URL} is in .env, but {USER} is not. Add the number of the user.")
    folder = secrets.folder_of(root, values)
    _needs(folder / "cloud_token", URL)
    target = root / CONFIG
    target.parent.mkdir(exist_ok=True)
    text = prometheus_config(
        (root / "docker/prometheus/prometheus.yml").read_text(encoding="utf-8"),
        (root / "prometheus/prometheus.cloud.yml").read_text(encoding="utf-8"),
        url=values[URL],
        user=values[USER],
    )
    target.write_text(text, encoding="utf-8", newline="\n")
    made = env_file.add(env, {"IRACING_PROMETHEUS_CONFIG": f"./{CONFIG}"})
    if all(values.get(name) for name in AGENT):
        _needs(folder / "pdc_token", AGENT[0])
        made += env_file.add(env, {"COMPOSE_PROFILES": "cloud"})
    return made


def prometheus_config(own: str, cloud: str, *, url: str, user: str) -> str:
    """The stack's configuration of Prometheus, forwarding as the one for the cloud does.

    Args:
        own: Configuration of the stack.
        cloud: Configuration of a Prometheus that forwards; what it says of that is taken over.
        url: Address.
        user: As whom; the token comes from its file.
    """
    config, forwarding = yaml.safe_load(own), yaml.safe_load(cloud)
    config["global"] = forwarding["global"]
    intervals = {
        job["job_name"]: job.get("scrape_interval") for job in forwarding["scrape_configs"]
    }
    for job in config["scrape_configs"]:
        if interval := intervals.get(job["job_name"]):
            job["scrape_interval"] = interval
    (write,) = forwarding["remote_write"]
    account = {"username": user, "password_file": "/run/secrets/cloud_token"}
    config["remote_write"] = [write | {"url": url, "basic_auth": account}]
    return str(yaml.safe_dump(config, sort_keys=False))


def _needs(file: Path, because: str) -> None:
    if not file.read_text(encoding="utf-8").strip():
        raise StackError(f"{because} is in .env, but {file} is empty. Write the token into it.")
