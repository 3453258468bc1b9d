"""Finds damage in a lake, and mends it: `examine` and `repair` of `lake.doctor.rounds`."""
