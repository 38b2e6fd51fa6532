"""SQL of payments, a module per thing."""
