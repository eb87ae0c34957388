from __future__ import annotations

from iracing_pipeline.demo.session_text import print_session_info


def test_session_info_is_printed_as_iracing_prints_it() -> None:
    text = print_session_info(
        {
            "WeekendInfo": {"TrackName": "a b", "WeekendOptions": {"CourseCautions": "off"}},
            "SessionInfo": {
                "Sessions": [
                    {
                        "SessionNum": 0,
                        "ResultsPositions": [],
                        "Fastest": [{"CarIdx": 255, "Lap": 1}],
                    },
                    {"SessionNum": 1, "SessionSubType": ""},
                ]
            },
            "DriverInfo": {"Name": 'Dana #7: *the* "Flash"'},
        }
    )
    assert (
        text
        == """---
WeekendInfo:
 TrackName: a b
 WeekendOptions:
  CourseCautions: off

SessionInfo:
 Sessions:
 - SessionNum: 0
   ResultsPositions:
   Fastest:
   - CarIdx: 255
     Lap: 1
 - SessionNum: 1
   SessionSubType:\x20

DriverInfo:
 Name: Dana #7: *the* "Flash"

...
"""
    )
