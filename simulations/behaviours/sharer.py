"""Somebody who shares, and brings back almost everything."""

from __future__ import annotations

from simulations.behaviours.behaviour import Behaviour


class Sharer(Behaviour):
    """What most people do."""

    name = "sharer"
