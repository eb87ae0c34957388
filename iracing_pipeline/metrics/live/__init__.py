"""The car as it is now, from the shared memory of the simulator on this PC."""
