"""The relay: rows of the outbox into Kafka, in the order of their commits, none lost."""
