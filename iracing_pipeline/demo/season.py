"""The demo season: what the demo driver drove, file by file."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from iracing_pipeline.demo.career import FORMULA_SERIES, GT3_SERIES, OVAL_SERIES, RACES, Race
from iracing_pipeline.demo.circuits import COPPER_BASIN, MILLBROOK
from iracing_pipeline.demo.event import Event, Weather
from iracing_pipeline.demo.outing import DemoFile, Outing, write_outing
from iracing_pipeline.demo.plan import (
    Caution,
    Contact,
    Ending,
    OffTrack,
    Plan,
    Reset,
    Resumed,
    Session,
    Spin,
    Start,
    Stop,
)
from iracing_pipeline.demo.simulate import simulate_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from iracing_pipeline.demo.truth import SessionTruth

SEED = 20260307

_WINTER = timezone(timedelta(hours=1))


def write_season(
    folder: str | Path,
    *,
    seed: int = SEED,
    progress: Callable[[int, int], None] | None = None,
) -> list[DemoFile]:
    """Write the demo season; a file that is there already with the same bytes is left alone.

    Args:
        folder: Folder to write to; made if it does not exist.
        seed: Random seed: the same seed gives the same files.
        progress: Called with files done and files in all.

    Returns:
        The files, in the order of :func:`season`.

    Raises:
        OSError: From the disk.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    outings = season()
    files = []
    for done, outing in enumerate(outings, start=1):
        files.append(write_outing(folder, outing, seed + done))
        if progress:
            progress(done, len(outings))
    return files


@cache
def race_truths(seed: int = SEED) -> dict[int, SessionTruth]:
    """Return the truth of the races in the season's files, by subsession id."""
    return {
        outing.event.race.subsession_id: simulate_session(
            outing.car, outing.circuit, outing.plan, seed + done, event=outing.event, columns=()
        )[1]
        for done, outing in enumerate(season(), start=1)
        if outing.event.race is not None and outing.plan.session is Session.RACE
    }


def season() -> tuple[Outing, ...]:
    """All outings, in the order of their numbers, which seed chance. The newest is a race."""
    formula, oval, gt3 = (
        next(race for race in reversed(RACES) if race.series is series)
        for series in (FORMULA_SERIES, OVAL_SERIES, GT3_SERIES)
    )
    first, *others = _test_drives()
    return (
        first,
        *_formula_weekend(formula),
        *_oval_weekend(oval),
        *_gt3_weekend(gt3),
        *others,
    )


def _test_drives() -> list[Outing]:
    """Alone and offline: no subsession, no rating; session info in three encodings."""
    return [
        Outing(
            FORMULA_SERIES.car,
            MILLBROOK,
            Plan(Session.PRACTICE, laps=2, fuel_l=5.0, mishaps=(Spin(1, 2),), clock_slips=1),
            Event(Weather(air_c=9.4, track_c=12.8, skies=3)),
            datetime(2026, 2, 18, 20, 41, 7, tzinfo=_WINTER),
            setup_name="club #2: soft, low pressures.sto",
            at_360_hz=True,
        ),
        Outing(
            OVAL_SERIES.car,
            COPPER_BASIN,
            Plan(
                Session.PRACTICE,
                laps=4,
                fuel_l=20.0,
                ending=Ending.TRACK,
                experience_laps=60,
                loaded=True,
            ),
            Event(Weather(air_c=33.2, track_c=47.5, pressure_pa=89_600.0, humidity=0.11, skies=0)),
            datetime(2026, 2, 27, 21, 5, 52, tzinfo=_WINTER),
            setup_name="long run: März.sto",
            encoding="ISO_8859_1",
        ),
        Outing(
            FORMULA_SERIES.car,
            MILLBROOK,
            Plan(
                Session.PRACTICE,
                laps=2,
                fuel_l=6.0,
                ending=Ending.TRACK,
                experience_laps=25,
            ),
            Event(Weather(air_c=24.1, track_c=38.7, skies=1)),
            datetime(2026, 2, 20, 18, 22, 30, tzinfo=_WINTER),
            closed=False,
            setup_name='"峠 "attack" v3.sto"',
            encoding="UTF8",
        ),
    ]


def _local(race: Race, minutes: float) -> datetime:
    """Local time some minutes after the subsession began."""
    return (race.start + timedelta(minutes=minutes)).astimezone(_WINTER)


