"""Confiance, Respect and the circles they open: pure functions over evidence."""
