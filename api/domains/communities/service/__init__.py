"""Use cases of communities."""
