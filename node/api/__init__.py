"""The local HTTP API: what the page, the commands and other programs talk to."""
