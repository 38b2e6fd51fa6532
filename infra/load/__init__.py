"""Real data into a running Agora, through the same doors as everybody else's."""
