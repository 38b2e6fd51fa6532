"""Erasure of a person from the lake, the warehouse and what the stream keeps in Postgres, with a receipt."""

from pipelines.lib.erasure.erasing import ErasureIncomplete, Plan, Receipt, erase, plan

__all__ = ["ErasureIncomplete", "Plan", "Receipt", "erase", "plan"]
