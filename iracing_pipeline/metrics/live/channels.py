"""Which channels of the running simulator become gauges, and what of them is no value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class LiveGauge:
    """One channel as a gauge.

    Attributes:
        channel: iRacing's name.
        metric: Name of the gauge, without the prefix of the project.
        help: What it says.
        least: Values below are none: iRacing writes 0 or -1 for what is not known.
        most: Values above are none: iRacing writes 604800 s and 32767 laps for no limit.
        factor: What the channel's unit is multiplied by.
        valid: A channel that says whether there is a value.
        label: A label and its value, for gauges of several channels.
    """

    channel: str
    metric: str
    help: str
    least: float = float("-inf")
    most: float = float("inf")
    factor: float = 1.0
    valid: str | None = None
    label: tuple[str, str] | None = None


def value(channel: LiveGauge, values: Mapping[str, float]) -> float | None:
    """The value of a gauge; None where iRacing gives none, or a placeholder."""
    found = values.get(channel.channel)
    if found is None or not channel.least <= found <= channel.most:
        return None
    if channel.valid is not None and not values.get(channel.valid):
        return None
    return found * channel.factor


_WHEELS = {"LF": "left_front", "RF": "right_front", "LR": "left_rear", "RR": "right_rear"}
_NO_LIMIT_S, _NO_LIMIT_LAPS = 604_799.0, 32_766

CHANNELS: tuple[LiveGauge, ...] = (
    LiveGauge("Speed", "speed_meters_per_second", "Speed of the car."),
    LiveGauge("Gear", "gear", "Gear: -1 is reverse, 0 neutral."),
    LiveGauge("RPM", "engine_speed_revolutions_per_minute", "Engine speed."),
    LiveGauge("Throttle", "throttle_ratio", "Throttle, 0 to 1."),
    LiveGauge("Brake", "brake_ratio", "Brake pedal, 0 to 1."),
    LiveGauge("Lap", "lap", "Lap, as iRacing counts it."),
    LiveGauge("LapDistPct", "lap_distance_ratio", "Share of the lap driven.", least=0.0),
    LiveGauge("LapCurrentLapTime", "lap_time_seconds", "Time on the lap so far.", least=0.0),
    LiveGauge("LapLastLapTime", "last_lap_seconds", "The last lap.", least=0.001),
    LiveGauge("LapBestLapTime", "best_lap_seconds", "The best lap of the session.", least=0.001),
    LiveGauge(
        "LapDeltaToBestLap",
        "delta_to_best_lap_seconds",
        "Behind the best lap.",
        valid="LapDeltaToBestLap_OK",
    ),
    LiveGauge("PlayerCarPosition", "position", "Position in the race.", least=1),
    LiveGauge("PlayerCarClassPosition", "class_position", "Position in class.", least=1),
    LiveGauge("PlayerCarMyIncidentCount", "incident_points", "Incident points taken.", least=0),
    LiveGauge("FuelLevel", "fuel_level_liters", "Fuel in the tank."),
    LiveGauge("FuelLevelPct", "fuel_level_ratio", "Share of the tank that is full."),
    LiveGauge("FuelUsePerHour", "fuel_use_grams_per_hour", "Fuel being used.", factor=1e3),
    LiveGauge("WaterTemp", "water_temperature_celsius", "Coolant temperature."),
    LiveGauge("OilTemp", "oil_temperature_celsius", "Oil temperature."),
    LiveGauge("AirTemp", "air_temperature_celsius", "Temperature of the air."),
    LiveGauge("TrackTempCrew", "track_temperature_celsius", "Temperature of the track."),
    LiveGauge("TrackWetness", "track_wetness", "Wetness: 1 is dry, 7 extremely wet.", least=1),
    LiveGauge("Precipitation", "precipitation_ratio", "Rain at the line.", least=0.0),
    LiveGauge("WindVel", "wind_speed_meters_per_second", "Wind speed.", least=0.0),
    LiveGauge("RelativeHumidity", "relative_humidity_ratio", "Humidity.", least=0.0),
    LiveGauge(
        "SessionTimeRemain",
        "session_remaining_seconds",
        "Time left of the session.",
        least=0.0,
        most=_NO_LIMIT_S,
    ),
    LiveGauge(
        "SessionLapsRemainEx",
        "session_remaining_laps",
        "Laps left of the session.",
        least=0,
        most=_NO_LIMIT_LAPS,
    ),
    LiveGauge("IsOnTrack", "on_track", "Whether the driver is in the car."),
    LiveGauge("OnPitRoad", "on_pit_road", "Whether the car is on pit road."),
    *(
        LiveGauge(
            f"{short}tempC{part}",
            "tyre_temperature_celsius",
            "Carcass temperature in the middle of the tread.",
            label=("wheel", wheel),
        )
        for short, wheel in _WHEELS.items()
        for part in "M"
    ),
    *(
        LiveGauge(
            f"{short}wearM",
            "tyre_tread_ratio",
            "Tread left in the middle; iRacing tells it in the pits alone.",
            least=0.0,
            label=("wheel", wheel),
        )
        for short, wheel in _WHEELS.items()
    ),
    *(
        LiveGauge(
            f"{short}pressure",
            "tyre_pressure_pascals",
            "Pressure of the tyre.",
            least=0.0,
            factor=1e3,
            label=("wheel", wheel),
        )
        for short, wheel in _WHEELS.items()
    ),
)

FLAGS: dict[str, int] = {
    "checkered": 0x0001,
    "white": 0x0002,
    "green": 0x0004,
    "yellow": 0x0008,
    "red": 0x0010,
    "blue": 0x0020,
    "debris": 0x0040,
    "yellow_waving": 0x0100,
    "caution": 0x4000,
    "caution_waving": 0x8000,
    "black": 0x010000,
    "disqualified": 0x020000,
    "furled": 0x080000,
    "repair": 0x100000,
}
"""Bits of ``SessionFlags``, as irsdk_Flags names them."""
