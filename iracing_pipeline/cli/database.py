"""Commands about the database in use."""

from __future__ import annotations

import os

import click

from iracing_pipeline.cli.console import echo
from iracing_pipeline.settings import RoleSettings, Settings

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.command(epilog="Example: psql \"$(iracing-pipeline dsn)\" -c 'TABLE racing.telemetry_lap'")
@click.option("--reader", is_flag=True, help="For the role that may only read the views.")
def dsn(*, reader: bool) -> None:
    """Print the database URL in use; start the embedded server if necessary."""
    from iracing_pipeline.warehouse import database_url, migrate, reader_url

    settings = Settings.from_env()
    url = database_url(settings)
    migrate(url)
    echo(reader_url(settings) if reader else url)


@click.command(epilog="Example: iracing-pipeline down")
@click.option("--force", is_flag=True, help="Stop it even while iracing-pipeline up uses it.")
def down(*, force: bool) -> None:
    """Stop the embedded database server."""
    from iracing_pipeline.local import up_lock
    from iracing_pipeline.warehouse import embedded

    home = Settings.from_env().home
    if not force and (user := up_lock.running(home)):
        raise click.ClickException(
            f"iracing-pipeline up is {user} and uses the database. Stop it first, with Ctrl+C"
            " where it runs, or add --force."
        )
    stopped = embedded.stop(home)
    echo("Stopped the embedded database." if stopped else "It was not running.")


@click.command(epilog="Example: iracing-pipeline migrate")
def migrate() -> None:
    """Migrate the database to this version, as its owner.

    With IRACING_ADMIN_DATABASE_URL, the roles and databases are made first. With DAGSTER_HOME,
    Dagster's own storage is brought to its version too.
    """
    from iracing_pipeline import warehouse
    from iracing_pipeline.local import dagster_home
    from iracing_pipeline.warehouse import roles

    settings, how = Settings.from_env(), RoleSettings.from_env()
    url = warehouse.database_url(settings)
    if how.admin_url is not None:
        passwords = {role: how.password(role) or "" for role in roles.ROLES}
        for made in roles.provision(how.admin_url, roles.database_of(url), passwords):
            echo(f"Made {made}")
    changed = warehouse.migrate(url)
    warehouse.admit(url)
    if how.admin_url is not None:
        roles.restrict_reader(how.admin_url, roles.database_of(url))
    echo("Migrated the database." if changed else "The database is up to date.")
    if os.environ.get("DAGSTER_HOME"):
        dagster_home.upgrade()
        echo("Dagster's storage is up to date.")
