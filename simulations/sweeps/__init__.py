"""Sweeps: one scenario with some of its values varied, many seeds of each, and what came of it.

``plan`` reads the file, ``tasks`` is the work of one cell and seed, ``run`` gives it out,
``results`` keeps what is done, ``figure`` and ``report`` show it, ``compare`` holds two beside
each other.
"""

from protocol.errors import OpenHouseError


class SweepError(OpenHouseError):
    """A sweep that cannot begin, go on or be shown; its text is one sentence for people."""
