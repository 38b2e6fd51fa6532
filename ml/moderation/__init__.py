"""How toxic a text is."""
