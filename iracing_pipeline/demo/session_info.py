"""The session info of a demo file, section by section as iRacing prints it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iracing_pipeline.demo.career import CUST_ID, DRIVER_NAME, Licence
from iracing_pipeline.demo.entrants import Entrant, entrants
from iracing_pipeline.demo.lap import reference_lap
from iracing_pipeline.demo.plan import Session
from iracing_pipeline.demo.session_text import Tree, print_session_info
from iracing_pipeline.demo.setups import setup

if TYPE_CHECKING:
    from datetime import datetime

    from iracing_pipeline.demo.car import Car
    from iracing_pipeline.demo.circuit import Circuit
    from iracing_pipeline.demo.event import Event
    from iracing_pipeline.demo.plan import Plan

_SKIES = ("Clear", "Partly Cloudy", "Mostly Cloudy", "Overcast")
_WINDS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
_OFFLINE = Licence(1, 1)  # what iRacing shows of everybody in a test drive: R 0.01, iRating 1
_CAMERAS = ("Nose", "Gearbox", "Roll Bar", "LF Susp", "Cockpit", "TV1", "Pit Lane", "Chase")
_FREQUENCIES = ("@ALLTEAMS", "@DRIVERS", "@TEAM", "@RACECONTROL")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Input of the session info.

    Attributes:
        start: Local time at which the recording began.
        setup_name: Name of the setup, as the driver typed it.
        encoding: Encoding that the text declares, as builds since June 2026 do; None for none.
    """

    car: Car
    circuit: Circuit
    plan: Plan
    event: Event
    start: datetime
    setup_name: str = "baseline.sto"
    encoding: str | None = None


def session_info(sheet: Sheet) -> str:
    """Text of the session info."""
    sections: dict[str, Tree] = {
        "WeekendInfo": _weekend(sheet),
        "SessionInfo": {"Sessions": _sessions(sheet)},
    }
    if sheet.event.race and sheet.plan.session is Session.RACE:
        sections["QualifyResultsInfo"] = {"Results": _qualifying(sheet)}
    sections |= {
        "CameraInfo": {"Groups": _cameras()},
        "RadioInfo": {"SelectedRadioNum": 0, "Radios": _radios()},
        "DriverInfo": _driver_info(sheet),
        "SplitTimeInfo": {
            "Sectors": [
                {"SectorNum": number, "SectorStartPct": f"{start:.6f}"}
                for number, start in enumerate(sheet.circuit.sector_starts)
            ]
        },
        "CarSetup": setup(sheet.car, sheet.plan.fuel_l, sheet.setup_name),
    }
    return print_session_info(sections)


