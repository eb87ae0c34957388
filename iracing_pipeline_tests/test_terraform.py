"""The clouds speak of the same things by the same names, and keep no password.

What Terraform itself can tell, its own tests do: see terraform/README.md.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from dagster._core.instance.ref import InstanceRef

from iracing_pipeline import cli, settings

ROOT = Path(__file__).parent.parent
TERRAFORM = ROOT / "terraform"
MODULES = TERRAFORM / "modules"
CLOUDS = ("aws", "gcp", "azure")

pytestmark = pytest.mark.skipif(
    not TERRAFORM.is_dir(), reason="terraform/ is not part of the source distribution"
)

# What only one cloud needs to be told.
OWN_VARIABLES = {
    "aws": {"database_ca_pem", "uploads_image"},
    "gcp": {"project_id"},
    "azure": {"operator_addresses", "uploads_image"},
}
# Names of environment variables that are not this project's.
FOREIGN = re.compile(r"^(AWS_|AZURE_|RCLONE_|DAGSTER_|FILES|SCRATCH$|CLOUD_TOKEN$|ROLE_PASSWORDS$)")
SECRET = re.compile(r"passw|pwd|secret|credential|private_key|api_key", re.IGNORECASE)
# Not secrets: a number to count up, and ids of what the secret store holds.
NO_SECRET = {"db_credential_version"}


def files(*suffixes: str) -> list[Path]:
    return sorted(
        path
        for path in TERRAFORM.rglob("*")
        if path.suffix in suffixes and ".terraform" not in path.parts
    )


def text_of(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.tf")))


def blocks(kind: str, text: str) -> dict[str, str]:
    """The blocks of a kind, by name: our files are formatted, so a block ends at column 0."""
    result = re.findall(rf'^{kind} "(\w+)" \{{\n(.*?)^\}}', text, re.MULTILINE | re.DOTALL)
    return dict(result)


def modules() -> list[Path]:
    return sorted(path for path in MODULES.iterdir() if path.is_dir())


def examples() -> list[Path]:
    return sorted({path.parent for path in (TERRAFORM / "examples").rglob("main.tf")})


def test_there_is_what_the_tests_are_about() -> None:
    assert {path.name for path in modules()} == {
        *CLOUDS,
        "grafana-cloud",
        "grafana-content",
        "vm",
    }
    assert len(examples()) >= 9


def test_clouds_have_the_same_variables() -> None:
    message = {cloud: blocks("variable", text_of(MODULES / cloud)) for cloud in CLOUDS}
    common = {cloud: set(message[cloud]) - OWN_VARIABLES[cloud] for cloud in CLOUDS}

    assert common["aws"] == common["gcp"] == common["azure"]
    assert all(OWN_VARIABLES[cloud] <= set(message[cloud]) for cloud in CLOUDS)
    # Who may reach the webserver is an address to some and a person to others.
    same = common["aws"] - {"webserver_allowed"}
    assert [
        name for name in sorted(same) if len({message[each][name] for each in CLOUDS}) > 1
    ] == []


def test_clouds_have_the_same_outputs() -> None:
    message = {cloud: blocks("output", text_of(MODULES / cloud)) for cloud in CLOUDS}
    described = {
        cloud: {name: re.findall(r'description = "(.*)"', body) for name, body in result.items()}
        for cloud, result in message.items()
    }

    assert described["aws"] == described["gcp"] == described["azure"]
    assert {"database_host", "lake_uri", "telemetry_uri", "collector"} <= set(message["aws"])


@pytest.mark.parametrize("folder", [*modules(), *examples()], ids=lambda path: path.name)
def test_variables_are_typed_and_described(folder: Path) -> None:
    for name, body in blocks("variable", text_of(folder)).items():
        assert re.search(r"^  type +=", body, re.MULTILINE), f"{name} has no type"
        assert re.search(r'^  description += "\S', body, re.MULTILINE), f"{name} has no description"
        nullable = re.search(r"^  default +=\s+null$", body, re.MULTILINE)
        assert nullable or re.search(r"^  nullable += false$", body, re.MULTILINE), (
            f"{name} may be null without meaning to"
        )


@pytest.mark.parametrize("folder", modules(), ids=lambda path: path.name)
def test_every_variable_of_a_module_is_validated(folder: Path) -> None:
    result = blocks("variable", text_of(folder))
    unchecked = [
        name
        for name, body in result.items()
        if "validation {" not in body and not re.search(r"^  type += bool$", body, re.MULTILINE)
    ]

    assert unchecked == []


@pytest.mark.parametrize("folder", modules(), ids=lambda path: path.name)
def test_every_validation_is_seen_to_refuse(folder: Path) -> None:
    tests = "\n".join(path.read_text("utf-8") for path in sorted(folder.glob("tests/*.tftest.hcl")))
    refused = set(re.findall(r"expect_failures = \[var\.(\w+)\]", tests))
    validated = {
        name for name, body in blocks("variable", text_of(folder)).items() if "validation {" in body
    }

    assert validated <= refused


@pytest.mark.parametrize("folder", [*modules(), *examples()], ids=lambda path: path.name)
def test_no_variable_is_a_password(folder: Path) -> None:
    result = blocks("variable", text_of(folder))

    assert [name for name in result if SECRET.search(name) and name not in NO_SECRET] == []
    # A token that must pass through is marked, so that no plan shows it.
    tokens = [body for name, body in result.items() if name.endswith("token")]
    assert all(re.search(r"^  sensitive += true$", body, re.MULTILINE) for body in tokens)


def test_passwords_are_written_to_write_only_arguments_alone() -> None:
    for path in files(".tf"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := re.match(
                r"\s+(\w*(?:password|secret_string|secret_data|value_wo)\w*)\s+= (.*)", line
            ):
                name, value = match.groups()
                secret = "db_credentials" in value or "db_secrets" in value
                assert name.endswith("_wo") or not secret, f"{path.name}: {line.strip()}"


def test_examples_use_modules_that_exist() -> None:
    for example in examples():
        sources = re.findall(r'^  source += "(\.[^"]*)"', text_of(example), re.MULTILINE)
        assert sources or example.parent.name != "examples", f"{example.name} uses no module"
        for source in sources:
            folder = (example / source).resolve()
            assert folder in modules(), f"{example.name} uses {source}"
            given = set(re.findall(r"^  (\w+) +=", text_of(example), re.MULTILINE))
            needed = {
                name
                for name, body in blocks("variable", text_of(folder)).items()
                if not re.search(r"^  default +=", body, re.MULTILINE)
            }
            assert needed <= given, f"{example.name} does not set {needed - given}"


def test_only_roots_pin_and_configure_providers() -> None:
    for folder in modules():
        assert "~>" not in text_of(folder)
        assert not re.search(r"^provider ", text_of(folder), re.MULTILINE)
    for folder in examples():
        assert 'required_version = "~> ' in text_of(folder)
        assert not re.search(r"^  backend ", text_of(folder), re.MULTILINE)


def test_containers_are_told_what_the_project_reads() -> None:
    expected = set(
        re.findall(r"[A-Z]+_[A-Z_]+", Path(settings.__file__).read_text(encoding="utf-8"))
    )
    for cloud in CLOUDS:
        output = set(re.findall(r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+) += ", text_of(MODULES / cloud)))
        output |= set(re.findall(r'name += "([A-Z][A-Z0-9_]+)"', text_of(MODULES / cloud)))

        assert "IRACING_DATABASE_URL" in output
        assert {name for name in output if not FOREIGN.match(name)} <= expected


def test_only_what_asks_iracing_has_the_account() -> None:
    for cloud in CLOUDS:
        message = re.search(
            r"^  needs = \{\n(.*?)^  \}", text_of(MODULES / cloud), re.MULTILINE | re.DOTALL
        )
        assert message is not None
        needs = {
            name: set(re.findall(r'"(\w+)"', listed))
            for name, listed in re.findall(r"^    ([\w-]+) += \[(.*)\]$", message[1], re.MULTILINE)
        }

        assert {part for part, has in needs.items() if "account" in has} == {
            "code-server",
            "collector",
        }
        assert {part for part, has in needs.items() if "cloud" in has} == {"code-server"}
        assert needs["daemon"] == needs["webserver"] == {"dagster"}


def test_containers_run_commands_that_exist() -> None:
    for cloud in CLOUDS:
        commands = set(re.findall(r'"iracing-pipeline", "(\w+)"', text_of(MODULES / cloud)))

        assert commands == {"collect", "metrics"}
        assert commands <= set(cli.main.commands)
    script = (TERRAFORM / "files" / "migrate.py").read_text(encoding="utf-8")
    assert "migrate" in cli.main.commands
    assert '["iracing-pipeline", "migrate"]' in script


def test_dagster_takes_its_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(TERRAFORM / "files" / "dagster.yaml", tmp_path)
    monkeypatch.setenv(
        "DAGSTER_POSTGRES_URL", "postgresql+psycopg2://dagster@db.example.net/dagster"
    )

    ref = InstanceRef.from_dir(str(tmp_path))

    assert ref.storage_data is not None
    assert ref.storage_data.class_name == "PooledPostgresStorage"
    assert ref.compute_logs_data.class_name == "NoOpComputeLogManager"


def test_files_are_written_for_the_containers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILES", '{"dagster.yaml": "storage: é\\n"}')
    monkeypatch.setenv("FILES_TO", str(tmp_path))
    monkeypatch.setenv("SCRATCH", "")
    monkeypatch.setenv("CLOUD_TOKEN", "mock")

    exec((TERRAFORM / "files" / "write_files.py").read_text("utf-8"), {})  # noqa: S102 - our own

    assert (tmp_path / "dagster.yaml").read_bytes() == "storage: é\n".encode()
    assert (tmp_path / "cloud_token").read_text("utf-8") == "mock"


def test_no_lock_file_and_no_state_is_kept() -> None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a checkout of git")
    listed = subprocess.run(
        [git, "ls-files", "terraform"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()

    assert listed
    kept = [name for name in listed if re.search(r"\.tfstate|\.lock\.hcl|\.tfvars$|\.tfplan", name)]
    assert kept == []


def test_it_is_formatted() -> None:
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("terraform is not installed")
    done = subprocess.run(
        [terraform, "fmt", "-check", "-recursive", str(TERRAFORM)],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout) == (0, "")
