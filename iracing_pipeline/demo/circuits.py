"""The three circuits of the demo season. None of them exists."""

from __future__ import annotations

from iracing_pipeline.demo.circuit import Bend, Circuit, PitLane, Place, Straight

HALDEN_RIDGE = Circuit(
    place=Place(
        track_id=9101,
        path="haldenridge gp",
        name="Halden Ridge Circuit",
        config="Grand Prix",
        city="Haldenau",
        country="Austria",
        latitude_deg=47.41873,
        longitude_deg=13.70261,
        altitude_m=742.0,
        north_offset_rad=2.0944,
        kind="road course",
        turns=11,
        category="SportsCar",
    ),
    segments=(
        Straight(380.0),
        Bend("Dammkurve", 46.0, -105.0, 30.0),
        Straight(140.0),
        Bend("Esses entry", 85.0, 60.0, 35.0),
        Straight(30.0),
        Bend("Esses exit", 75.0, -60.0, 35.0),
        Straight(380.0),
        Bend("Waldspitz", 27.0, -110.0, 22.0),
        Straight(170.0),
        Bend("Quarry", 60.0, 100.0, 30.0),
        Straight(140.0),
        Bend("Long Right", 130.0, -80.0, 50.0),
        Straight(560.0),
        Bend("Mill hairpin", 22.0, -150.0, 18.0),
        Straight(150.0),
        Bend("Crest", 110.0, 65.0, 40.0),
        Straight(None),
        Bend("Bridge", 48.0, 60.0, 25.0),
        Straight(60.0),
        Bend("Chapel", 45.0, -70.0, 25.0),
        Straight(120.0),
        Bend("Last", 70.0, -70.0, 30.0),
        Straight(None),
    ),
    heading_deg=152.0,
    width_m=12.0,
    hills=((9.0, 1, 0.4), (4.0, 2, 2.1), (1.6, 3, 4.0)),
    pit=PitLane(
        entry_m=3890.0, stall_m=96.0, exit_m=250.0, speed_limit_mps=60 / 3.6, offset_m=-22.0
    ),
    sector_starts=(0.0, 0.310, 0.655),
)

MILLBROOK = Circuit(
    place=Place(
        track_id=9102,
        path="millbrook club",
        name="Millbrook Park",
        config="Club",
        city="Millbrook St Mary",
        country="England",
        latitude_deg=52.36142,
        longitude_deg=-1.18273,
        altitude_m=118.0,
        north_offset_rad=0.6275,
        kind="road course",
        turns=7,
        category="FormulaCar",
    ),
    segments=(
        Straight(160.0),
        Bend("Orchard", 34.0, -90.0, 18.0),
        Straight(95.0),
        Bend("Kennels", 30.0, 70.0, 15.0),
        Straight(60.0),
        Bend("Weir", 22.0, -120.0, 15.0),
        Straight(190.0),
        Bend("Long Acre", 75.0, -60.0, 25.0),
        Straight(None),
        Bend("Dip", 45.0, 50.0, 20.0),
        Straight(70.0),
        Bend("Clerks", 26.0, -130.0, 15.0),
        Straight(None),
        Bend("Paddock", 42.0, -80.0, 20.0),
        Straight(110.0),
    ),
    heading_deg=20.0,
    width_m=10.0,
    hills=((3.0, 1, 1.0), (1.2, 2, 0.0)),
    pit=PitLane(
        entry_m=1545.0, stall_m=1596.0, exit_m=1632.0, speed_limit_mps=50 / 3.6, offset_m=-14.0
    ),
    sector_starts=(0.0, 0.264, 0.518, 0.771),
)

COPPER_BASIN = Circuit(
    place=Place(
        track_id=9103,
        path="copperbasin",
        name="Copper Basin Speedway",
        config="",
        city="Copper Basin",
        country="USA",
        latitude_deg=33.50417,
        longitude_deg=-111.02935,
        altitude_m=1034.0,
        north_offset_rad=3.1263,
        kind="short oval",
        turns=4,
        category="Oval",
    ),
    segments=(
        Straight(30.0),
        Bend("Turns 1 and 2", 88.0, 170.0, 75.0, 17.0),
        Straight(None),
        Bend("Turns 3 and 4", 88.0, 170.0, 75.0, 17.0),
        Straight(None),
        Bend("Dogleg", 260.0, 20.0, 40.0, 5.0),
        Straight(5.0),
    ),
    heading_deg=-95.0,
    width_m=17.0,
    hills=((0.4, 1, 0.0),),
    pit=PitLane(
        entry_m=940.0, stall_m=42.0, exit_m=150.0, speed_limit_mps=35 * 0.44704, offset_m=26.0
    ),
    sector_starts=(0.0, 0.5),
)
