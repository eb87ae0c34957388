"""What iRacing races with: tracks, cars, classes, series, seasons, licences."""
