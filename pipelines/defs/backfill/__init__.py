"""Days made anew on demand."""
