"""Commands about the database in use."""

from __future__ import annotations

import click

from iracing_pipeline.settings import Settings

# What a command needs is imported in the command: most need little, and Dagster takes a second.
# ruff: noqa: PLC0415


@click.command()
@click.option("--reader", is_flag=True, help="For the role that may only read the views.")
def dsn(*, reader: bool) -> None:
    """Print the database URL in use; start the embedded server if need be."""
    from iracing_pipeline.warehouse import database_url, migrate, reader_url

    settings = Settings.from_env()
    url = database_url(settings)
    migrate(url)
    click.echo(reader_url(settings) if reader else url)


@click.command()
def down() -> None:
    """Stop the embedded database server."""
    from iracing_pipeline.warehouse import embedded

    stopped = embedded.stop(Settings.from_env().home)
    click.echo("Stopped the embedded database." if stopped else "It was not running.")
