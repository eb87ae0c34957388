"""One tree of errors: each has a reason, and crosses process boundaries."""

import importlib
import inspect
import pickle
import pkgutil
from pathlib import Path

import pytest

import iracing_pipeline
from iracing_pipeline.errors import PipelineError
from iracing_pipeline.ibt import TruncatedFileError
from iracing_pipeline.results.errors import ExportError
from iracing_pipeline.warehouse.errors import LoadError


def classes() -> list[type[Exception]]:
    """Every exception class of the package."""
    found: dict[str, type[Exception]] = {}
    for module in pkgutil.walk_packages(iracing_pipeline.__path__, "iracing_pipeline."):
        if module.name.endswith(("__main__", "migrations.env")) or ".versions." in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if (
                inspect.isclass(value)
                and issubclass(value, Exception)
                and value.__module__.startswith("iracing_pipeline.")
            ):
                found[f"{value.__module__}.{name}"] = value
    return list(found.values())


def test_every_error_is_of_one_tree_and_has_a_name_of_its_own() -> None:
    every = set(classes())
    assert len(every) > 60
    assert [each for each in every if not issubclass(each, PipelineError)] == []
    names = [each.__name__ for each in every]
    assert [name for name in names if names.count(name) > 1] == []


@pytest.mark.parametrize(
    "error",
    [
        TruncatedFileError("a.ibt", "it is short"),
        ExportError("a.csv", "it is no table", "Export it again."),
        LoadError("the row is too long", "Report it"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_crosses_process_boundaries(error: PipelineError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_the_message_names_item_reason_and_advice() -> None:
    error = TruncatedFileError(Path("folder") / "a.ibt", "it is short", "Copy it")
    assert str(error) == "a.ibt: it is short. Copy it"
    assert (error.item, error.reason, error.advice) == ("a.ibt", "it is short", "Copy it")
    assert str(PipelineError("it is full")) == "it is full"
