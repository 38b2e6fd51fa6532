"""Payments: charges at a gateway, and the ledger of what was taken and given back."""
