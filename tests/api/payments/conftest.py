"""Payments without ordering: rows of a database, and the real gateway."""

from tests.gateway_process import paying_gateway

__all__ = ["paying_gateway"]
