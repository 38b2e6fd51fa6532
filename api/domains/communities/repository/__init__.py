"""SQL of communities."""
