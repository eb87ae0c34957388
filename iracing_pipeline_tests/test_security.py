"""That SECURITY.md says what is tested, and that nothing secret is in the repository or a repr."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from iracing_pipeline.settings import DataApiAccount, MetricSettings, Settings
from iracing_pipeline.warehouse import Warehouse

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "SECURITY.md"
HUSH = "correct-horse-battery"

# What secrets of our kinds look like. Each is long enough not to be met by chance.
SECRETS = {
    # With the key: its heading alone is no secret. A patch has a + before each line.
    "private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[\\n\s+]*(?:Proc-|[0-9A-Za-z+/=]{20})",
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_\w{60,})\b",
    "Grafana token": r"\bgl(?:sa|c)_[0-9A-Za-z_+/=]{30,}",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "Slack token": r"\bxox[abprs]-[0-9A-Za-z-]{20,}",
    "signed token": r"\beyJ[0-9A-Za-z_-]{20,}\.eyJ[0-9A-Za-z_-]{20,}\.",
}
SECRET = re.compile("|".join(SECRETS.values()))

needs_checkout = pytest.mark.skipif(not PAGE.exists(), reason="not in a checkout")


def git(*arguments: str) -> str:
    program = shutil.which("git")
    if program is None or not (ROOT / ".git").exists():
        pytest.skip("not in a clone of the repository")
    done = subprocess.run(
        [program, "-C", str(ROOT), *arguments], capture_output=True, check=True, timeout=300
    )
    return done.stdout.decode("utf-8", errors="replace")


@needs_checkout
def test_every_control_names_a_test_that_there_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", text)

    assert len(named) > 20
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not (path := ROOT / "iracing_pipeline_tests" / file).exists()
        or f"def {test}(" not in path.read_text(encoding="utf-8")
    ]
    assert missing == []


@needs_checkout
def test_every_threat_has_a_control_and_a_test() -> None:
    threats = PAGE.read_text(encoding="utf-8").partition("## Threats and controls")[2]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in threats.splitlines()
        if line.startswith("|") and not line.startswith(("| ---", "| threat"))
    ]

    assert rows
    assert [row[0] for row in rows if len(row) != 3 or not row[1] or "::" not in row[2]] == []


def test_nothing_that_looks_like_a_secret_is_in_the_tree() -> None:
    rows = []
    for name in git("ls-files", "-z").split("\0"):
        path = ROOT / name
        if name and path.is_file() and path.suffix not in {".png", ".ibt", ".parquet"}:
            text = path.read_text(encoding="utf-8", errors="replace")
            rows += [name] if SECRET.search(text) else []

    assert rows == []


def test_nothing_that_looks_like_a_secret_ever_was() -> None:
    history = git("log", "--no-color", "--unified=0", "--patch")

    assert [match[0][:12] for match in SECRET.finditer(history)] == []


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_secret_would_be_found(name: str) -> None:
    alphabet = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v2W3x4Y5z6A1b2C3d4E5f6"
    made = {
        "private key": "+-----BEGIN PRIVATE KEY-----\n+" + alphabet,
        "AWS key": "AKIA" + "Z" * 16,
        "GitHub token": "ghp_" + alphabet[:36],
        "Grafana token": "glsa_" + alphabet[:32],
        "Google key": "AIza" + alphabet[:35],
        "Slack token": "xoxb-" + alphabet[:24],
        "signed token": f"eyJ{alphabet[:24]}.eyJ{alphabet[:24]}.",
    }

    assert SECRET.search(made[name])


def test_no_settings_show_a_secret() -> None:
    env = {
        "IRACING_DATABASE_URL": f"postgresql://me:{HUSH}@host/db",
        "IRACING_CLIENT_ID": "racer",
        "IRACING_CLIENT_SECRET": HUSH,
        "IRACING_USERNAME": "racer@example.com",
        "IRACING_PASSWORD": HUSH,
        "IRACING_CLOUD_PUSH_TOKEN": HUSH,
    }
    account = DataApiAccount.from_env(env)

    assert account
    for each in (Settings.from_env(env), account, MetricSettings.from_env(env)):
        assert HUSH not in f"{each!r} {each}"
        assert "racer@example.com" not in repr(each)
    assert HUSH not in repr(Warehouse(env["IRACING_DATABASE_URL"]))
