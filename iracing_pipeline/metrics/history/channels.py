"""Which channels become metrics, under which names and in which units.

Names follow Prometheus: base units, spelled out, as the ending. Values are rounded to steps of a
power of two far below what the sensor or the eye resolves, because the last bits of a float are
noise that does not compress: that saves two fifths of the disk.
"""

from __future__ import annotations

from dataclasses import dataclass

from iracing_pipeline.errors import PipelineError

PREFIX = "iracing_"


class UnknownChannelError(PipelineError, ValueError):
    """A channel was asked for that has no metric."""


@dataclass(frozen=True, slots=True)
class ChannelMetric:
    """One channel as a metric.

    Attributes:
        channel: iRacing's name.
        metric: Name in Prometheus.
        help: Its meaning.
        step: Values are rounded to multiples of this power of two; 1 for whole numbers.
        factor: Factor from the channel's unit.
        instead: Names that older cars and builds have for the same, in order of preference.
    """

    channel: str
    metric: str
    help: str
    step: float
    factor: float = 1.0
    instead: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The channels that it can be taken from, the best first."""
        return (self.channel, *self.instead)


_TYRES = (("LF", "left_front"), ("RF", "right_front"), ("LR", "left_rear"), ("RR", "right_rear"))
_KPA, _BAR = 1e3, 1e5


def _of(channel: str, name: str, text: str, step: float = 1.0, **more: object) -> ChannelMetric:
    return ChannelMetric(channel, PREFIX + name, text, step, **more)  # type: ignore[arg-type]


DEFAULT: tuple[ChannelMetric, ...] = (
    _of("Speed", "speed_meters_per_second", "Speed of the car.", 2**-6),
    _of("RPM", "engine_speed_revolutions_per_minute", "Engine speed."),
    _of("Gear", "gear", "Gear: -1 is reverse, 0 neutral."),
    _of("Throttle", "throttle_ratio", "Throttle, 0 to 1.", 2**-10),
    _of("Brake", "brake_ratio", "Brake pedal, 0 to 1.", 2**-10),
    _of("Clutch", "clutch_ratio", "Clutch, 0 (disengaged) to 1.", 2**-10),
    _of("SteeringWheelAngle", "steering_wheel_angle_radians", "Steering; left is positive.", 2**-9),
    _of(
        "LatAccel",
        "lateral_acceleration_meters_per_second_squared",
        "Lateral acceleration; to the left is positive.",
        2**-5,
    ),
    _of(
        "LongAccel",
        "longitudinal_acceleration_meters_per_second_squared",
        "Longitudinal acceleration; forward is positive.",
        2**-5,
    ),
    _of("YawRate", "yaw_rate_radians_per_second", "Yaw rate.", 2**-9),
    _of("Lap", "lap", "Lap, as iRacing counts it."),
    _of("LapDistPct", "lap_distance_ratio", "Share of the lap driven.", 2**-14),
    _of("LapCurrentLapTime", "lap_time_seconds", "Time on the lap so far.", 2**-8),
    _of("LapDeltaToBestLap", "lap_delta_to_best_seconds", "Behind the best lap.", 2**-8),
    _of("FuelLevel", "fuel_level_liters", "Fuel in the tank.", 2**-8),
    _of("WaterTemp", "water_temperature_celsius", "Coolant temperature.", 2**-3),
    _of("OilTemp", "oil_temperature_celsius", "Oil temperature.", 2**-3),
    *(
        _of(
            f"{short}tempCM",
            f"{name}_tyre_temperature_celsius",
            "Carcass temperature in the middle of the tread.",
            2**-3,
        )
        for short, name in _TYRES
    ),
    _of("PlayerCarPosition", "position", "Position in the race."),
    _of(
        "TrackTempCrew",
        "track_temperature_celsius",
        "Temperature of the track.",
        2**-3,
        instead=("TrackTemp",),
    ),
    _of("AirTemp", "air_temperature_celsius", "Temperature of the air.", 2**-3),
)
"""The channels that are sent unless others are named."""

MORE: tuple[ChannelMetric, ...] = (
    _of("OnPitRoad", "on_pit_road", "Whether the car is on pit road."),
    _of("PlayerCarMyIncidentCount", "incidents", "Incident points of the driver."),
    _of("SessionFlags", "session_flags", "Flags, as bits of irsdk_Flags."),
    _of("PlayerTrackSurface", "track_surface", "Where the car is, as irsdk_TrkLoc."),
    _of("TrackWetness", "track_wetness", "Wetness, as irsdk_TrackWetness."),
    _of("VertAccel", "vertical_acceleration_meters_per_second_squared", "Upward.", 2**-5),
    _of("LapDist", "lap_distance_meters", "Distance driven on the lap.", 2**-4),
    _of("Lat", "latitude_degrees", "Latitude.", 2**-20),
    _of("Lon", "longitude_degrees", "Longitude.", 2**-20),
    _of("Alt", "altitude_meters", "Altitude.", 2**-5),
    _of("SteeringWheelTorque", "steering_wheel_torque_newton_meters", "Force feedback.", 2**-5),
    _of("BrakeABSactive", "abs_active", "Whether ABS is at work."),
    _of("OilPress", "oil_pressure_pascals", "Oil pressure.", 2**8, factor=_BAR),
    _of("FuelUsePerHour", "fuel_use_grams_per_hour", "Fuel being used.", 2**4, factor=1e3),
    *(
        _of(
            f"{short}pressure",
            f"{name}_tyre_pressure_pascals",
            "Pressure of the tyre.",
            2**4,
            factor=_KPA,
        )
        for short, name in _TYRES
    ),
    *(
        _of(
            f"{short}brakeLinePress",
            f"{name}_brake_line_pressure_pascals",
            "Pressure in the brake line.",
            2**8,
            factor=_BAR,
        )
        for short, name in _TYRES
    ),
    *(
        _of(f"{short}rideHeight", f"{name}_ride_height_meters", "Ride height.", 2**-14)
        for short, name in _TYRES
    ),
    *(
        _of(f"{short}speed", f"{name}_wheel_speed_meters_per_second", "Wheel speed.", 2**-6)
        for short, name in _TYRES
    ),
)
"""Those that can be named."""

_BY_CHANNEL = {each.channel: each for each in (*DEFAULT, *MORE)}


def chosen(names: tuple[str, ...] = ()) -> tuple[ChannelMetric, ...]:
    """The channels of these names; the default ones without a name, every one for ``all``.

    Raises:
        UnknownChannelError: If a name has no metric.
    """
    if not names:
        return DEFAULT
    if "all" in names:
        return (*DEFAULT, *MORE)
    if unknown := [name for name in names if name not in _BY_CHANNEL]:
        raise UnknownChannelError(
            f"IRACING_METRIC_CHANNELS names {', '.join(unknown)}, for which there is no metric."
            f" There are: {', '.join(_BY_CHANNEL)}"
        )
    return tuple(_BY_CHANNEL[name] for name in dict.fromkeys(names))
