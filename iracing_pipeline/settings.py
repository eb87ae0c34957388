"""Every environment variable that the project reads, typed, in one place."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Mapping


class SettingsError(Exception):
    """An environment variable holds something that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are.

    Attributes:
        home: ``IRACING_HOME``. The data folder: lake, embedded database, Dagster's storage.
            Default: the platform's place for user data.
        telemetry_dir: ``IRACING_TELEMETRY_DIR``. The folder that iRacing writes ``.ibt`` files to.
            Default: ``Documents/iRacing/telemetry`` of the user.
        results_dir: ``IRACING_RESULTS_DIR``. The folder for exported result files.
            Default: ``results`` in the data folder.
        database_url: ``IRACING_DATABASE_URL`` (or ``_FILE``). A ``postgresql://`` URL; without
            it, a PostgreSQL server embedded in the data folder is used.
        lake: ``IRACING_LAKE``. Where Parquet files and raw payloads lie: a folder or a URI
            (``s3://``, ``gs://``, ``az://``). Default: ``lake`` in the data folder.
    """

    home: Path
    telemetry_dir: Path
    results_dir: Path
    database_url: str | None
    lake: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from the environment.

        Raises:
            SettingsError: If a variable holds something that cannot be used.
        """
        env = os.environ if env is None else env
        home = _folder(env, "IRACING_HOME") or Path(
            platformdirs.user_data_dir("iracing-pipeline", appauthor=False)
        )
        return cls(
            home=home,
            telemetry_dir=_folder(env, "IRACING_TELEMETRY_DIR")
            or Path(platformdirs.user_documents_dir()) / "iRacing" / "telemetry",
            results_dir=_folder(env, "IRACING_RESULTS_DIR") or home / "results",
            database_url=_postgres_url(secret(env, "IRACING_DATABASE_URL")),
            lake=_lake(env) or str(home / "lake"),
        )


def secret(env: Mapping[str, str], name: str) -> str | None:
    """The value of a secret: from the variable ``name``, or from the file ``name_FILE`` names.

    Raises:
        SettingsError: If the file cannot be read.
    """
    if value := env.get(name):
        return value
    file = env.get(f"{name}_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except OSError as error:
        raise SettingsError(
            f"{name}_FILE names {file}, which cannot be read: {error.strerror}"
        ) from error


def _lake(env: Mapping[str, str]) -> str | None:
    value = env.get("IRACING_LAKE")
    return str(_folder(env, "IRACING_LAKE")) if value and "://" not in value else value


def _folder(env: Mapping[str, str], name: str) -> Path | None:
    value = env.get(name)
    return Path(value).expanduser().absolute() if value else None


def _postgres_url(url: str | None) -> str | None:
    # The value is never repeated in the message: it may hold a password.
    if url is not None and not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError(
            "IRACING_DATABASE_URL does not start with postgresql://. "
            "Set it like postgresql://user:password@host:5432/database, or unset it to use "
            "the embedded server."
        )
    return url
