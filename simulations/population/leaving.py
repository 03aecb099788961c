"""People who move away: their friendships go from the rows, and what stands at these places."""

from __future__ import annotations

import numpy as np

from simulations.population.asking import Requests
from simulations.population.compiled import Offsets, Truths
from simulations.population.csr import Csr


def without(graph: Csr, gone: Truths) -> tuple[Csr, Truths, Offsets]:
    """A graph without the friendships of some, who keep their numbers.

    Returns:
        The graph; for each place in the rows before whether it is kept; and its new place, or -1.
    """
    owners = graph.owners()
    kept = ~(gone[owners] | gone[graph.neighbours])
    places = np.where(kept, np.cumsum(kept) - 1, -1)
    counts = np.bincount(owners[kept], minlength=graph.members)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return Csr(offsets, graph.neighbours[kept]), kept, places


def moved(loans: Requests, places: Offsets) -> Requests:
    """Loans whose units stand at other places now; where a friendship ended, none does."""
    edges = np.where(loans.edges >= 0, places[loans.edges], -1)
    return loans._replace(edges=edges)
