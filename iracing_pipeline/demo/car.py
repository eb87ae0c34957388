"""Cars: what the physics and the session info need of them.

Three drive the demo season; the hybrid is for the truth of energy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iracing_pipeline.demo.arrays import Floats


GRAVITY = 9.80665
FUEL_DENSITY = 0.75


@dataclass(frozen=True, slots=True)
class Tyre:
    """Tyre behaviour.

    Attributes:
        grip_loss_per_km: Fraction of grip lost a kilometre driven on the set.
        wear_per_km: Fraction of tread lost a kilometre.
        cold_grip: Grip of a new, cold set relative to a warm one.
        warm_up_m: Distance after which the lack of warmth is down to 1/e.
        cold_kpa: Pressure as set in the garage, left front, right front, left rear, right rear.
        hot_rise_kpa: Pressure gained when warm.
        working_c: Surface temperature in a fast corner.
    """

    grip_loss_per_km: float
    wear_per_km: float
    cold_grip: float
    warm_up_m: float
    cold_kpa: tuple[float, float, float, float]
    hot_rise_kpa: float
    working_c: float


@dataclass(frozen=True, slots=True)
class Engine:
    """Engine and gearbox.

    Attributes:
        power_w: Power at the wheels.
        kg_per_joule: Fuel burnt for each joule at the wheels.
        idle_kg_per_s: Fuel burnt with the throttle shut.
        idle_rpm: Idle speed.
        red_line_rpm: As in the session info.
        shift_rpm: Where the driver changes up.
        rpm_per_mps: Engine speed for each m/s of road speed, first gear to last.
        cylinders: As in the session info.
    """

    power_w: float
    kg_per_joule: float
    idle_kg_per_s: float
    idle_rpm: float
    red_line_rpm: float
    shift_rpm: float
    rpm_per_mps: tuple[float, ...]
    cylinders: int


@dataclass(frozen=True, slots=True)
class Hybrid:
    """Battery and motor of a hybrid.

    Attributes:
        battery_j: What the battery holds.
        start_j: What is in it at the start, and after a reset.
        motor_w: Power at which it gives and is charged.
        deploys: Part of the lap, from 0 to 1, in which it gives.
        charges: Part of the lap in which it is charged.
    """

    battery_j: float
    start_j: float
    motor_w: float
    deploys: tuple[float, float]
    charges: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Car:
    """A car.

    Attributes:
        mass_kg: With driver, without fuel.
        grip: Friction coefficient on warm, new tyres.
        traction: Share of the grip that driven wheels can turn into thrust.
        braking: Share of the grip that the brakes can use.
        load_sensitivity: Fraction of grip lost for each fraction of mass gained by fuel.
        downforce: Newtons for each (m/s) squared.
        drag: Newtons for each (m/s) squared.
        rolling: Rolling resistance as a fraction of weight.
        tank_l: Fuel tank.
        refuel_lps: Litres a second taken on in the pits.
        tyre_change_s: Time to change four tyres.
        steering_ratio: Steering wheel angle for each radian of wheel angle.
        wheelbase_m: Distance between the axles.
        brake_line_bar: Front brake line pressure at full pedal.
        has_abs: Whether the brakes have ABS, and the car TC and ABS dials.
        hybrid: Battery and motor; None for a car with a tank alone.
    """

    car_id: int
    path: str
    name: str
    short_name: str
    class_name: str
    number: str
    mass_kg: float
    grip: float
    traction: float
    braking: float
    load_sensitivity: float
    downforce: float
    drag: float
    rolling: float
    engine: Engine
    tyre: Tyre
    tank_l: float
    refuel_lps: float
    tyre_change_s: float
    steering_ratio: float
    wheelbase_m: float
    brake_line_bar: float
    has_abs: bool
    brake_bias_pct: float
    ride_height_m: tuple[float, float]
    hybrid: Hybrid | None = None

    def loaded_grip(self, mass_kg: Floats) -> Floats:
        """Friction coefficient at a mass with fuel: a loaded tyre grips less for its load."""
        return self.grip * (1.0 - self.load_sensitivity * (mass_kg / self.mass_kg - 1.0))


CORVANE_GT3 = Car(
    car_id=9201,
    path="corvanegt3",
    name="Corvane RS GT3",
    short_name="Corvane GT3",
    class_name="GT3 Class",
    number="27",
    mass_kg=1365.0,
    grip=1.46,
    traction=0.62,
    braking=0.80,
    load_sensitivity=0.40,
    downforce=1.9,
    drag=0.83,
    rolling=0.012,
    engine=Engine(
        power_w=372e3,
        kg_per_joule=0.34 / 3.6e6,
        idle_kg_per_s=0.0006,
        idle_rpm=1250.0,
        red_line_rpm=8400.0,
        shift_rpm=7950.0,
        rpm_per_mps=(285.0, 205.0, 160.0, 131.0, 112.0, 98.0),
        cylinders=8,
    ),
    tyre=Tyre(
        grip_loss_per_km=0.00085,
        wear_per_km=0.0021,
        cold_grip=0.95,
        warm_up_m=2600.0,
        cold_kpa=(152.0, 152.0, 150.0, 150.0),
        hot_rise_kpa=26.0,
        working_c=92.0,
    ),
    tank_l=104.0,
    refuel_lps=2.6,
    tyre_change_s=12.0,
    steering_ratio=13.5,
    wheelbase_m=2.70,
    brake_line_bar=78.0,
    has_abs=True,
    brake_bias_pct=54.6,
    ride_height_m=(0.056, 0.081),
)

FORMULA_VALE = Car(
    car_id=9202,
    path="formulavale",
    name="Formula Vale",
    short_name="F Vale",
    class_name="Formula Vale",
    number="8",
    mass_kg=505.0,
    grip=1.27,
    traction=0.60,
    braking=0.86,
    load_sensitivity=0.40,
    downforce=0.06,
    drag=0.26,
    rolling=0.014,
    engine=Engine(
        power_w=44e3,
        kg_per_joule=0.40 / 3.6e6,
        idle_kg_per_s=0.00016,
        idle_rpm=1150.0,
        red_line_rpm=7200.0,
        shift_rpm=6700.0,
        rpm_per_mps=(520.0, 300.0, 182.0, 132.0),
        cylinders=4,
    ),
    tyre=Tyre(
        grip_loss_per_km=0.00055,
        wear_per_km=0.0011,
        cold_grip=0.965,
        warm_up_m=1100.0,
        cold_kpa=(118.0, 118.0, 122.0, 122.0),
        hot_rise_kpa=9.0,
        working_c=66.0,
    ),
    tank_l=20.0,
    refuel_lps=0.8,
    tyre_change_s=28.0,
    steering_ratio=14.0,
    wheelbase_m=2.11,
    brake_line_bar=50.0,
    has_abs=False,
    brake_bias_pct=66.5,
    ride_height_m=(0.046, 0.118),
)

TRIPLE_CROWN_STOCK = Car(
    car_id=9203,
    path="triplecrownstock",
    name="Triple Crown Late Model",
    short_name="TC Late Model",
    class_name="Late Model",
    number="41",
    mass_kg=1330.0,
    grip=1.02,
    traction=0.60,
    braking=0.72,
    load_sensitivity=0.45,
    downforce=0.55,
    drag=0.62,
    rolling=0.013,
    engine=Engine(
        power_w=265e3,
        kg_per_joule=0.36 / 3.6e6,
        idle_kg_per_s=0.0007,
        idle_rpm=950.0,
        red_line_rpm=7400.0,
        shift_rpm=6900.0,
        rpm_per_mps=(360.0, 240.0, 165.0, 122.0),
        cylinders=8,
    ),
    tyre=Tyre(
        grip_loss_per_km=0.0016,
        wear_per_km=0.0034,
        cold_grip=0.955,
        warm_up_m=1800.0,
        cold_kpa=(103.0, 207.0, 103.0, 200.0),
        hot_rise_kpa=34.0,
        working_c=98.0,
    ),
    tank_l=83.0,
    refuel_lps=3.6,
    tyre_change_s=14.0,
    steering_ratio=15.0,
    wheelbase_m=2.66,
    brake_line_bar=70.0,
    has_abs=False,
    brake_bias_pct=62.0,
    ride_height_m=(0.058, 0.096),
)

CORVANE_HYBRID = replace(
    CORVANE_GT3,
    car_id=9204,
    path="corvanehybrid",
    name="Corvane Hybrid",
    short_name="Corvane H",
    class_name="Hybrid Class",
    hybrid=Hybrid(
        battery_j=4.8e6, start_j=4.2e6, motor_w=50e3, deploys=(0.05, 0.21), charges=(0.55, 0.70)
    ),
)
