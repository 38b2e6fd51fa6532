"""Recommendations: pure functions from purchases to scorers, their evaluation, and the light scoring the API uses."""
