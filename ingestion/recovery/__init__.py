"""Ways back: topics that were made again, pointers that are stale, events that Kafka has lost."""
