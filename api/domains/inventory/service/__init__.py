"""Use cases of inventory."""
