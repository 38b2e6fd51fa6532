"""Use cases of analytics: take behaviour events in, report from the marts."""
