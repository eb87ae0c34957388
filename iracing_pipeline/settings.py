"""Every environment variable that the project reads, typed, in one place."""

from __future__ import annotations

import difflib
import locale
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from iracing_pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping


UNITS = ("metric", "imperial")
_IMPERIAL_REGIONS = frozenset({"US", "LR", "MM"})
_MOST_REPORTS = 100_000


NAMES = frozenset(
    f"IRACING_{name}"
    for name in [
        "HOME",
        "TELEMETRY_DIR",
        "RESULTS_DIR",
        "MEMBER",
        "DATABASE_URL",
        "LAKE",
        "CLIENT_ID",
        "CLIENT_SECRET",
        "USERNAME",
        "PASSWORD",
        "CALLS_PER_MINUTE",
        "DATA_API_URL",
        "OAUTH_URL",
        "READER_PASSWORD",
        "MCP_TOKEN",
        "LIVE_TOKEN",
        "PROMETHEUS_URL",
        "PROMETHEUS_DATA",
        "PROMTOOL",
        "CLOUD_PUSH_URL",
        "CLOUD_PUSH_USER",
        "CLOUD_PUSH_TOKEN",
        "METRIC_CHANNELS",
        "METRIC_HZ",
        "GRAFANA_URL",
        "GRAFANA_TOKEN",
        "ADMIN_DATABASE_URL",
        "ROLE_PASSWORDS",
        "ALLOWED_HOSTS",
        "REPORTS_DIR",
        "REPORTS_KEPT",
        "UNITS",
    ]
)
"""Every variable that the pipeline reads; a secret also with ``_FILE``."""

# Of docker-compose.yml, of containers, of the tests, and of the pipeline's own processes.
_OF_OTHERS = re.compile(
    r"IRACING_(?:\w+_PORT|SECRETS_DIR|PUBLIC_\w+|PDC_\w+|STACK|VERSION|REVISION|POSTGRES_\w+"
    r"|PROMETHEUS_CONFIG|CODE_MEMORY|DEMO_SPEED|TEST_\w+|PIPELINE_\w+)"
)


def misspelt(env: Mapping[str, str]) -> list[str]:
    """Return warnings about unknown variables that begin with ``IRACING_``.

    Their values are never repeated.
    """
    lines = []
    for name in sorted(env):
        is_setting = name in NAMES or name.removesuffix("_FILE") in NAMES
        if is_setting or not name.startswith("IRACING_") or _OF_OTHERS.fullmatch(name):
            continue
        # Without the prefix that all share: it alone would make any two alike.
        ends = [each.removeprefix("IRACING_") for each in sorted(NAMES)]
        own = name.removesuffix("_FILE").removeprefix("IRACING_")
        near = difflib.get_close_matches(own, ends, n=1)
        advice = f"Did you mean IRACING_{near[0]}?" if near else "docs/settings.md lists all."
        lines.append(f"{name} is not a setting. {advice}")
    return lines


class SettingsError(PipelineError):
    """An environment variable holds something that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Locations of data.

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
        member: ``IRACING_MEMBER``. The member account: a customer id, or a name as results show
            it. Default: the member of the account, else the driver of most telemetry.
    """

    home: Path
    telemetry_dir: Path
    results_dir: Path
    database_url: str | None = field(repr=False)
    lake: str
    member: str | None = None

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
            member=_member(env),
        )


