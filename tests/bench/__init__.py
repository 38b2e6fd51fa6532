"""Speeds beside their goals and beside what the machine can do at all: `make bench`, `make bench ONLY=lander`."""
