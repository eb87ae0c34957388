"""The architecture as a rule: imports run one way, and only the upper floors know Dagster."""

import ast
import sys
from pathlib import Path

import pytest

import iracing_pipeline

PACKAGE = Path(iracing_pipeline.__file__).parent

# From the roof down: a room may import rooms that stand after it.
ORDER = [
    "__main__",
    "cli",
    "local",
    "definitions",
    "defs",
    "dagster_storage",
    "dagster_private",
    # ------------------------------------ nothing below imports dagster
    "ask",
    "why",
    "digest",
    "report",
    "ingest",
    "metrics",
    "demo",
    "backup",
    "dashboards",
    "warehouse",
    "lake",
    "data_api",
    "pictures",
    "page",
    "results",
    "analysis",
    "exchange",
    "inbox",
    "ibt",
    "tables",
    "stack",
    "settings",
    "http_client",
    "http_guard",
    "http_server",
    "bootstrap",
    "child_environment",
    "errors",
    "private",
    "printable",
]
KNOW_DAGSTER = set(ORDER[: ORDER.index("ask")])

# ``ibt`` is worth using alone.
IBT_NEEDS = {"numpy", "polars", "iracing_pipeline"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> set[str]:
    """Full names of all modules that a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_every_room_has_its_place() -> None:
    rooms = {room(path) for path in modules()} - {"__init__"}

    assert rooms <= set(ORDER)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downward(path: Path) -> None:
    own = room(path)
    if own == "__init__":
        return
    used = {name.split(".")[1] for name in imports(path) if name.startswith("iracing_pipeline.")}
    above = {name for name in used & set(ORDER) if ORDER.index(name) < ORDER.index(own)}

    assert not above, f"{own} imports {above}, which stand above it"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_upper_floors_know_dagster(path: Path) -> None:
    uses = any(name.split(".")[0] == "dagster" for name in imports(path))

    assert not uses or room(path) in KNOW_DAGSTER


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_one_file_uses_private_modules_of_dagster(path: Path) -> None:
    private = {name for name in imports(path) if name.startswith("dagster._")}

    assert not private or room(path) == "dagster_private"


@pytest.mark.parametrize("path", sorted((PACKAGE / "ibt").glob("*.py")), ids=lambda path: path.name)
def test_ibt_stands_alone(path: Path) -> None:

    outside = {name.split(".")[0] for name in imports(path)} - set(sys.stdlib_module_names)
    inside = {name for name in imports(path) if name.startswith("iracing_pipeline.")}

    assert outside <= IBT_NEEDS
    assert all(
        name.startswith(("iracing_pipeline.ibt", "iracing_pipeline.errors")) for name in inside
    )