def _weekend(sheet: Sheet) -> Tree:
    track, weather, race = sheet.circuit.place, sheet.event.weather, sheet.event.race
    kilometres = sheet.circuit.length_m / 1000
    display = f"{track.name} {track.config}".strip()
    encoding: dict[str, Tree | str | int] = {"Encoding": sheet.encoding} if sheet.encoding else {}
    return encoding | {
        "TrackName": track.path,
        "TrackID": track.track_id,
        "TrackLength": f"{kilometres:.4f} km",
        "TrackLengthOfficial": f"{kilometres * 1.004:.2f} km",
        "TrackDisplayName": track.name,
        "TrackDisplayShortName": display[:24],
        "TrackConfigName": track.config,
        "TrackCity": track.city,
        "TrackCountry": track.country,
        "TrackAltitude": f"{track.altitude_m:.2f} m",
        "TrackLatitude": f"{track.latitude_deg:.6f} m",
        "TrackLongitude": f"{track.longitude_deg:.6f} m",
        "TrackNorthOffset": f"{track.north_offset_rad:.4f} rad",
        "TrackNumTurns": track.turns,
        "TrackPitSpeedLimit": f"{sheet.circuit.pit.speed_limit_mps * 3.6:.2f} kph",
        "TrackType": track.kind,
        "TrackDirection": "neutral",
        "TrackWeatherType": "Static",
        "TrackSkies": _SKIES[weather.skies],
        "TrackSurfaceTemp": f"{weather.track_c:.2f} C",
        "TrackAirTemp": f"{weather.air_c:.2f} C",
        "TrackAirPressure": f"{weather.pressure_pa / 3386.389:.2f} Hg",
        "TrackWindVel": f"{weather.wind_mps:.2f} m/s",
        "TrackWindDir": f"{weather.wind_from_rad:.2f} rad",
        "TrackRelativeHumidity": f"{weather.humidity * 100:.0f} %",
        "TrackFogLevel": "0 %",
        "TrackPrecipitation": "0 %",
        "TrackCleanup": 0,
        "TrackDynamicTrack": 1,
        "TrackVersion": "2025.11.24.01",
        "SeriesID": race.series.series_id if race else 0,
        "SeasonID": race.series.season_id if race else 0,
        "SessionID": race.session_id if race else 0,
        "SubSessionID": race.subsession_id if race else 0,
        "LeagueID": 0,
        "Official": 1 if race else 0,
        "RaceWeek": race.race_week if race else 0,
        "EventType": "Race" if race else "Test",
        "Category": track.category,
        "SimMode": "full",
        "TeamRacing": 0,
        "MinDrivers": 0,
        "MaxDrivers": 0,
        "DCRuleSet": "None",
        "QualifierMustStartRace": 0,
        "NumCarClasses": 1,
        "NumCarTypes": 1,
        "HeatRacing": 0,
        "BuildType": "Release",
        "BuildTarget": "Members",
        "BuildVersion": f"{sheet.start:%Y.%m}.09.01",
        "RaceFarm": "DE-FRA" if race else "",
        "WeekendOptions": _options(sheet),
        "TelemetryOptions": {"TelemetryDiskFile": '""'},
    }


