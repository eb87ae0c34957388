"""The endpoints that the project uses, each as one function.

The quota counts each of them as one request, however many links and chunks its answer has.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from iracing_pipeline.data_api.client import Answer, DataApi


class EventType(IntEnum):
    """Event type of a subsession."""

    PRACTICE = 2
    QUALIFY = 3
    RACE = 5


class ChartType(IntEnum):
    """Data of ``member/chart_data``."""

    IRATING = 1
    LICENCE = 3


def tracks(api: DataApi) -> Answer:
    """All track configurations."""
    return api.get("track/get")


def cars(api: DataApi) -> Answer:
    """All cars."""
    return api.get("car/get")


def car_classes(api: DataApi) -> Answer:
    """All car classes and the cars in them."""
    return api.get("carclass/get")


def series(api: DataApi) -> Answer:
    """All series."""
    return api.get("series/get")


def seasons(api: DataApi) -> Answer:
    """The active seasons with their schedules."""
    return api.get("series/seasons", {"include_series": "true"})


def current_season(api: DataApi) -> Answer:
    """The year and quarter of now."""
    return api.get("lookup/current_season")


def licences(api: DataApi) -> Answer:
    """The licence classes and their levels."""
    return api.get("lookup/licenses")


def constants(api: DataApi, kind: str) -> Answer:
    """Labels of ``categories``, ``divisions`` or ``event_types``."""
    return api.get(f"constants/{kind}")


def member_info(api: DataApi) -> Answer:
    """The member that the token belongs to."""
    return api.get("member/info")


def chart_data(api: DataApi, cust_id: int, category_id: int, chart: ChartType) -> Answer:
    """A rating of a member over time."""
    return api.get(
        "member/chart_data",
        {
            "cust_id": str(cust_id),
            "category_id": str(category_id),
            "chart_type": str(chart.value),
        },
    )


def career(api: DataApi, cust_id: int) -> Answer:
    """A member's totals by category."""
    return api.get("stats/member_career", {"cust_id": str(cust_id)})


def yearly(api: DataApi, cust_id: int) -> Answer:
    """A member's totals by category and year."""
    return api.get("stats/member_yearly", {"cust_id": str(cust_id)})


def recent_races(api: DataApi, cust_id: int) -> Answer:
    """A member's newest official races: the cheapest way to see that something happened."""
    return api.get("stats/member_recent_races", {"cust_id": str(cust_id)})


def search_series(
    api: DataApi, cust_id: int, year: int, quarter: int, event_types: Iterable[EventType]
) -> Answer:
    """A member's own row of each subsession of a season that belongs to a series."""
    return api.get(
        "results/search_series",
        {
            "cust_id": str(cust_id),
            "season_year": str(year),
            "season_quarter": str(quarter),
            "event_types": _joined(event_types),
        },
    )


def search_series_finished_after(
    api: DataApi, cust_id: int, moment: datetime, event_types: Iterable[EventType]
) -> Answer:
    """A member's own rows of what finished after ``moment``, at most 90 days ago."""
    return api.get(
        "results/search_series",
        {
            "cust_id": str(cust_id),
            "finish_range_begin": _minute(moment),
            "event_types": _joined(event_types),
        },
    )


def search_hosted(api: DataApi, cust_id: int, begin: datetime, end: datetime) -> Answer:
    """Hosted and league sessions of a member that started in a range of at most 90 days."""
    return api.get(
        "results/search_hosted",
        {
            "cust_id": str(cust_id),
            "start_range_begin": _minute(begin),
            "start_range_end": _minute(end),
        },
    )


def search_hosted_finished_after(api: DataApi, cust_id: int, moment: datetime) -> Answer:
    """Hosted and league sessions of a member that finished after ``moment``, <= 90 days ago."""
    return api.get(
        "results/search_hosted",
        {"cust_id": str(cust_id), "finish_range_begin": _minute(moment)},
    )


def results(api: DataApi, subsession_id: int) -> Answer:
    """Everything about a subsession but its laps."""
    return api.get("results/get", {"subsession_id": str(subsession_id)})


def lap_chart(api: DataApi, subsession_id: int, simsession_number: int) -> Answer:
    """All laps of all cars of a simsession."""
    return api.get("results/lap_chart_data", _simsession(subsession_id, simsession_number))


def lap_data(
    api: DataApi, subsession_id: int, simsession_number: int, group_id: int, *, is_team: bool
) -> Answer:
    """All laps of one driver, or of one team, in a simsession."""
    who = {"team_id" if is_team else "cust_id": str(group_id)}
    return api.get("results/lap_data", _simsession(subsession_id, simsession_number) | who)


def event_log(api: DataApi, subsession_id: int, simsession_number: int) -> Answer:
    """Penalties, cautions and lead changes of a simsession."""
    return api.get("results/event_log", _simsession(subsession_id, simsession_number))


def _simsession(subsession_id: int, simsession_number: int) -> dict[str, str]:
    return {"subsession_id": str(subsession_id), "simsession_number": str(simsession_number)}


def _joined(event_types: Iterable[EventType]) -> str:
    return ",".join(str(event_type.value) for event_type in event_types)


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%MZ")
