"""GitHub's workflows: what can rot in them, or open them to others."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted((GITHUB / "actions").glob("*/action.yml"))
# A commit of 40 digits, and the version that it is, for people and for Dependabot.
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*")
OURS = "$/.github/actions/"

pytestmark = pytest.mark.skipif(not WORKFLOWS, reason="not in a checkout")


def read(path: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    # YAML 1.1 takes the key "on" for true.
    return {("on" if key is True else key): value for key, value in loaded.items()}


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            yield f"{path.name} {name}", job


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in jobs():
        for number, step in enumerate(job["steps"], start=1):
            yield f"{name} step {number}", step
    for path in ACTIONS:
        for number, step in enumerate(read(path)["runs"]["steps"], start=1):
            yield f"{path.parent.name} step {number}", step


@pytest.mark.parametrize("path", WORKFLOWS + ACTIONS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_with_their_version(path: Path) -> None:
    used = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))

    assert used
    assert [each for each in used if not (each.startswith(OURS) or PINNED.fullmatch(each))] == []
    ours = [each.removeprefix("$/") for each in used if each.startswith(OURS)]
    assert [each for each in ours if not (ROOT / each / "action.yml").exists()] == []


def test_an_action_has_the_same_commit_everywhere() -> None:
    commits: dict[str, set[str]] = {}
    for _, step in steps():
        name, _, commit = step.get("uses", "").partition("@")
        commits.setdefault(name, set()).add(commit)

    assert {name: result for name, result in commits.items() if len(result) > 1} == {}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_nothing_that_a_job_does_not_ask_for(path: Path) -> None:
    assert read(path)["permissions"] == {}


def test_every_job_says_what_it_may_do_and_for_how_long() -> None:
    assert [name for name, job in jobs() if not isinstance(job.get("permissions"), dict)] == []
    assert [name for name, job in jobs() if "timeout-minutes" not in job] == []


def test_what_runs_for_pull_requests_may_only_read() -> None:
    for path in WORKFLOWS:
        workflow = read(path)
        if "pull_request" not in workflow["on"]:
            continue
        for name, job in workflow["jobs"].items():
            assert set(job["permissions"].items()) <= {("contents", "read")}, (path.name, name)
        assert "secrets." not in path.read_text(encoding="utf-8"), path.name


def test_nothing_runs_with_our_rights_on_what_a_stranger_sends() -> None:
    dangerous = {"pull_request_target", "workflow_run", "issue_comment", "issues"}

    assert [path.name for path in WORKFLOWS if dangerous & set(read(path)["on"])] == []


def test_scripts_are_given_values_by_their_environment() -> None:
    scripts = {name: step["run"] for name, step in steps() if "run" in step}

    assert scripts
    assert [name for name, script in scripts.items() if "${{" in script] == []


def test_checkouts_leave_no_token_behind() -> None:
    checkouts = {
        name: step.get("with", {})
        for name, step in steps()
        if step.get("uses", "").startswith("actions/checkout@")
    }

    assert checkouts
    assert [
        n for n, given in checkouts.items() if given.get("persist-credentials") is not False
    ] == []


def test_secrets_are_read_in_one_environment_and_only_where_collecting_is_on() -> None:
    users = [path.name for path in WORKFLOWS if "secrets." in path.read_text(encoding="utf-8")]
    assert users == ["collect.yml"]

    collect = read(GITHUB / "workflows" / "collect.yml")
    (job,) = collect["jobs"].values()

    assert set(collect["on"]) == {"schedule", "workflow_dispatch"}
    assert job["environment"]["name"] == "collect"
    assert "vars.COLLECT_ENABLED == 'true'" in job["if"]
    assert collect["concurrency"]["cancel-in-progress"] is False
    minute = collect["on"]["schedule"][0]["cron"].split()[0]
    assert int(minute) % 5, "at round minutes GitHub is busy, and starts late"


def test_every_supported_python_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    prefix = "Programming Language :: Python :: "
    supported = [
        each.removeprefix(prefix) for each in project["classifiers"] if each.startswith(prefix)
    ]

    matrix = read(GITHUB / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]

    assert matrix["python"] == supported
    others = {(each["os"].partition("-")[0], each["python"]) for each in matrix["include"]}
    ends = {supported[0], supported[-1]}
    assert others == {(system, python) for system in ("windows", "macos") for python in ends}


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_terraform_is_checked_in_every_folder(tmp_path: Path) -> None:
    listing = read(GITHUB / "workflows" / "terraform.yml")["jobs"]["list"]["steps"]
    (script,) = [step["run"] for step in listing if step.get("id") == "folders"]
    output = tmp_path / "output"
    bash = shutil.which("bash")
    assert bash is not None
    subprocess.run(
        [bash, "-e", "-c", script],
        cwd=ROOT,
        env={**os.environ, "GITHUB_OUTPUT": str(output)},
        check=True,
        timeout=60,
    )

    name, _, listed = output.read_text(encoding="utf-8").partition("=")
    there = {
        path.parent.relative_to(ROOT).as_posix()
        for path in (ROOT / "terraform").rglob("*.tf")
        if ".terraform" not in path.parts
    }
    assert name == "folders"
    assert set(json.loads(listed)) == there


def test_updates_wait_a_week() -> None:
    updates = read(GITHUB / "dependabot.yml")["updates"]

    assert {each["package-ecosystem"] for each in updates} >= {"pip", "github-actions", "docker"}
    assert [each for each in updates if each["cooldown"]["default-days"] < 7] == []


def test_every_dockerfile_is_kept_up_to_date() -> None:
    updates = read(GITHUB / "dependabot.yml")["updates"]
    (watched,) = [each["directories"] for each in updates if each["package-ecosystem"] == "docker"]
    result = [ROOT / "Dockerfile", *(ROOT / "terraform").rglob("Dockerfile")]

    assert len(result) >= 2
    assert sorted(ROOT / each.strip("/") for each in watched) == sorted(
        path.parent for path in result
    )
