"""Which document an endpoint answers with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from iracing_pipeline.demo.fake_data_api import member_documents, race_documents
from iracing_pipeline.errors import PipelineError
from iracing_pipeline.results.season import Season, season_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.demo.fake_data_api.career import Career, Race


class NoSuchDocumentError(PipelineError):
    """There is no such item."""


class RefusedDocumentError(PipelineError):
    """The member may not see it."""


def document(career: Career, endpoint: str, parameters: dict[str, str], now: float) -> Any:
    """The payload of an endpoint; header and rows where the real one sends chunks.

    Raises:
        NoSuchDocumentError: If there is no such endpoint or item.
        RefusedDocumentError: If the member may not see the item.
        KeyError: If a parameter is missing.
        ValueError: If a parameter makes no sense.
    """
    moment = datetime.fromtimestamp(now, UTC)
    if endpoint.startswith("results/search_"):
        return _search(career, endpoint, parameters, moment)
    if endpoint.startswith("results/"):
        return _race_document(career, endpoint, parameters, moment)
    if endpoint.startswith("constants/"):
        return member_documents.constants(endpoint.partition("/")[2])
    if endpoint == "member/chart_data":
        return member_documents.chart_data(
            career, int(parameters["category_id"]), int(parameters["chart_type"]), moment
        )
    makers: dict[str, Callable[[], Any]] = {
        "member/info": lambda: member_documents.member_info(career, moment),
        "stats/member_career": lambda: member_documents.totals(career, moment, yearly=False),
        "stats/member_yearly": lambda: member_documents.totals(career, moment, yearly=True),
        "stats/member_recent_races": lambda: member_documents.recent_races(career, moment),
        "track/get": member_documents.tracks,
        "car/get": member_documents.cars,
        "carclass/get": member_documents.car_classes,
        "series/get": member_documents.series,
        "series/seasons": member_documents.seasons,
        "lookup/licenses": member_documents.licences,
        "lookup/current_season": lambda: {
            "season_year": season_at(moment).year,
            "season_quarter": season_at(moment).quarter,
        },
    }
    if endpoint not in makers:
        raise NoSuchDocumentError(endpoint)
    return makers[endpoint]()


def _race_document(career: Career, endpoint: str, parameters: dict[str, str], now: datetime) -> Any:
    race = career.by_id.get(int(parameters["subsession_id"]))
    if race is None or race.end > now:
        raise NoSuchDocumentError(endpoint)
    if race.forbidden:
        raise RefusedDocumentError(endpoint)
    if endpoint == "results/get":
        return race_documents.result(career, race)
    number = int(parameters["simsession_number"])
    header = {
        "success": True,
        "session_info": {
            "subsession_id": race.subsession_id,
            "simsession_number": number,
            "simsession_type": 6 if number == 0 else 4,
        },
    }
    if endpoint == "results/lap_chart_data":
        return header, race_documents.lap_chart(career, race, number)
    if endpoint == "results/lap_data":
        group = int(parameters.get("team_id") or parameters["cust_id"])
        return header, race_documents.lap_data(career, race, number, group)
    if endpoint == "results/event_log":
        return header, race_documents.event_log(career, race) if number == 0 else []
    raise NoSuchDocumentError(endpoint)


def _search(career: Career, endpoint: str, parameters: dict[str, str], now: datetime) -> Any:
    if int(parameters["cust_id"]) != career.cust_id:
        return []
    if endpoint == "results/search_hosted":
        races = [race for race in career.races if not race.official]
        if "finish_range_begin" in parameters:
            begin = _within_reach(parameters, now)
            races = [race for race in races if race.end >= begin]
        else:
            begin, end = (_moment(parameters[f"start_range_{name}"]) for name in ("begin", "end"))
            if (end - begin).days > 90:
                raise ValueError("more than 90 days")
            races = [race for race in races if begin <= race.start < end]
    elif "season_year" in parameters:
        season = Season(int(parameters["season_year"]), int(parameters["season_quarter"]))
        races = career.of_season(season)
    else:
        begin = _within_reach(parameters, now)
        races = [race for race in career.races if race.official and race.end >= begin]
    return [member_documents.search_row(career, race) for race in _finished(races, now)]


def _within_reach(parameters: dict[str, str], now: datetime) -> datetime:
    begin = _moment(parameters["finish_range_begin"])
    if (now - begin).days > 90:
        raise ValueError("more than 90 days")
    return begin


def _finished(races: list[Race], now: datetime) -> list[Race]:
    return [race for race in races if race.end <= now]


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