def _options(sheet: Sheet) -> Tree:
    weather, race = sheet.event.weather, sheet.event.race
    compass = _WINDS[round(weather.wind_from_rad / (2 * math.pi) * 8) % 8]
    hours, minutes = divmod(int(sheet.event.time_of_day_s) // 60, 60)
    half = "am" if hours < 12 else "pm"
    return {
        "NumStarters": race.drivers if race else 0,
        "StartingGrid": "2x2 inline pole on left" if race else "single file",
        "QualifyScoring": "best lap",
        "CourseCautions": "off",
        "StandingStart": 0,
        "ShortParadeLap": 1 if race else 0,
        "Restarts": "single file",
        "WeatherType": "Static",
        "Skies": _SKIES[weather.skies],
        "WindDirection": compass,
        "WindSpeed": f"{weather.wind_mps * 3.6:.2f} km/h",
        "WeatherTemp": f"{weather.air_c:.2f} C",
        "RelativeHumidity": f"{weather.humidity * 100:.0f} %",
        "FogLevel": "0 %",
        "TimeOfDay": f"{(hours - 1) % 12 + 1}:{minutes:02d} {half}",
        "Date": f"{sheet.start:%Y-%m-%d}",
        "EarthRotationSpeedupFactor": 1,
        "Unofficial": 0 if race else 1,
        "CommercialMode": "consumer",
        "NightMode": "variable",
        "IsFixedSetup": 0,
        "StrictLapsChecking": "default",
        "HasOpenRegistration": 0,
        "HardcoreLevel": 1,
        "NumJokerLaps": 0,
        "IncidentLimit": 17 if race else "unlimited",
        "FastRepairsLimit": 0 if race else "unlimited",
        "GreenWhiteCheckeredLimit": 0,
    }


def _sessions(sheet: Sheet) -> list[Tree]:
    race = sheet.event.race
    if race is None:
        return [_session(0, "Offline Testing", "TESTING", "unlimited", "unlimited")]
    lengths = {s: f"{sheet.event.session_length_s(s):.4f} sec" for s in Session}
    return [
        _session(0, "Practice", "PRACTICE", "unlimited", lengths[Session.PRACTICE]),
        _session(1, "Lone Qualify", "QUALIFY", "2", lengths[Session.QUALIFY]),
        _session(2, "Race", "RACE", str(race.laps), lengths[Session.RACE]),
    ]


def _session(number: int, kind: str, name: str, laps: str, time: str) -> Tree:
    return {
        "SessionNum": number,
        "SessionLaps": laps,
        "SessionTime": time,
        "SessionNumLapsToAvg": 0,
        "SessionType": kind,
        "SessionTrackRubberState": "moderate usage",
        "SessionName": name,
        "SessionSubType": "",
        "SessionSkipped": 0,
        "SessionRunGroupsUsed": 0,
        "SessionEnforceTireCompoundChange": 0,
        "ResultsPositions": [],
        "ResultsFastestLap": [{"CarIdx": 255, "FastestLap": 0, "FastestTime": "-1.0000"}],
        "ResultsAverageLapTime": "-1.0000",
        "ResultsNumCautionFlags": 0,
        "ResultsNumCautionLaps": 0,
        "ResultsNumLeadChanges": 0,
        "ResultsLapsComplete": -1,
        "ResultsOfficial": 0,
    }


def _qualifying(sheet: Sheet) -> list[Tree]:
    """The grid: the field by iRating, with the demo driver where he qualified."""
    race = sheet.event.race
    assert race is not None  # noqa: S101 # only race files have a grid
    others = sorted(
        (e for e in entrants(race) if e.car_index != race.car_index), key=lambda e: -e.irating
    )
    order = [e.car_index for e in others]
    order.insert(race.start_position - 1, race.car_index)
    best_s = reference_lap(sheet.car, sheet.circuit).time_s * 1.008
    return [
        {
            "Position": place,
            "ClassPosition": place,
            "CarIdx": index,
            "FastestLap": 1,
            "FastestTime": f"{best_s * (1 + 0.0021 * place):.4f}",
        }
        for place, index in enumerate(order)
    ]


def _cameras() -> list[Tree]:
    return [
        {
            "GroupNum": number,
            "GroupName": name,
            "Cameras": [{"CameraNum": 1, "CameraName": f"Cam{name}"}],
        }
        for number, name in enumerate(_CAMERAS, start=1)
    ]


def _radios() -> list[Tree]:
    frequencies: list[Tree] = [
        {
            "FrequencyNum": number,
            "FrequencyName": f'"{name}"',
            "Priority": 12 + 15 * number,
            "CarIdx": -1,
            "EntryIdx": -1,
            "ClubID": 0,
            "CanScan": 1,
            "CanSquawk": 1,
            "Muted": 0,
            "IsMutable": 1,
            "IsDeletable": 0,
        }
        for number, name in enumerate(_FREQUENCIES)
    ]
    return [
        {
            "RadioNum": 0,
            "HopCount": 2,
            "NumFrequencies": len(frequencies),
            "TunedToFrequencyNum": 0,
            "ScanningIsOn": 1,
            "Frequencies": frequencies,
        }
    ]


def _driver_info(sheet: Sheet) -> Tree:
    car, circuit, race = sheet.car, sheet.circuit, sheet.event.race
    engine = car.engine
    drivers: list[Tree] = []
    if race:
        drivers.append(_pace_car(sheet))
        drivers += [_driver(sheet, entrant) for entrant in entrants(race)]
    else:
        alone = Entrant(0, CUST_ID, DRIVER_NAME, car.number, 1, _OFFLINE)
        drivers.append(_driver(sheet, alone))
    return {
        "DriverCarIdx": sheet.event.car_index,
        "DriverUserID": CUST_ID,
        "PaceCarIdx": 0 if race else -1,
        "DriverHeadPosX": "0.012",
        "DriverHeadPosY": "0.310",
        "DriverHeadPosZ": "0.522",
        "DriverCarIsElectric": 0,
        "DriverCarIdleRPM": f"{engine.idle_rpm:.3f}",
        "DriverCarRedLine": f"{engine.red_line_rpm:.3f}",
        "DriverCarEngCylinderCount": engine.cylinders,
        "DriverCarFuelKgPerLtr": "0.750",
        "DriverCarFuelMaxLtr": f"{car.tank_l:.3f}",
        "DriverCarMaxFuelPct": "1.000",
        "DriverCarGearNumForward": len(engine.rpm_per_mps),
        "DriverCarGearNeutral": 1,
        "DriverCarGearReverse": 1,
        "DriverCarSLFirstRPM": f"{engine.shift_rpm - 900:.3f}",
        "DriverCarSLShiftRPM": f"{engine.shift_rpm:.3f}",
        "DriverCarSLLastRPM": f"{engine.shift_rpm + 100:.3f}",
        "DriverCarSLBlinkRPM": f"{engine.red_line_rpm - 100:.3f}",
        "DriverCarVersion": "2025.11.24.01",
        "DriverPitTrkPct": f"{circuit.pit.stall_m / circuit.length_m:.6f}",
        "DriverCarEstLapTime": f"{reference_lap(car, circuit).time_s:.4f}",
        "DriverSetupName": sheet.setup_name,
        "DriverSetupIsModified": 0,
        "DriverSetupLoadTypeName": "user",
        "DriverSetupPassedTech": 1,
        "DriverIncidentCount": sheet.event.incidents_before,
        "Drivers": drivers,
    }


def _driver(sheet: Sheet, entrant: Entrant) -> Tree:
    car, race = sheet.car, sheet.event.race
    # Builds that write UTF-8 put users' text in quotes, but do not escape what is inside.
    quote = '"' if sheet.encoding == "UTF8" else ""
    return {
        "CarIdx": entrant.car_index,
        "UserName": f"{quote}{entrant.name}{quote}",
        "AbbrevName": f"{quote}{entrant.abbreviation}{quote}" if race else "",
        "Initials": f"{quote}{entrant.initials}{quote}" if race else "",
        "UserID": entrant.cust_id,
        "TeamID": 0,
        "TeamName": f"{quote}{entrant.name}{quote}",
        "CarNumber": f'"{entrant.car_number}"',
        "CarNumberRaw": entrant.car_number,
        "CarPath": car.path,
        "CarClassID": 4000 + car.car_id if race else 0,
        "CarID": car.car_id,
        "CarIsPaceCar": 0,
        "CarIsAI": 0,
        "CarIsElectric": 0,
        "CarScreenName": car.name,
        "CarScreenNameShort": car.short_name,
        "CarClassShortName": car.class_name if race else "",
        "CarClassRelSpeed": 50 if race else 0,
        "CarClassLicenseLevel": 0,
        "CarClassMaxFuelPct": "1.000 %",
        "CarClassWeightPenalty": "0.000 kg",
        "CarClassPowerAdjust": "0.000 %",
        "CarClassDryTireSetLimit": "0 %",
        "CarClassColor": "0xffda59" if race else "0xffffff",
        "CarClassEstLapTime": f"{reference_lap(car, sheet.circuit).time_s:.4f}",
        "IRating": entrant.irating,
        "LicLevel": entrant.licence.level,
        "LicSubLevel": entrant.licence.sub_level,
        "LicString": entrant.licence.text,
        "LicColor": "0x00c702" if race else "0xundefined",
        "IsSpectator": 0,
        "CarDesignStr": "4,1b4f8c,f2f2f2,e0a100",
        "HelmetDesignStr": "12,1b4f8c,f2f2f2,e0a100",
        "SuitDesignStr": "3,1b4f8c,f2f2f2,e0a100",
        "BodyType": 0,
        "FaceType": 0,
        "HelmetType": 0,
        "CarNumberDesignStr": "0,0,FFFFFF,777777,000000",
        "CarSponsor_1": 0,
        "CarSponsor_2": 0,
        "CurDriverIncidentCount": 0,
        "TeamIncidentCount": 0,
    }


def _pace_car(sheet: Sheet) -> Tree:
    pace = Entrant(0, -1, "Pace Car", "0", 0, Licence(1, 0))
    return {
        **_driver(sheet, pace),
        "CarPath": "safety pace",
        "CarClassID": 11,
        "CarID": 9290,
        "CarIsPaceCar": 1,
        "CarScreenName": "Pace Car",
        "CarScreenNameShort": "Pace Car",
        "LicString": "R 0.00",
    }