@dataclass(frozen=True, slots=True)
class DataApiAccount:
    """Access to iRacing's Data API; everything works without it, from files.

    Attributes:
        client_id: ``IRACING_CLIENT_ID``. OAuth client id that iRacing issued.
        client_secret: ``IRACING_CLIENT_SECRET`` (or ``_FILE``). None for a public client.
        username: ``IRACING_USERNAME``. E-mail address of the account, for a client that may log
            in with it; else log in with ``iracing-pipeline login``.
        password: ``IRACING_PASSWORD`` (or ``_FILE``). Password of the account, likewise.
        url: ``IRACING_DATA_API_URL``. Another root of the API, such as that of a simulation.
        oauth_url: ``IRACING_OAUTH_URL``. Another root of the token service, likewise.
        calls_per_minute: ``IRACING_CALLS_PER_MINUTE``. Limit on requests; iRacing's own is 240.
    """

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    url: str | None = None
    oauth_url: str | None = None
    calls_per_minute: int = 120

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> DataApiAccount | None:
        """Read the account from the environment; None when no client id is set.

        Raises:
            SettingsError: If a variable holds something that cannot be used.
        """
        env = os.environ if env is None else env
        client_id = secret(env, "IRACING_CLIENT_ID")
        if client_id is None:
            return None
        return cls(
            client_id=client_id,
            client_secret=secret(env, "IRACING_CLIENT_SECRET"),
            username=secret(env, "IRACING_USERNAME"),
            password=secret(env, "IRACING_PASSWORD"),
            url=env.get("IRACING_DATA_API_URL") or None,
            oauth_url=env.get("IRACING_OAUTH_URL") or None,
            calls_per_minute=_calls_per_minute(
                env.get("IRACING_CALLS_PER_MINUTE"),
                # A simulated API may allow what iRacing does not.
                most=1_000_000 if env.get("IRACING_DATA_API_URL") else 240,
            ),
        )


@dataclass(frozen=True, slots=True)
class AskSettings:
    """Settings of who may ask.

    Attributes:
        reader_password: ``IRACING_READER_PASSWORD`` (or ``_FILE``). Password of
            ``grafana_reader`` in a database of your own; the embedded server makes its own.
        mcp_token: ``IRACING_MCP_TOKEN`` (or ``_FILE``). What clients of ``mcp --http`` send.
            Default: made once, in the file ``mcp_token`` of the data folder.
    """

    reader_password: str | None = field(repr=False)
    mcp_token: str | None = field(repr=False)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> AskSettings:
        """Read the settings from the environment."""
        env = os.environ if env is None else env
        return cls(
            reader_password=secret(env, "IRACING_READER_PASSWORD"),
            mcp_token=secret(env, "IRACING_MCP_TOKEN"),
        )


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """Destinations of the digest after a session; none by default.

    Attributes:
        file: ``IRACING_DIGEST_FILE``. A file that digests are appended to.
        webhook_url: ``IRACING_DIGEST_WEBHOOK`` (or ``_FILE``). A webhook of Discord, or one that
            takes JSON; its address is a secret.
    """

    file: Path | None = None
    webhook_url: str | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> DigestSettings:
        """Read the settings from the environment.

        Raises:
            SettingsError: If a variable holds something that cannot be used.
        """
        env = os.environ if env is None else env
        return cls(
            file=_folder(env, "IRACING_DIGEST_FILE"),
            webhook_url=_webhook(secret(env, "IRACING_DIGEST_WEBHOOK")),
        )


def _webhook(url: str | None) -> str | None:
    # The value is never repeated: who has it may post.
    if url is None or url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        return url
    raise SettingsError(
        "IRACING_DIGEST_WEBHOOK does not start with https://, which keeps its address from others"
        " (http:// may be used for 127.0.0.1 and localhost, with a port)"
    )


def _calls_per_minute(text: str | None, *, most: int) -> int:
    if not text:
        return 120
    if text.isdecimal() and 10 <= int(text) <= most:
        return int(text)
    raise SettingsError(
        f"IRACING_CALLS_PER_MINUTE is {text!r}. Set it to a whole number from 10 to {most}."
    )


