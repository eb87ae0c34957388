"""A job that requests races again, or dismisses them, from Dagster's UI."""

import dagster as dg

from iracing_pipeline.defs.resources import WarehouseResource
from iracing_pipeline.ingest import incomplete_races


class RacesConfig(dg.Config):
    """Which races, by subsession id; without a config, all that are not complete."""

    ask_again: list[int] = []  # noqa: RUF012 - copied for each config
    dismiss: list[int] = []  # noqa: RUF012 - as above


@dg.op
def change_races(
    context: dg.OpExecutionContext, config: RacesConfig, warehouse: WarehouseResource
) -> None:
    """Request races again, or dismiss them; the results sensor then fetches the due ones.

    Raises:
        dagster.Failure: If no search gave one of the races.
    """
    everything = not config.ask_again and not config.dismiss
    try:
        with warehouse.connect() as connection:
            again = (
                incomplete_races.ask_again(connection, None if everything else config.ask_again)
                if everything or config.ask_again
                else 0
            )
            gone = incomplete_races.dismiss(connection, config.dismiss) if config.dismiss else 0
    except incomplete_races.UnknownRaceError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    context.log.info("%d races will be requested again, %d are dismissed", again, gone)


@dg.job(
    description="Asks iRacing again for races that are not complete, also for those refused for"
    " good: all of them, or those in the config; races under 'dismiss' are left alone instead.",
    executor_def=dg.in_process_executor,
)
def ask_for_races_again() -> None:
    """The one step of it."""
    change_races()
