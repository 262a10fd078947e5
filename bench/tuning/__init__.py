"""Searching options and recipes of a learner on validation episodes only. Above `sweeps/`: trials are cells."""
