"""Write the next revision: what ``iracing_pipeline.tables`` declares and no revision makes yet.

Example: ``python -m iracing_pipeline.warehouse.migrations "Add the wind of a lap"``
"""

from __future__ import annotations

import os
import sys
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from iracing_pipeline.settings import Settings
from iracing_pipeline.warehouse import database_url, declared
from iracing_pipeline.warehouse.migrate import HEAD, SCRIPTS, configuration, migrating

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSIONS = SCRIPTS / "versions"


def write(url: str, message: str, folder: Path = VERSIONS) -> Path:
    """Write the revision that brings a database at HEAD to the declarations.

    Args:
        url: A server on which a database may be made, and dropped again.
        message: What the revision does, such as ``Add the wind of a lap``.
        folder: Where the file is written.

    Returns:
        The new file, to be read, completed by indexes and checks, and committed.
    """
    from alembic import command  # noqa: PLC0415 - slow
    from alembic.script import Script  # noqa: PLC0415

    with _scratch(url) as scratch, migrating(scratch) as migration:
        migration.upgrade()
        config = configuration(migration.transaction)
        config.attributes["comparison"] = declared.comparison()
        config.set_main_option("path_separator", "os")
        folders = dict.fromkeys([str(VERSIONS), str(folder)])
        config.set_main_option("version_locations", os.pathsep.join(folders))
        script = command.revision(
            config,
            message,
            autogenerate=True,
            version_path=str(folder),
            rev_id=f"{int(HEAD) + 1:04}",
        )
    assert isinstance(script, Script)  # noqa: S101 - one revision was asked for
    return Path(script.path)


@contextmanager
def _scratch(url: str) -> Iterator[str]:
    name = f"iracing_revision_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


if __name__ == "__main__":
    sys.stdout.write(f"{write(database_url(Settings.from_env()), ' '.join(sys.argv[1:]))}\n")
