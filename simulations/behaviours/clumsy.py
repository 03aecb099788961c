"""Somebody honest to whom things happen."""

from __future__ import annotations

from simulations.behaviours.behaviour import Behaviour


class Clumsy(Behaviour):
    """Loses or breaks more than others (2 to 5 % of what they borrow), and means well."""

    name = "clumsy"
    losses = 0.035
