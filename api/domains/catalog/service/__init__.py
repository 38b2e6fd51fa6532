"""Use cases of catalog, a module each."""
