"""Catalog: what can be bought, at which price, and how it is found."""
