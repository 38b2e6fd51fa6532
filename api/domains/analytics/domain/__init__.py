"""Rules of analytics: capture, periods, and what each figure means."""
