"""Inventory: how much there is, who has a claim on it, and every movement that ever was."""
