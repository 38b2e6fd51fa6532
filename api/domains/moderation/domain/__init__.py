"""Rules of moderation: what is seen of a text, and what follows from it. Pure functions."""
