"""The channels of the demo files: names, types, units and descriptions as iRacing writes them.

Grouped by what fills them (:mod:`iracing_pipeline.demo.signals`), so that a simulation which needs
few channels need not compute the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iracing_pipeline.ibt.layout import Channel, ChannelType
from iracing_pipeline.ibt.writer import lay_out

if TYPE_CHECKING:
    from iracing_pipeline.demo.car import Car

_BOOL, _INT, _BITS, _FLOAT, _DOUBLE = (
    ChannelType.BOOL,
    ChannelType.INT,
    ChannelType.BIT_FIELD,
    ChannelType.FLOAT,
    ChannelType.DOUBLE,
)

WHEELS = ("LF", "RF", "LR", "RR")

_Row = tuple[str, ChannelType, str, str]

SESSION: tuple[_Row, ...] = (
    ("SessionTime", _DOUBLE, "s", "Seconds since session start"),
    ("SessionTick", _INT, "", "Current update number"),
    ("SessionNum", _INT, "", "Session number"),
    ("SessionState", _INT, "irsdk_SessionState", "Session state"),
    ("SessionUniqueID", _INT, "", "Session ID"),
    ("SessionFlags", _BITS, "irsdk_Flags", "Session flags"),
    ("SessionTimeRemain", _DOUBLE, "s", "Seconds left till session ends"),
    (
        "SessionLapsRemain",
        _INT,
        "",
        "Old laps left till session ends use SessionLapsRemainEx",
    ),
    ("SessionLapsRemainEx", _INT, "", "New improved laps left till session ends"),
    ("SessionTimeTotal", _DOUBLE, "s", "Total number of seconds in session"),
    ("SessionLapsTotal", _INT, "", "Total number of laps in session"),
    ("SessionTimeOfDay", _FLOAT, "s", "Time of day in seconds"),
    ("DriverMarker", _BOOL, "", "Driver activated flag"),
    ("IsOnTrack", _BOOL, "", "1=Car on track physics running with player in car"),
    ("IsOnTrackCar", _BOOL, "", "1=Car on track physics running"),
    ("FrameRate", _FLOAT, "fps", "Average frames per second"),
    ("CpuUsageBG", _FLOAT, "%", "Percent of available tim bg thread took with a 1 sec avg"),
    ("PlayerCarPosition", _INT, "", "Players position in race"),
    ("PlayerCarClassPosition", _INT, "", "Players class position in race"),
    ("PlayerCarIdx", _INT, "", "Players carIdx"),
    (
        "PlayerCarTeamIncidentCount",
        _INT,
        "",
        "Players team incident count for this session",
    ),
    ("PlayerCarMyIncidentCount", _INT, "", "Players own incident count for this session"),
    (
        "PlayerCarDriverIncidentCount",
        _INT,
        "",
        "Teams current drivers incident count for this session",
    ),
    ("EnterExitReset", _INT, "", "Indicate action the reset key will take 0 enter 1 exit 2 reset"),
    ("PaceMode", _INT, "irsdk_PaceMode", "Are we pacing or not"),
    ("CarDistAhead", _FLOAT, "m", "Distance to first car in front of player in meters"),
    ("CarDistBehind", _FLOAT, "m", "Distance to first car behind player in meters"),
)

LAP: tuple[_Row, ...] = (
    ("Lap", _INT, "", "Laps started count"),
    ("LapCompleted", _INT, "", "Laps completed count"),
    ("LapDist", _FLOAT, "m", "Meters traveled from S/F this lap"),
    ("LapDistPct", _FLOAT, "%", "Percentage distance around lap"),
    ("LapBestLap", _INT, "", "Players best lap number"),
    ("LapBestLapTime", _FLOAT, "s", "Players best lap time"),
    ("LapLastLapTime", _FLOAT, "s", "Players last lap time"),
    (
        "LapCurrentLapTime",
        _FLOAT,
        "s",
        "Estimate of players current lap time as shown in F3 box",
    ),
)

DELTA_TARGETS = (
    ("BestLap", "best lap"),
    ("OptimalLap", "optimal lap"),
    ("SessionBestLap", "session best lap"),
    ("SessionOptimalLap", "session optimal lap"),
    ("SessionLastlLap", "session last lap"),
)

DELTA: tuple[_Row, ...] = tuple(
    row
    for name, words in DELTA_TARGETS
    for row in (
        (f"LapDeltaTo{name}", _FLOAT, "s", f"Delta time for {words}"),
        (f"LapDeltaTo{name}_DD", _FLOAT, "s/s", f"Rate of change of delta time for {words}"),
        (f"LapDeltaTo{name}_OK", _BOOL, "", f"Delta time for {words} is valid"),
    )
)

PLACE: tuple[_Row, ...] = (
    ("OnPitRoad", _BOOL, "", "Is the player car on pit road between the cones"),
    ("PlayerTrackSurface", _INT, "irsdk_TrkLoc", "Players car track surface type"),
    (
        "PlayerTrackSurfaceMaterial",
        _INT,
        "irsdk_TrkSurf",
        "Players car track surface material type",
    ),
    ("PlayerCarInPitStall", _BOOL, "", "Players car is properly in their pitstall"),
    (
        "PlayerCarTowTime",
        _FLOAT,
        "s",
        "Players car is being towed if time is greater than zero",
    ),
    (
        "PlayerCarPitSvStatus",
        _INT,
        "irsdk_PitSvStatus",
        "Players car pit service status bits",
    ),
    ("PitstopActive", _BOOL, "", "Is the player getting pit stop service"),
    ("PitsOpen", _BOOL, "", "True if pit stop is allowed for the current player"),
    (
        "PitRepairLeft",
        _FLOAT,
        "s",
        "Time left for mandatory pit repairs if repairs are active",
    ),
    ("PitOptRepairLeft", _FLOAT, "s", "Time left for optional repairs if repairs are active"),
    ("PitSvFlags", _BITS, "irsdk_PitSvFlags", "Bitfield of pit service checkboxes"),
    ("PitSvFuel", _FLOAT, "l or kWh", "Pit service fuel add amount"),
    ("TireSetsUsed", _INT, "", "How many tire sets used so far"),
    ("dpFuelFill", _FLOAT, "", "Pitstop fuel fill flag"),
    ("dpFuelAddKg", _FLOAT, "kg", "Pitstop fuel add amount"),
    ("dpTireChange", _FLOAT, "", "Pitstop all tire change request"),
)

MOTION: tuple[_Row, ...] = (
    ("Speed", _FLOAT, "m/s", "GPS vehicle speed"),
    ("Yaw", _FLOAT, "rad", "Yaw orientation"),
    ("YawNorth", _FLOAT, "rad", "Yaw orientation relative to north"),
    ("Pitch", _FLOAT, "rad", "Pitch orientation"),
    ("Roll", _FLOAT, "rad", "Roll orientation"),
    ("Lat", _DOUBLE, "deg", "Latitude in decimal degrees"),
    ("Lon", _DOUBLE, "deg", "Longitude in decimal degrees"),
    ("Alt", _FLOAT, "m", "Altitude in meters"),
    ("VelocityZ", _FLOAT, "m/s", "Z velocity"),
    ("VelocityY", _FLOAT, "m/s", "Y velocity"),
    ("VelocityX", _FLOAT, "m/s", "X velocity"),
    ("YawRate", _FLOAT, "rad/s", "Yaw rate"),
    ("PitchRate", _FLOAT, "rad/s", "Pitch rate"),
    ("RollRate", _FLOAT, "rad/s", "Roll rate"),
    ("VertAccel", _FLOAT, "m/s^2", "Vertical acceleration (including gravity)"),
    ("LatAccel", _FLOAT, "m/s^2", "Lateral acceleration (including gravity)"),
    ("LongAccel", _FLOAT, "m/s^2", "Longitudinal acceleration (including gravity)"),
)

CONTROLS: tuple[_Row, ...] = (
    ("SteeringWheelAngle", _FLOAT, "rad", "Steering wheel angle"),
    ("SteeringWheelAngleMax", _FLOAT, "rad", "Steering wheel max angle"),
    ("Throttle", _FLOAT, "%", "0=off throttle to 1=full throttle"),
    ("Brake", _FLOAT, "%", "0=brake released to 1=max pedal force"),
    ("Clutch", _FLOAT, "%", "0=disengaged to 1=fully engaged"),
    ("ThrottleRaw", _FLOAT, "%", "Raw throttle input 0=off throttle to 1=full throttle"),
    ("BrakeRaw", _FLOAT, "%", "Raw brake input 0=brake released to 1=max pedal force"),
    ("ClutchRaw", _FLOAT, "%", "Raw clutch input 0=disengaged to 1=fully engaged"),
    ("BrakeABSactive", _BOOL, "", "true if abs is currently reducing brake force pressure"),
    ("BrakeABScutPct", _FLOAT, "%", "Percent of brake force reduction caused by ABS system"),
    *(
        (f"{wheel}brakeLinePress", _FLOAT, "bar", f"{wheel} brake line pressure")
        for wheel in WHEELS
    ),
    ("SteeringWheelTorque", _FLOAT, "N*m", "Output torque on steering shaft"),
    (
        "SteeringWheelPctTorque",
        _FLOAT,
        "%",
        "Force feedback % max torque on steering shaft unsigned",
    ),
    (
        "SteeringWheelPctTorqueSign",
        _FLOAT,
        "%",
        "Force feedback % max torque on steering shaft signed",
    ),
    (
        "SteeringWheelPctTorqueSignStops",
        _FLOAT,
        "%",
        "Force feedback % max torque on steering shaft signed stops",
    ),
    ("SteeringWheelPctDamper", _FLOAT, "%", "Force feedback % max damping"),
    ("dcBrakeBias", _FLOAT, "", "In car brake bias adjustment"),
    ("dcStarter", _BOOL, "", "In car trigger car starter"),
)

ENGINE: tuple[_Row, ...] = (
    ("Gear", _INT, "", "-1=reverse  0=neutral  1..n=current gear"),
    ("RPM", _FLOAT, "revs/min", "Engine rpm"),
    ("Engine0_RPM", _FLOAT, "revs/min", "Engine0Engine rpm"),
    ("ShiftIndicatorPct", _FLOAT, "%", "DEPRECATED use DriverCarSLBlinkRPM instead"),
    ("ShiftPowerPct", _FLOAT, "%", "Friction torque applied to gears when shifting or grinding"),
    ("ShiftGrindRPM", _FLOAT, "RPM", "RPM of shifter grinding noise"),
    ("EngineWarnings", _BITS, "irsdk_EngineWarnings", "Bitfield for warning lights"),
    ("FuelLevel", _FLOAT, "l", "Liters of fuel remaining"),
    ("FuelLevelPct", _FLOAT, "%", "Percent fuel remaining"),
    ("FuelUsePerHour", _FLOAT, "kg/h", "Engine fuel used instantaneous"),
    ("FuelPress", _FLOAT, "bar", "Engine fuel pressure"),
    ("OilTemp", _FLOAT, "C", "Engine oil temperature"),
    ("OilPress", _FLOAT, "bar", "Engine oil pressure"),
    ("OilLevel", _FLOAT, "l", "Engine oil level"),
    ("WaterTemp", _FLOAT, "C", "Engine coolant temp"),
    ("WaterLevel", _FLOAT, "l", "Engine coolant level"),
    ("ManifoldPress", _FLOAT, "bar", "Engine manifold pressure"),
    ("Voltage", _FLOAT, "V", "Engine voltage"),
)

_SIDES = (("L", "left"), ("M", "middle"), ("R", "right"))

TYRES: tuple[_Row, ...] = tuple(
    row
    for wheel in WHEELS
    for row in (
        (f"{wheel}speed", _FLOAT, "m/s", f"{wheel} wheel speed"),
        (f"{wheel}pressure", _FLOAT, "kPa", f"{wheel} tire pressure"),
        (
            f"{wheel}coldPressure",
            _FLOAT,
            "kPa",
            f"{wheel} tire cold pressure  as set in the garage",
        ),
        *(
            (f"{wheel}temp{s}", _FLOAT, "C", f"{wheel} tire {w} surface temperature")
            for s, w in _SIDES
        ),
        *(
            (f"{wheel}tempC{s}", _FLOAT, "C", f"{wheel} tire {w} carcass temperature")
            for s, w in _SIDES
        ),
        *(
            (f"{wheel}wear{s}", _FLOAT, "%", f"{wheel} tire {w} percent tread remaining")
            for s, w in _SIDES
        ),
        (
            f"{wheel}odometer",
            _FLOAT,
            "m",
            f"{wheel} distance tire traveled since being placed on car",
        ),
    )
)

CHASSIS: tuple[_Row, ...] = tuple(
    row
    for wheel in WHEELS
    for row in (
        (f"{wheel}shockDefl", _FLOAT, "m", f"{wheel} shock deflection"),
        (f"{wheel}shockVel", _FLOAT, "m/s", f"{wheel} shock velocity"),
        (f"{wheel}rideHeight", _FLOAT, "m", f"{wheel} ride height"),
    )
)

WEATHER: tuple[_Row, ...] = (
    ("TrackTemp", _FLOAT, "C", "Deprecated  set to TrackTempCrew"),
    ("TrackTempCrew", _FLOAT, "C", "Temperature of track measured by crew around track"),
    ("AirTemp", _FLOAT, "C", "Temperature of air at start/finish line"),
    ("TrackWetness", _INT, "irsdk_TrackWetness", "How wet is the average track surface"),
    ("Skies", _INT, "", "Skies (0=clear/1=p cloudy/2=m cloudy/3=overcast)"),
    ("AirDensity", _FLOAT, "kg/m^3", "Density of air at start/finish line"),
    ("AirPressure", _FLOAT, "Pa", "Pressure of air at start/finish line"),
    ("WindVel", _FLOAT, "m/s", "Wind velocity at start/finish line"),
    ("WindDir", _FLOAT, "rad", "Wind direction at start/finish line"),
    ("RelativeHumidity", _FLOAT, "%", "Relative Humidity at start/finish line"),
    ("FogLevel", _FLOAT, "%", "Fog level at start/finish line"),
    ("Precipitation", _FLOAT, "%", "Precipitation at start/finish line"),
    ("WeatherDeclaredWet", _BOOL, "", "The steward says rain tires can be used"),
)

_GT_CONTROLS: tuple[_Row, ...] = (
    ("dcPitSpeedLimiterToggle", _BOOL, "", "In car traction control active"),
    ("dcTractionControl", _FLOAT, "", "In car traction control adjustment"),
    ("dcABS", _FLOAT, "", "In car abs adjustment"),
)

_SPLITTER: tuple[_Row, ...] = (
    ("CFSRrideHeight", _FLOAT, "m", "Center front splitter ride height"),
)

_TORQUE_360 = Channel(
    name="SteeringWheelTorque_ST",
    type=ChannelType.FLOAT,
    offset=0,
    count=6,
    count_as_time=True,
    unit="N*m",
    description="Output torque on steering shaft at 360 Hz",
)

_HYBRID: tuple[_Row, ...] = (
    ("EnergyERSBattery", _FLOAT, "J", "Engine ERS battery charge"),
    ("EnergyERSBatteryPct", _FLOAT, "%", "Engine ERS battery charge as a percent"),
    (
        "EnergyBatteryToMGU_KLap",
        _FLOAT,
        "J",
        "Electrical energy from battery to MGU-K per lap",
    ),
)

GROUPS: dict[str, tuple[_Row, ...]] = {
    "session": SESSION,
    "lap": LAP,
    "delta": DELTA,
    "place": PLACE,
    "motion": MOTION,
    "controls": CONTROLS,
    "engine": ENGINE,
    "tyres": TYRES,
    "chassis": CHASSIS,
    "weather": WEATHER,
}


def channel_groups(car: Car) -> dict[str, tuple[Channel, ...]]:
    """Channels that a car records, by the group that fills them; offsets are not set yet."""
    rows = dict(GROUPS)
    if car.has_abs:
        rows["controls"] = CONTROLS + _GT_CONTROLS
        rows["chassis"] = CHASSIS + _SPLITTER
    if car.hybrid is not None:
        rows["energy"] = _HYBRID
    groups = {group: tuple(map(_channel, rows[group])) for group in rows}
    groups["controls"] += (_TORQUE_360,)
    return groups


def channels_of(car: Car) -> tuple[Channel, ...]:
    """All channels that a car records, laid out."""
    return lay_out(c for group in channel_groups(car).values() for c in group)


def _channel(row: _Row) -> Channel:
    name, kind, unit, description = row
    return Channel(name, kind, 0, 1, count_as_time=False, unit=unit, description=description)
