"""Experiments: whether two sides differ, told at any time, and what another way to choose would have brought."""
