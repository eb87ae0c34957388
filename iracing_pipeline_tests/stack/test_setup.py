from __future__ import annotations

import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from iracing_pipeline.stack import certificates, cloud, env_file, folders, secrets
from iracing_pipeline.stack import setup as stack_setup
from iracing_pipeline.stack.errors import StackError
from iracing_pipeline.stack.setup import NAMES, TELEMETRY, setup, setup_demo
from iracing_pipeline.warehouse.roles import ROLES

ROOT = Path(__file__).parent.parent.parent
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes of files")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A fresh checkout: the files that a setup reads."""
    for name in ("docker/prometheus/prometheus.yml", "prometheus/prometheus.cloud.yml"):
        target = tmp_path / "checkout" / name
        target.parent.mkdir(parents=True)
        target.write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path / "checkout"


@pytest.fixture
def telemetry(tmp_path: Path) -> Path:
    folder = tmp_path / "telemetry"
    folder.mkdir()
    return folder


def test_the_first_time_makes_what_is_needed(root: Path, telemetry: Path) -> None:
    done = setup(root, guess=telemetry)

    assert done.telemetry == telemetry
    assert env_file.read(root / ".env")[TELEMETRY] == telemetry.as_posix()
    values = {name: (root / "secrets" / name).read_text("utf-8") for name in secrets.GENERATED}
    assert len(set(values.values())) == len(values)
    assert min(len(value) for value in values.values()) >= 43
    assert all(value not in (root / ".env").read_text("utf-8") for value in values.values())
    assert (root / "results").is_dir()


def test_the_second_time_changes_nothing(root: Path, telemetry: Path) -> None:
    setup(root, guess=telemetry)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    done = setup(root, guess=telemetry.parent / "elsewhere")

    assert done.made == ()
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_what_the_owner_wrote_stays(root: Path, telemetry: Path) -> None:
    (root / ".env").write_text("# mine\nIRACING_GRAFANA_PORT=4001", encoding="utf-8")
    (root / "secrets").mkdir()
    (root / "secrets/grafana_admin_password").write_text("mine", encoding="utf-8")

    setup(root, guess=telemetry)

    assert (root / ".env").read_text("utf-8").startswith("# mine\nIRACING_GRAFANA_PORT=4001\n")
    assert (root / "secrets/grafana_admin_password").read_text("utf-8") == "mine"


