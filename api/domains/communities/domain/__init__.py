"""Ranks, roles and bounds: functions of their inputs alone."""
