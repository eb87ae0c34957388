"""Dagster's distributed launchers take the project as it is: only the instance is another."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
import yaml
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin

from iracing_pipeline.definitions import defs

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
VALUES = ROOT / "terraform" / "kubernetes" / "values.yaml"
ECS = ROOT / "terraform" / "ecs" / "dagster.yaml"

pytestmark = pytest.mark.skipif(not VALUES.exists(), reason="not in a checkout")


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda match: "_" + match[1].lower(), name)


def read(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


@contextmanager
def kubernetes(jobs: list[dict[str, Any]]) -> Iterator[str]:
    """The address of what takes jobs as Kubernetes does, and starts none."""

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            jobs.append({"path": self.path, **json.loads(body)})
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def kubernetes_instance(home: Path, url: str) -> None:
    """Write what the chart makes of the values, for a cluster at a URL; storage here."""
    access = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": {"server": url}}],
        "users": [{"name": "nobody", "user": {}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "nobody"}}],
        "current-context": "here",
    }
    (home / "access").write_text(yaml.safe_dump(access), encoding="utf-8")
    values = read(VALUES)
    chosen = values["runLauncher"]["config"]["k8sRunLauncher"]
    concurrency = values["concurrency"]
    config = {
        "load_incluster_config": False,
        "kubeconfig_file": str(home / "access"),
        "job_namespace": "iracing",
        "service_account_name": values["global"]["serviceAccountName"],
        "dagster_home": values["global"]["dagsterHome"],
        "instance_config_map": "iracing-dagster-instance",
        "postgres_password_secret": values["global"]["postgresqlSecretName"],
        "image_pull_policy": chosen["imagePullPolicy"],
        "fail_pod_on_run_failure": chosen["failPodOnRunFailure"],
        "run_k8s_config": {snake(key): value for key, value in chosen["runK8sConfig"].items()},
    }
    instance = {
        "run_launcher": {"module": "dagster_k8s", "class": "K8sRunLauncher", "config": config},
        "concurrency": {
            "pools": {snake(key): value for key, value in concurrency["pools"].items()},
            "runs": {snake(key): value for key, value in concurrency["runs"].items()},
        },
        "telemetry": values["telemetry"],
        **values["additionalInstanceConfig"],
    }
    (home / "dagster.yaml").write_text(yaml.safe_dump(instance), encoding="utf-8")


def code_of_the_chart() -> JobPythonOrigin:
    """Origin of a run's code, as the chart's code server reports it."""
    server = read(VALUES)["dagster-user-deployments"]["deployments"][0]
    given = {
        "env": server["env"],
        "env_secrets": [each["name"] for each in server["envSecrets"]],
        "volumes": server["volumes"],
        "volume_mounts": server["volumeMounts"],
        "resources": server["resources"],
        "security_context": server["securityContext"],
    }
    repository = RepositoryPythonOrigin(
        executable_path=sys.executable,
        code_pointer=ModuleCodePointer(server["dagsterApiGrpcArgs"][-1], "defs"),
        container_image="registry.example/iracing-pipeline:1",
        entry_point=["dagster"],
        container_context={"k8s": given},
    )
    return JobPythonOrigin(job_name="load_telemetry", repository_origin=repository)


def test_on_kubernetes_a_run_is_a_pod_without_rights(tmp_path: Path) -> None:
    pytest.importorskip("dagster_k8s")
    jobs: list[dict[str, Any]] = []
    with kubernetes(jobs) as url:
        kubernetes_instance(tmp_path, url)
        with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
            run = instance.create_run_for_job(
                defs.resolve_job_def("load_telemetry"), job_code_origin=code_of_the_chart()
            )
            instance.run_launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))

    (job,) = jobs
    assert job["path"] == "/apis/batch/v1/namespaces/iracing/jobs"
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == "registry.example/iracing-pipeline:1"
    assert container["args"][:3] == ["dagster", "api", "execute_run"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"] == "2Gi"
    assert {"secretRef": {"name": "iracing"}} in container["envFrom"]
    message = {each["name"]: each.get("value") for each in container["env"]}
    assert message["IRACING_LAKE"].startswith("s3://")
    assert message["DAGSTER_PG_PASSWORD"] is None, "it comes from a Secret"
    assert {"/telemetry", "/tmp"} == {each["mountPath"] for each in container["volumeMounts"]}  # noqa: S108 - of the pod
    assert job["spec"]["backoffLimit"] == 0, "Dagster decides whether a run is launched again"


def test_on_ecs_the_instance_has_its_launcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = pytest.importorskip("dagster_aws.ecs").EcsRunLauncher
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    ecs_instance(tmp_path)

    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert isinstance(instance.run_launcher, launcher)
        assert instance.run_launcher.include_sidecars is False
        assert instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure


def ecs_instance(home: Path) -> None:
    """Write the instance, but with storage in the folder."""
    config = read(ECS)
    storage = config.pop("storage")["custom"]["config"]["postgres_db"]
    assert storage["scheme"] == "postgresql+psycopg2"
    assert storage["params"]["sslmode"] == "verify-full"
    assert set(storage["password"]) == {"env"}
    (home / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


@pytest.mark.parametrize("place", ["kubernetes", "ecs"])
def test_the_definitions_load_under_the_instance(place: str, tmp_path: Path) -> None:
    pytest.importorskip("dagster_k8s" if place == "kubernetes" else "dagster_aws")
    if place == "kubernetes":
        kubernetes_instance(tmp_path, "http://127.0.0.1:1")
    else:
        ecs_instance(tmp_path)

    checked = subprocess.run(
        [
            *(sys.executable, "-m", "dagster", "definitions", "validate"),
            *("-m", "iracing_pipeline.definitions"),
        ],
        env={
            **os.environ,
            "DAGSTER_HOME": str(tmp_path),
            "AWS_DEFAULT_REGION": "eu-west-1",
            "IRACING_LAKE": "s3://bucket/lake",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
    assert "All code locations passed validation" in checked.stdout + checked.stderr


def test_concurrency_is_limited_alike_on_both() -> None:
    helm, ecs = read(VALUES)["concurrency"], read(ECS)["concurrency"]

    assert {snake(key): value for key, value in helm["pools"].items()} == ecs["pools"]
    assert {snake(key): value for key, value in helm["runs"].items()} == ecs["runs"]


def test_the_image_has_libraries_of_the_dagster_that_is_pinned() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = re.search(r"^dagster-postgres==(\S+)", pins, re.MULTILINE)
    image = (ROOT / "terraform" / "kubernetes" / "Dockerfile").read_text(encoding="utf-8")

    assert pinned
    assert set(re.findall(r"dagster-(?:k8s|aws)==(\S+)", image)) == {pinned[1]}
