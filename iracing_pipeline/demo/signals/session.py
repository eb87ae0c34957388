"""The session around the car: its state, its clock, the position, the weather."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from iracing_pipeline.demo.plan import Session
from iracing_pipeline.demo.records import TICK_RATE
from iracing_pipeline.demo.signals.scene import smooth
from iracing_pipeline.demo.timing import green_time

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Bools, Floats, Ints
    from iracing_pipeline.demo.signals.scene import Columns, Scene

_UNLIMITED_S = 604800.0
_UNLIMITED_LAPS = 32767
_FAR_AWAY_M = 500000.0
_PARADE, _RACING, _CHECKERED = 3, 4, 5
_START_HIDDEN, _SERVICEABLE, _ONE_TO_GREEN, _GREEN, _WHITE, _CHEQUERED_FLAG = (
    0x10000000,
    0x00040000,
    0x00000200,
    0x00000004,
    0x00000002,
    0x00000001,
)
_BLACK, _CAUTION, _CAUTION_WAVING = 0x00010000, 0x00004000, 0x00008000
_NOT_PACING = 4


def session(scene: Scene) -> Columns:
    """Fill the session group."""
    records, plan, event = scene.records, scene.drive.plan, scene.event
    racing = plan.session is Session.RACE
    points = _incident_points(scene)
    state, flags = _race_state(scene) if racing else _open_state(scene)
    length_s = event.session_length_s(plan.session)
    remaining_laps = np.maximum(plan.last_lap - scene.lap + 1, 0) if racing else _UNLIMITED_LAPS
    total = float(length_s or _UNLIMITED_S)
    position = _position(scene)
    return {
        "SessionTime": records.session_time,
        "SessionTick": event.first_tick(plan.session_time_s) + records.tick,
        "SessionNum": event.session_number(plan.session),
        "SessionState": state,
        "SessionUniqueID": 1,
        "SessionFlags": flags,
        "SessionTimeRemain": np.maximum(total - records.session_time, 0.0)
        if length_s
        else _UNLIMITED_S,
        "SessionLapsRemain": remaining_laps,
        "SessionLapsRemainEx": remaining_laps,
        "SessionTimeTotal": total,
        "SessionLapsTotal": plan.last_lap if racing else _UNLIMITED_LAPS,
        "SessionTimeOfDay": np.floor(event.time_of_day_s + records.session_time),
        "DriverMarker": False,
        "IsOnTrack": _aboard(scene),
        "IsOnTrackCar": True,
        "FrameRate": 118.0 + 4.0 * smooth(scene.noise("frames"), 60.0),
        "CpuUsageBG": 0.06 + 0.05 * np.abs(smooth(scene.noise("cpu"), 60.0)),
        "PlayerCarPosition": position,
        "PlayerCarClassPosition": position,
        "PlayerCarIdx": event.car_index,
        "PlayerCarTeamIncidentCount": points,
        "PlayerCarMyIncidentCount": points,
        "PlayerCarDriverIncidentCount": points,
        "EnterExitReset": np.where(records.in_stall, 1, 2),
        "PaceMode": np.where(state == _PARADE, 2, _NOT_PACING),
        "CarDistAhead": _gap(scene, "ahead", 18.0) if racing else _FAR_AWAY_M,
        "CarDistBehind": _gap(scene, "behind", 25.0) if racing else _FAR_AWAY_M,
    }


def weather(scene: Scene) -> Columns:
    """Fill the weather group; it changes a little every half minute."""
    now, weather = scene.records.shown // 30.0, scene.event.weather
    track_c = weather.track_c + 0.035 * now
    air_c = weather.air_c + 0.012 * now
    return {
        "TrackTemp": track_c,
        "TrackTempCrew": track_c,
        "AirTemp": air_c,
        "TrackWetness": 1,
        "Skies": weather.skies,
        "AirDensity": weather.pressure_pa / (287.05 * (air_c + 273.15)),
        "AirPressure": weather.pressure_pa,
        "WindVel": weather.wind_mps + 0.2 * np.sin(now / 3.0),
        "WindDir": weather.wind_from_rad,
        "RelativeHumidity": weather.humidity,
        "FogLevel": 0.0,
        "Precipitation": 0.0,
        "WeatherDeclaredWet": False,
    }


def _aboard(scene: Scene) -> Bools:
    """Records with who records in the car: until a team mate takes over in the stall."""
    shown = scene.records.shown
    return shown < min(scene.drive.handovers, default=np.inf)


def _gap(scene: Scene, name: str, usual_m: float) -> Floats:
    """Distance to a car that comes and goes within some seconds."""
    seconds = 15.0
    sway = smooth(scene.noise(name), seconds * TICK_RATE) * np.sqrt(2 * seconds * TICK_RATE)
    gap: Floats = np.maximum(usual_m * (1.0 + 0.4 * sway), 3.0)
    return gap


def _open_state(scene: Scene) -> tuple[Ints, Ints]:
    """State and flags of a practice or a qualifying session."""
    size = len(scene.records)
    flags = np.full(size, _START_HIDDEN | _ONE_TO_GREEN)
    flags[~scene.records.standing] |= _SERVICEABLE
    state = np.full(size, _RACING)
    _show_flag(scene, state, flags)
    return state, flags


def _race_state(scene: Scene) -> tuple[Ints, Ints]:
    """State and flags of a race: parade lap, green, white, chequered."""
    plan, lap, drive = scene.drive.plan, scene.lap, scene.drive
    green = green_time(drive, scene.records)
    before = scene.records.session_time < green if green is not None else lap < plan.first_lap
    state = np.where(before, _PARADE, _RACING)
    flags = np.full(len(lap), _START_HIDDEN | _SERVICEABLE)
    flags[before] |= _ONE_TO_GREEN
    flags[~before & (lap <= plan.first_lap + 1)] |= _GREEN
    flags[lap == plan.last_lap] |= _WHITE
    for caution in plan.cautions:
        part = scene.metres / drive.circuit.length_m
        begun = (lap > caution.first_lap) | ((lap == caution.first_lap) & (part >= caution.at))
        flags[begun & (lap <= caution.last_lap)] |= _CAUTION | _CAUTION_WAVING
    for stop in plan.stops:
        if stop.black_flag:
            flags[(lap == stop.lap) & ~scene.records.on_pit_road] |= _BLACK
    _show_flag(scene, state, flags)
    return state, flags


def _show_flag(scene: Scene, state: Ints, flags: Ints) -> None:
    """Write the chequered flag into state and flags, in place."""
    plan, drive = scene.drive.plan, scene.drive
    if plan.flagged:
        index, node = drive.finish
        flag_s = drive.legs[index].arrive[node] - plan.leader_ahead_s
        over = (scene.records.shown >= flag_s) & (scene.records.leg == index)
        state[over] = _CHECKERED
        flags[over] |= _CHEQUERED_FLAG


def _incident_points(scene: Scene) -> Ints:
    """Points taken so far in the session."""
    points = np.full(len(scene.records), scene.event.incidents_before, dtype=np.int64)
    for leg in scene.drive.legs:
        for incident in leg.incidents:
            points[scene.records.shown >= leg.arrive[incident.node]] += incident.points
    return points


def _position(scene: Scene) -> Ints:
    """Position, which changes somewhere in the lap after which it is planned."""
    plan, size = scene.drive.plan, len(scene.records)
    if not plan.positions:
        return np.where(scene.clock.best > 0, scene.event.practice_position, 0)
    position = np.full(size, plan.positions[0])
    for lap, place in enumerate(plan.positions[1:], start=plan.first_lap + 1):
        part = 0.25 + 0.5 * ((lap * 7919) % 100) / 100.0
        there = scene.metres > part * scene.drive.circuit.length_m
        position[(scene.lap > lap) | ((scene.lap == lap) & there)] = place
    return position
