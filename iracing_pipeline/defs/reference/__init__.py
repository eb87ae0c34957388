"""Reference data of iRacing: tracks, cars, classes, series, seasons, licences."""
