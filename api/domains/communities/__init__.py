"""Communities: who belongs to them, what is said there, how it is voted on and ranked."""
