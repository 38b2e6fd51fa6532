"""Use cases of ordering, a module each."""
