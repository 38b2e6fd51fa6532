"""Ordering: carts, checkout, orders."""
