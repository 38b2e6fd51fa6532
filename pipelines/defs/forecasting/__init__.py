"""The demand forecast that reorders follow."""
