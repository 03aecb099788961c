"""The deterministic heart of a node: events in, effects out."""
