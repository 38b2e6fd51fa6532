"""SQL of catalog, by what it is for."""