@dataclass(frozen=True, slots=True)
class MetricSettings:
    """Destinations of metrics, and their number.

    Attributes:
        prometheus_url: ``IRACING_PROMETHEUS_URL``. A Prometheus that takes remote write, such as
            ``http://127.0.0.1:9090``. Without it no channels are sent by remote write.
        prometheus_data: ``IRACING_PROMETHEUS_DATA``. The data folder of that Prometheus, if it
            can be written to from here: old sessions go there as blocks.
        promtool: ``IRACING_PROMTOOL``. The program that makes the blocks. Default: ``promtool``
            on the path.
        cloud_url: ``IRACING_CLOUD_PUSH_URL``. Where a hosted Prometheus such as Grafana Cloud
            takes remote write; it ends in ``/push`` or ``/write``.
        cloud_user: ``IRACING_CLOUD_PUSH_USER``. User for it.
        cloud_token: ``IRACING_CLOUD_PUSH_TOKEN`` (or ``_FILE``). Its password or token.
        channels: ``IRACING_METRIC_CHANNELS``. Channels to send, by iRacing's names and separated
            by commas, or ``all``. Default: the two dozen of docs/metrics.md.
        hz: ``IRACING_METRIC_HZ``. Samples a second and channel, 1 to 60 and a divisor of 1000.
            Default: 10.
    """

    prometheus_url: str | None = None
    prometheus_data: Path | None = None
    promtool: str = "promtool"
    cloud_url: str | None = None
    cloud_user: str | None = None
    cloud_token: str | None = field(default=None, repr=False)
    channels: tuple[str, ...] = ()
    hz: int = 10

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> MetricSettings:
        """Read the settings from the environment.

        Raises:
            SettingsError: If a variable holds something that cannot be used.
        """
        env = os.environ if env is None else env
        names = (name.strip() for name in env.get("IRACING_METRIC_CHANNELS", "").split(","))
        return cls(
            prometheus_url=_http_url(env, "IRACING_PROMETHEUS_URL"),
            prometheus_data=_folder(env, "IRACING_PROMETHEUS_DATA"),
            promtool=env.get("IRACING_PROMTOOL") or "promtool",
            cloud_url=_http_url(env, "IRACING_CLOUD_PUSH_URL"),
            cloud_user=env.get("IRACING_CLOUD_PUSH_USER") or None,
            cloud_token=secret(env, "IRACING_CLOUD_PUSH_TOKEN"),
            channels=tuple(name for name in names if name),
            hz=_rate(env, "IRACING_METRIC_HZ", 10),
        )


@dataclass(frozen=True, slots=True)
class GrafanaSettings:
    """Address of Grafana.

    Attributes:
        url: ``IRACING_GRAFANA_URL``. Its address, such as ``http://127.0.0.1:3001``.
        token: ``IRACING_GRAFANA_TOKEN`` (or ``_FILE``). Token of a service account.
    """

    url: str | None = None
    token: str | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> GrafanaSettings:
        """Read the settings from the environment.

        Raises:
            SettingsError: If a variable holds something that cannot be used.
        """
        env = os.environ if env is None else env
        return cls(
            url=_http_url(env, "IRACING_GRAFANA_URL"), token=secret(env, "IRACING_GRAFANA_TOKEN")
        )


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """How the roles of a database server of one's own are made, by ``iracing-pipeline migrate``.

    Attributes:
        admin_url: ``IRACING_ADMIN_DATABASE_URL`` (or ``_FILE``). The server, for a role that may
            make roles and databases. Without it none are made.
        passwords: ``IRACING_ROLE_PASSWORDS``. The folder with the passwords, one file
            ``NAME_password`` a role. Default: ``/run/secrets``.
    """

    admin_url: str | None = field(default=None, repr=False)
    passwords: Path = Path("/run/secrets")

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> RoleSettings:
        """Read the settings from the environment.

        Raises:
            SettingsError: If a variable holds something that cannot be used.
        """
        env = os.environ if env is None else env
        name = "IRACING_ADMIN_DATABASE_URL"
        return cls(
            admin_url=_postgres_url(secret(env, name), name),
            passwords=_folder(env, "IRACING_ROLE_PASSWORDS") or Path("/run/secrets"),
        )

    def password(self, role: str) -> str | None:
        """The password of a role; None where there is no file of it.

        Raises:
            SettingsError: If the file cannot be read.
        """
        file = self.passwords / f"{role}_password"
        return secret({"PASSWORD_FILE": str(file)}, "PASSWORD") if file.exists() else None


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """Reports as files, and the units in them.

    Attributes:
        folder: ``IRACING_REPORTS_DIR``. Where ``iracing-pipeline up`` writes the report of each
            session that ended within a day, and the start page. Default: ``reports`` in the data
            folder.
        kept: ``IRACING_REPORTS_KEPT``. How many reports stay there; the oldest are deleted. 0
            writes none. Default: 100.
        units: ``IRACING_UNITS``. ``metric`` or ``imperial``. Default: by the region of the system.
    """

    folder: Path
    kept: int
    units: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> ReportSettings:
        """Read the settings from the environment.

        Raises:
            SettingsError: If a variable holds something that cannot be used.
        """
        env = os.environ if env is None else env
        return cls(
            folder=_folder(env, "IRACING_REPORTS_DIR") or Settings.from_env(env).home / "reports",
            kept=_reports_kept(env.get("IRACING_REPORTS_KEPT") or "100"),
            units=_units(env),
        )


