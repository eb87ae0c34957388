"""Dagster's webserver behind a guard: ``python -m iracing_pipeline.local.webserver``.

Takes the arguments of ``dagster-webserver``. See ``http_guard`` for what is refused.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from iracing_pipeline.http_guard import Guard, allowed_hosts

cli: Any = import_module("dagster_webserver.cli")
_make_app = cli.create_app_from_workspace_process_context


def _guarded(*args: Any, **options: Any) -> Any:
    return Guard(_make_app(*args, **options), allowed_hosts())


def main() -> None:
    """Serve until stopped."""
    cli.create_app_from_workspace_process_context = _guarded
    cli.main()


if __name__ == "__main__":
    main()
