"""What people do with articles."""