def _formula_weekend(race: Race) -> list[Outing]:
    weather = Weather(air_c=11.3, track_c=16.9, pressure_pa=100_300.0, humidity=0.71, skies=2)
    event = Event(weather, race, time_of_day_s=46_800.0, practice_position=9)
    plans = [
        (
            3.2,
            Plan(
                Session.PRACTICE,
                laps=4,
                fuel_l=7.0,
                mishaps=(OffTrack(2, 2),),
                experience_laps=3,
                dropped_ticks=1,
                clock_slips=1,
            ),
        ),
        (
            15.6,
            Plan(
                Session.QUALIFY,
                laps=2,
                fuel_l=3.0,
                ending=Ending.LINE,
                experience_laps=7,
                session_time_s=31.166667,
            ),
        ),
        (
            24.1,
            Plan(
                Session.RACE,
                laps=race.laps,
                fuel_l=5.5,
                mishaps=(Contact(2, 0),),
                ending=Ending.TRACK,
                experience_laps=10,
                dropped_ticks=1,
                session_time_s=12.45,
                positions=(7, 8, 9, 8, 7, 6, 5, 4),
            ),
        ),
    ]
    return _weekend(race, event, "vale race v4.sto", plans)


def _oval_weekend(race: Race) -> list[Outing]:
    weather = Weather(air_c=19.8, track_c=27.4, pressure_pa=89_900.0, humidity=0.18, skies=0)
    event = Event(weather, race, time_of_day_s=64_800.0, practice_position=12)
    stay = Plan(
        Session.PRACTICE,
        laps=7,
        fuel_l=30.0,
        mishaps=(Spin(4, 1),),
        resets=(Reset(4, 0.86),),
        experience_laps=20,
    )
    again = Plan(
        Session.PRACTICE,
        laps=3,
        fuel_l=30.0,
        ending=Ending.PITS,
        experience_laps=28,
        resumed=Resumed(
            lap=9, lap_clock_s=61.25, last_lap_time_s=24.0213, best_lap_time_s=23.9647, best_lap=7
        ),
        session_time_s=498.7333336,
    )
    plans = [
        (3.0, stay),
        (8.4, again),
        (
            15.4,
            Plan(
                Session.QUALIFY,
                laps=2,
                fuel_l=12.0,
                ending=Ending.TRACK,
                experience_laps=33,
                session_time_s=22.6166668,
            ),
        ),
        (
            24.0,
            Plan(
                Session.RACE,
                laps=race.laps,
                fuel_l=20.0,
                stops=(Stop(7, fuel_l=6.0),),
                start=Start(parade_laps=1),
                cautions=(Caution(9, 10),),
                ending=Ending.TRACK,
                experience_laps=36,
                clock_slips=2,
                session_time_s=9.8,
                positions=(8, 8, 8, 8, 8, 8, 8, 15, 15, 11, 8, 8, 7, 7, 7),
            ),
        ),
    ]
    return _weekend(race, event, "late model 34 stagger.sto", plans)


def _gt3_weekend(race: Race) -> list[Outing]:
    weather = Weather(air_c=12.6, track_c=19.2, pressure_pa=92_700.0, humidity=0.52, skies=1)
    event = Event(weather, race, time_of_day_s=50_400.0, practice_position=14)
    plans = [
        (
            3.1,
            Plan(
                Session.PRACTICE,
                laps=3,
                fuel_l=40.0,
                mishaps=(OffTrack(2, 3),),
                ending=Ending.TRACK,
                experience_laps=8,
                dropped_ticks=2,
                clock_slips=1,
            ),
        ),
        (
            15.55,
            Plan(
                Session.QUALIFY,
                laps=1,
                fuel_l=12.0,
                ending=Ending.LINE,
                experience_laps=14,
                session_time_s=33.0,
            ),
        ),
        (
            24.3,
            Plan(
                Session.RACE,
                laps=race.laps,
                fuel_l=21.0,
                stops=(Stop(3, fuel_l=9.0),),
                mishaps=(OffTrack(3, 6), Spin(4, 7)),
                ending=Ending.TRACK,
                experience_laps=17,
                dropped_ticks=1,
                clock_slips=2,
                leader_ahead_s=25.0,
                cooldown_laps=1,
                counted_late=6,
                session_time_s=14.2166667,
                positions=(11, 11, 11, 18, 18, 13, 9, 8),
            ),
        ),
    ]
    return _weekend(race, event, "halden_R_high_df.sto", plans)


def _weekend(
    race: Race, event: Event, setup_name: str, plans: list[tuple[float, Plan]]
) -> list[Outing]:
    """Outings of a race weekend, each some minutes after the subsession began."""
    return [
        Outing(
            race.series.car,
            race.circuit,
            plan,
            event,
            _local(race, minutes),
            setup_name=setup_name,
        )
        for minutes, plan in plans
    ]
