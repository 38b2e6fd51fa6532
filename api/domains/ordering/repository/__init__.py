"""SQL of ordering."""