def _reports_kept(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= _MOST_REPORTS:
        return int(text)
    raise SettingsError(
        f"IRACING_REPORTS_KEPT is {text[:40]!r}. Set it to a whole number from 0 to"
        f" {_MOST_REPORTS}."
    )


def _units(env: Mapping[str, str]) -> str:
    text = env.get("IRACING_UNITS", "").strip().lower()
    if text not in {"", *UNITS}:
        raise SettingsError(f"IRACING_UNITS is {text[:40]!r}. Set it to {' or '.join(UNITS)}.")
    return text or ("imperial" if _region(env) in _IMPERIAL_REGIONS else "metric")


def _region(env: Mapping[str, str]) -> str:
    """The region of the system as its two letters, such as ``US``; "" where it has none."""
    names = ("LC_ALL", "LC_MEASUREMENT", "LANG")
    name = next((env[name] for name in names if env.get(name)), None)
    if name is None and sys.platform == "win32":
        name = (locale.getlocale()[0] or "").replace("English_United States", "en_US")
    return (name or "").partition(".")[0].partition("_")[2][:2].upper()


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


def _member(env: Mapping[str, str]) -> str | None:
    text = env.get("IRACING_MEMBER", "").strip()
    if text.isdigit() and not (text.isascii() and 0 < int(text) < 2**63):
        raise SettingsError(
            f"IRACING_MEMBER is {text[:40]!r}. Set it to your customer id, which is a whole number"
            " above 0, or to your name as results show it."
        )
    return text or None


def _folder(env: Mapping[str, str], name: str) -> Path | None:
    value = env.get(name)
    return Path(value).expanduser().absolute() if value else None


def _postgres_url(url: str | None, name: str = "IRACING_DATABASE_URL") -> str | None:
    # The value is never repeated in the message: it may hold a password.
    if url is not None and not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError(
            f"{name} does not start with postgresql://. "
            "Set it like postgresql://user:password@host:5432/database, or unset it to use "
            "the embedded server."
        )
    return url


def _http_url(env: Mapping[str, str], name: str) -> str | None:
    url = env.get(name)
    if not url:
        return None
    # The value is not repeated: somebody may have put a password into it.
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"{name} does not start with http:// or https://")
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise SettingsError(f"{name} holds a password: use the variables for user and token")
    return url.rstrip("/")


def _rate(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    # So that a period is whole milliseconds, the unit in which Prometheus keeps time.
    if not text.isdigit() or not 1 <= int(text) <= 60 or 1000 % int(text):
        raise SettingsError(f"{name} is {text}: use 1, 2, 4, 5, 8, 10, 20, 25, 40 or 50")
    return int(text)
