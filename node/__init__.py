"""The Open House node: the program a member runs at home."""