@POSIX_ONLY
def test_secrets_are_their_owners_alone(root: Path, telemetry: Path) -> None:
    setup(root, guess=telemetry, public=["racing.example.com"])

    assert stat.S_IMODE((root / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((root / "secrets/ca_key").stat().st_mode) == 0o600
    # Inside a container the folder is not there, and its user is another one.
    assert stat.S_IMODE((root / "secrets/iracing_app_password").stat().st_mode) == 0o644


def test_every_role_has_its_password() -> None:
    assert {f"{role}_password" for role in (*ROLES, "postgres")} <= set(secrets.GENERATED)


def test_a_folder_that_is_not_there_is_asked_for_once(root: Path, telemetry: Path) -> None:
    asked: list[str] = []

    def ask(why: str) -> Path:
        asked.append(why)
        return telemetry

    missing = telemetry.parent / "Documents"
    setup(root, guess=missing, ask=ask)
    setup(root, guess=missing, ask=ask)

    assert len(asked) == 1
    assert f"There is no folder {missing}" in asked[0]


def test_where_nobody_can_be_asked_the_message_says_how_to_tell(root: Path) -> None:
    with pytest.raises(StackError, match=r"no folder .*--telemetry FOLDER"):
        setup(root, guess=root / "missing")

    assert not (root / "secrets").exists()


def test_a_folder_that_has_gone_is_named_with_its_variable(root: Path, telemetry: Path) -> None:
    setup(root, guess=telemetry)
    telemetry.rmdir()

    with pytest.raises(StackError, match=rf"no folder .*{TELEMETRY} in \.env"):
        setup(root, guess=telemetry)


def test_another_folder_can_be_chosen_later(root: Path, telemetry: Path) -> None:
    setup(root, guess=telemetry)
    other = telemetry.parent / 'it\'s $HOME "here"'
    if sys.platform == "win32":
        other = telemetry.parent / "it's $HOME"
    other.mkdir()

    setup(root, guess=telemetry, chosen=other)

    assert env_file.read(root / ".env")[TELEMETRY] == other.as_posix()
    assert (root / ".env").read_text("utf-8").count(TELEMETRY) == 1


@pytest.mark.parametrize("what", ["a file", "everything", "home", "the parent"])
def test_a_wrong_folder_is_refused(
    what: str, telemetry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: telemetry.parent / "home")
    (telemetry.parent / "home").mkdir()
    (telemetry / "lap.ibt").touch()
    wrong, message = {
        "a file": (telemetry / "lap.ibt", "is a file"),
        "everything": (Path(telemetry.anchor), "is too much"),
        "home": (telemetry.parent / "home", "is too much"),
        "the parent": (telemetry.parent, "its folder telemetry may"),
    }[what]

    with pytest.raises(StackError, match=message):
        folders.telemetry(wrong)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Docker maps users")
def test_a_folder_that_containers_cannot_read_is_refused(root: Path, telemetry: Path) -> None:
    telemetry.chmod(0o700)

    with pytest.raises(StackError, match=r"containers' user is another.*chmod"):
        setup(root, guess=telemetry)


@pytest.mark.parametrize("value", ["plain", "a b", "C:/Users/O'Brien", 'a "b" $c \\d', "x #y", ""])
def test_values_survive_the_file(tmp_path: Path, value: str) -> None:
    env_file.add(tmp_path / ".env", {"NAME": value})

    assert env_file.read(tmp_path / ".env") == {"NAME": value}


def test_for_production_there_are_certificates_and_a_user(root: Path, telemetry: Path) -> None:
    setup(root, guess=telemetry, public=["racing.example.com", "192.0.2.7"])

    expected = env_file.read(root / ".env")
    assert expected["COMPOSE_FILE"] == "docker-compose.yml,docker-compose.production.yml"
    assert expected[NAMES] == "racing.example.com,192.0.2.7"
    folder = root / "secrets"
    password = (folder / "proxy_password").read_text("utf-8")
    assert password not in (folder / "proxy_users").read_text("utf-8")
    authority = certificate(folder / "ca_certificate")
    proxy = certificate(folder / "proxy_certificate")
    proxy.verify_directly_issued_by(authority)
    names = proxy.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["racing.example.com", "localhost"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7", "127.0.0.1"]
    database = certificate(folder / "postgres_certificate")
    names = database.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["postgres"]
    # Once chosen it stays so, and nothing is made again.
    assert setup(root, guess=telemetry).made == ()


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_certificates_are_renewed_before_their_end_and_for_other_names(tmp_path: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    names = {"proxy": ("a.example.com",)}
    assert certificates.make(tmp_path, names, now=now) == ["ca_certificate", "proxy_certificate"]

    assert certificates.make(tmp_path, names, now=now + timedelta(days=300)) == []
    later = now + timedelta(days=380)
    assert certificates.make(tmp_path, names, now=later) == ["proxy_certificate"]
    others = {"proxy": ("b.example.com",)}
    assert certificates.make(tmp_path, others, now=later) == ["proxy_certificate"]


def test_an_authority_that_was_lost_takes_its_certificates_along(tmp_path: Path) -> None:
    names = {"postgres": ("postgres",)}
    certificates.make(tmp_path, names)
    (tmp_path / "ca_key").unlink()

    assert certificates.make(tmp_path, names) == ["ca_certificate", "postgres_certificate"]
    (tmp_path / "ca_certificate").unlink()
    assert certificates.make(tmp_path, names) == ["ca_certificate", "postgres_certificate"]
    assert certificates.make(tmp_path, names) == []


def test_a_secret_that_was_cut_short_is_made_again(root: Path, telemetry: Path) -> None:
    setup(root, guess=telemetry)
    (root / "secrets" / "dagster_password").write_text("", encoding="utf-8")

    assert setup(root, guess=telemetry).made == ("dagster_password",)


def test_secrets_go_where_the_owner_wants_them(root: Path, telemetry: Path) -> None:
    (root / ".env").write_text("IRACING_SECRETS_DIR='./elsewhere'\n", encoding="utf-8")

    setup(root, guess=telemetry, public=["racing.example.com"])

    assert not (root / "secrets").exists()
    assert {"dagster_password", "proxy_certificate"} <= {
        path.name for path in (root / "elsewhere").iterdir()
    }


def test_a_certificate_of_another_authority_stays(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    for folder in (own, other):
        folder.mkdir()
        certificates.make(folder, {"proxy": ("a.example.com",)})
    theirs = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Somebody")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificates, "_AUTHORITY", theirs)
        issued = tmp_path / "theirs"
        issued.mkdir()
        certificates.make(issued, {"proxy": ("public.example.com",)})
    (own / "proxy_certificate").write_bytes((issued / "proxy_certificate").read_bytes())

    assert certificates.make(own, {"proxy": ("a.example.com",)}) == []


def test_a_certificate_that_is_none_is_named(root: Path, telemetry: Path) -> None:
    setup(root, guess=telemetry, public=["a.example.com"])
    (root / "secrets/proxy_certificate").write_text("torn", encoding="utf-8")

    with pytest.raises(StackError, match="cannot be read"):
        setup(root, guess=telemetry)


def test_for_the_cloud_prometheus_forwards_what_it_scrapes(root: Path, telemetry: Path) -> None:
    setup(root, guess=telemetry)
    env_file.add(root / ".env", {cloud.URL: "https://push.example.net/api/prom/push"})
    with pytest.raises(StackError, match=cloud.USER):
        setup(root, guess=telemetry)
    env_file.add(root / ".env", {cloud.USER: "12345"})
    with pytest.raises(StackError, match="cloud_token is empty"):
        setup(root, guess=telemetry)
    (root / "secrets/cloud_token").write_text("glc_x", encoding="utf-8")

    setup(root, guess=telemetry)

    expected = env_file.read(root / ".env")
    config = yaml.safe_load((root / expected["IRACING_PROMETHEUS_CONFIG"]).read_text("utf-8"))
    (write,) = config["remote_write"]
    assert write["url"] == "https://push.example.net/api/prom/push"
    assert write["basic_auth"] == {
        "username": "12345",
        "password_file": "/run/secrets/cloud_token",
    }
    assert {"source_labels": ["session"], "regex": ".+", "action": "drop"} in write[
        "write_relabel_configs"
    ]
    assert config["scrape_configs"][0]["static_configs"] == [{"targets": ["metrics:9410"]}]
    assert "COMPOSE_PROFILES" not in expected


def test_the_agent_runs_when_it_has_all(root: Path, telemetry: Path) -> None:
    setup(root, guess=telemetry)
    values = {cloud.URL: "https://push.example.net/push", cloud.USER: "1"}
    values |= dict.fromkeys(cloud.AGENT, "x")
    env_file.add(root / ".env", values)
    (root / "secrets/cloud_token").write_text("glc_x", encoding="utf-8")
    with pytest.raises(StackError, match="pdc_token is empty"):
        setup(root, guess=telemetry)
    (root / "secrets/pdc_token").write_text("glc_y", encoding="utf-8")

    setup(root, guess=telemetry)

    assert env_file.read(root / ".env")["COMPOSE_PROFILES"] == "cloud"


def test_the_demo_leaves_the_own_stack_alone(root: Path) -> None:
    done = setup_demo(root)

    assert done.telemetry is None
    assert not (root / stack_setup.ENV_FILE).exists()
    expected = env_file.read(root / stack_setup.DEMO_FILE)
    assert expected["COMPOSE_FILE"] == "docker-compose.yml,docker-compose.demo.yml"
    assert expected["IRACING_STACK"] == "iracing-demo"
