"""Experiments: questions about the rules, each with the run that answers it and a figure.

One module a question. What a page under ``docs/experiments`` shows of them is made by
``openhouse simulate experiments``, and can be made again by anybody.
"""

from __future__ import annotations

from protocol.errors import OpenHouseError


class ExperimentError(OpenHouseError):
    """Experiments that cannot be run or checked; its text is one sentence for people."""
