"""The files that the stack is made of, as far as they can be checked without an engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from iracing_pipeline.demo.fake_data_api import token_service
from iracing_pipeline.stack import cloud, env_file, secrets
from iracing_pipeline.stack.setup import setup, setup_demo
from iracing_pipeline.warehouse import roles

ROOT = Path(__file__).parent.parent.parent
BASE = "docker-compose.yml"
OVERLAYS = ("docker-compose.demo.yml", "docker-compose.production.yml")
SERVICES = {
    *("postgres", "migrate", "code-server", "webserver", "daemon", "metrics", "prometheus"),
    *("grafana", "pdc-agent"),
}
OPEN = ("webserver", "prometheus", "grafana")
"""Services with a port on this machine."""
SECRET = re.compile(r"PASSWORD|TOKEN|SECRET|://[^@/]*:[^@/]*@")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


class Loader(yaml.SafeLoader):
    """YAML with Compose's own tags, whose values are taken as they are."""


Loader.add_multi_constructor("!", lambda loader, _, node: construct(loader, node))


def construct(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


def stack(name: str = BASE) -> dict[str, Any]:
    return dict(yaml.load(text(name), Loader))  # noqa: S506 - a safe loader


def compose() -> list[str]:
    """The command, or a reason to skip."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], check=False).returncode:
        pytest.skip("there is no Docker Compose here")
    return [docker, "compose"]


def test_the_services_are_there() -> None:
    assert set(stack()["services"]) == SERVICES


@pytest.mark.parametrize(
    ("file", "name"),
    [
        *((BASE, name) for name in sorted(SERVICES)),
        *((OVERLAYS[0], name) for name in ("driver", "data-api", "career")),
        (OVERLAYS[1], "proxy"),
    ],
)
def test_each_service_is_hardened_and_limited(file: str, name: str) -> None:
    service = stack(file)["services"][name]

    assert service["read_only"] is True
    assert service["init"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in {"0", "root"}
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["pids_limit"]
    assert "privileged" not in service
    for port in service.get("ports", []):
        assert port.startswith(("127.0.0.1:", "${IRACING_PUBLIC_ADDRESS:-127.0.0.1}:"))
    for volume in service.get("volumes", []):
        if isinstance(volume, dict) and volume["type"] == "bind":
            assert volume["read_only"] is True
        assert "docker.sock" not in str(volume)


@pytest.mark.parametrize("name", sorted(SERVICES - {"migrate", "pdc-agent"}))
def test_each_service_that_stays_says_how_it_is(name: str) -> None:
    service = stack()["services"][name]

    # The code server's is that of the image.
    assert service.get("healthcheck", {}).get("test") or name == "code-server"
    assert service["restart"] == "unless-stopped"


def test_images_are_named_by_version() -> None:
    images = [
        service["image"]
        for file in (BASE, *OVERLAYS)
        for service in stack(file)["services"].values()
        if "image" in service
    ]
    images += re.findall(r"^ARG \w+=(\S+:\S+)$", text("Dockerfile"), re.MULTILINE)

    assert len(images) > len(SERVICES)
    assert [image for image in images if not re.search(r":(\$\{|v?\d+)", image)] == []


def test_one_prometheus_version_for_server_and_promtool() -> None:
    assert stack()["services"]["prometheus"]["image"] in text("Dockerfile")


def test_every_secret_is_made() -> None:
    made = {*secrets.GENERATED, *secrets.OWN}
    made |= {f"{name}_{kind}" for name in ("postgres", "proxy") for kind in ("certificate", "key")}
    made |= {"ca_certificate", "proxy_users"}
    named = {name for file in (BASE, OVERLAYS[1]) for name in stack(file)["secrets"]}

    assert named == made


def test_only_the_migration_gets_owner_and_superuser() -> None:
    services = stack()["services"]
    holders = {
        secret: {name for name, service in services.items() if secret in service.get("secrets", ())}
        for secret in ("postgres_password", f"{roles.OWNER}_password")
    }

    assert holders == {
        "postgres_password": {"postgres", "migrate"},
        "iracing_owner_password": {"migrate"},
    }


@pytest.mark.parametrize("setting", ["AUTH_ANONYMOUS_ENABLED", "USERS_ALLOW_SIGN_UP"])
def test_nobody_gets_into_grafana_unasked(setting: str) -> None:
    output = stack()["services"]["grafana"]["environment"]

    assert output[f"GF_{setting}"] == "false"
    assert output["GF_SECURITY_ADMIN_PASSWORD__FILE"].endswith("/grafana_admin_password")


def test_no_environment_holds_a_secret() -> None:
    expected = {f"/run/secrets/{name}" for name in (*secrets.GENERATED, *secrets.OWN)}
    output = [
        (f"{service} {variable}", str(value))
        for service, each in stack()["services"].items()
        for variable, value in each.get("environment", {}).items()
    ]
    files = {value for variable, value in output if variable.endswith("_FILE")}
    others = [
        variable
        for variable, value in output
        if not variable.endswith("_FILE") and SECRET.search(f"{variable}={value}")
    ]

    assert files
    assert files - expected == set()
    assert others == []


def test_in_production_only_the_proxy_is_reached() -> None:
    services = stack(OVERLAYS[1])["services"]
    published = {name for name, service in services.items() if service.get("ports")}
    servers = text("docker/proxy/nginx.conf").split("    server {")[1:]

    assert published == {"proxy"}
    assert set(OPEN) == {name for name, each in stack()["services"].items() if "ports" in each}
    assert [name for name in OPEN if services[name].get("ports") != []] == []
    for server in (each for each in servers if "proxy_pass" in each):
        assert "auth_basic off" not in server
        # Not by pages of others either, in the browser of somebody who has logged in.
        assert "if ($foreign) {" in server
    assert "hostssl" in text("docker/postgres/hba.tls.conf")
    assert not re.search(r"^host\s", text("docker/postgres/hba.tls.conf"), re.MULTILINE)


def test_the_webserver_is_guarded() -> None:
    command = stack()["services"]["webserver"]["command"]
    public = stack(OVERLAYS[1])["services"]["webserver"]["environment"]

    assert command[:3] == ["python", "-m", "iracing_pipeline.local.webserver"]
    # The proxy passes on the name that the browser asked for.
    assert "IRACING_PUBLIC_NAME" in public["IRACING_ALLOWED_HOSTS"]
    assert "proxy_set_header Host $http_host;" in text("docker/proxy/nginx.conf")


def test_the_demo_uses_the_account_of_the_simulated_api() -> None:
    output = stack(OVERLAYS[0])["services"]["code-server"]["environment"]

    assert output["IRACING_CLIENT_ID"] == token_service.CLIENT_ID
    assert output["IRACING_CLIENT_SECRET"] == token_service.CLIENT_SECRET
    assert output["IRACING_USERNAME"] == token_service.USERNAME
    assert output["IRACING_PASSWORD"] == token_service.PASSWORD


def test_dagster_differs_only_in_where_it_keeps_things() -> None:
    own, ours = (yaml.safe_load(text(f"{place}dagster.yaml")) for place in ("", "docker/"))
    places = ("storage", "local_artifact_storage", "compute_logs")

    assert {k: v for k, v in own.items() if k not in places} == {
        k: v for k, v in ours.items() if k not in places
    }
    assert set(own) == set(ours)


def test_prometheus_differs_only_in_where_things_are() -> None:
    own, ours = (yaml.safe_load(text(f"{p}prometheus/prometheus.yml")) for p in ("", "docker/"))

    assert own["global"] == ours["global"]
    assert own["storage"] == ours["storage"]
    where = dict.fromkeys(("static_configs", "dns_sd_configs"), 0)
    for mine, theirs in zip(own["scrape_configs"], ours["scrape_configs"], strict=True):
        assert {**mine, **where} == {**theirs, **where}


@pytest.mark.parametrize("for_cloud", [False, True], ids=["own", "cloud"])
def test_prometheus_takes_its_configuration(tmp_path: Path, *, for_cloud: bool) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    config = text("docker/prometheus/prometheus.yml")
    if for_cloud:
        config = cloud.prometheus_config(
            config, text("prometheus/prometheus.cloud.yml"), url="https://x.example/push", user="1"
        )
    # As they are in the container.
    config = config.replace("/etc/prometheus/", f"{(ROOT / 'prometheus').as_posix()}/")
    (tmp_path / "token").touch()
    config = config.replace("/run/secrets/cloud_token", (tmp_path / "token").as_posix())
    (tmp_path / "prometheus.yml").write_text(config, encoding="utf-8")

    done = subprocess.run(
        [promtool, "check", "config", str(tmp_path / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["own", "production", "demo"])
def test_compose_takes_the_files(tmp_path: Path, kind: str) -> None:
    command = compose()
    for name in (BASE, *OVERLAYS):
        shutil.copy(ROOT / name, tmp_path / name)
    telemetry = tmp_path / "it's #1 $HOME"
    telemetry.mkdir()
    for name in ("docker/prometheus/prometheus.yml", "prometheus/prometheus.cloud.yml"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, tmp_path / name)
    if kind == "demo":
        setup_demo(tmp_path)
    else:
        public = ["a.example.com"] if kind == "production" else []
        setup(tmp_path, guess=telemetry, public=public)
    env = ".env.demo" if kind == "demo" else ".env"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("IRACING_", "COMPOSE_"))}

    done = subprocess.run(
        [*command, "--env-file", env, "config", "--format", "json"],
        cwd=tmp_path,
        env=kept,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )

    assert done.returncode == 0, done.stderr
    services = json.loads(done.stdout)["services"]
    assert "level=warning" not in done.stderr
    (mounted,) = (v for v in services["code-server"]["volumes"] if v["target"] == "/telemetry")
    if kind == "demo":
        assert mounted["type"] == "volume"
    else:
        # Every character of the folder as it is; Compose shows a dollar as two.
        assert mounted["source"].replace("$$", "$") == str(telemetry)
        assert mounted["bind"].get("create_host_path", False) is False
    if kind == "production":
        assert not any(services[name].get("ports") for name in ("webserver", "grafana"))
        assert services["grafana"]["environment"]["IRACING_POSTGRES_SSLMODE"] == "verify-full"
        for name in ("migrate", "code-server", "webserver", "daemon", "metrics"):
            assert services[name]["environment"]["PGSSLMODE"] == "verify-full"


@pytest.mark.parametrize(
    "arguments",
    [
        ["hadolint", "--failure-threshold", "warning", "--ignore", "DL3042", "Dockerfile"],
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", BASE],
    ],
    ids=lambda arguments: arguments[0],
)
def test_linters_find_nothing(arguments: list[str]) -> None:
    # DL3042: the cache of downloads is a mount, it is in no layer.
    program = shutil.which(arguments[0]) or shutil.which(
        arguments[0], path=str(Path(sys.executable).parent)
    )
    if program is None:
        pytest.skip(f"{arguments[0]} is not installed")

    done = subprocess.run(
        [program, *arguments[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_variable_is_documented() -> None:
    files = [text(name) for name in (BASE, *OVERLAYS)]
    named = {name for file in files for name in re.findall(r"\$\{(IRACING_[A-Z_]+)", file)}

    assert named - set(re.findall(r"IRACING_[A-Z_]+", text("docs/compose.md"))) == set()


def test_no_secret_is_ever_committed() -> None:
    ignored = text(".gitignore").splitlines()

    assert {"/secrets/", ".env", ".env.*", "/.stack/"} <= set(ignored)
    assert text(".dockerignore").splitlines()[1] == "*"
    assert env_file.HEADING.startswith("#")


def test_grafana_finds_sources_and_boards() -> None:
    """By the names that boards refer to, with values that the stack gives."""
    given = stack()["services"]["grafana"]["environment"]
    output = text("grafana/provisioning/datasources/iracing.yml")
    sources = {source["uid"]: source for source in yaml.safe_load(output)["datasources"]}
    providers = yaml.safe_load(text("grafana/provisioning/dashboards/iracing.yml"))["providers"]

    assert set(sources) == {"iracing-postgres", "iracing-prometheus"}
    assert sources["iracing-postgres"]["user"] == "grafana_reader"
    assert "$__file{/run/secrets/" in sources["iracing-postgres"]["secureJsonData"]["password"]
    assert set(re.findall(r"\$(IRACING_\w+)", output)) <= set(given)
    folders = {path.parent.name for path in (ROOT / "grafana/dashboards").rglob("*.json")}
    assert folders <= {Path(one["options"]["path"]).name for one in providers}
