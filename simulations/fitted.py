"""Parameters of made graphs that were fitted to real networks: what ``population.like`` names.

Each is what ``openhouse simulate graph fit`` found; how, and how far off it stays, is in
docs/graphs.md. The keys are those of a scenario's table ``population``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FITTED: Final[Mapping[str, Mapping[str, Mapping[str, object]]]] = {
    "villages": {
        "town": {
            "town": {
                "neighbourhood": 34,
                "neighbours": 11.8,
                "club": 70,
                "club_friends": 28.3,
                "far": 2.76,
                "variety": 0.95,
                "uneven": 1.24,
                "household": 1.0,
            }
        },
        "small-world": {"rewiring": 0.311, "degree": 10},
        "preferential": {"triads": 0.0815, "degree": 10},
        "blocks": {"blocks": {"size": 20, "inside": 7.95, "outside": 2.33}},
    },
    "g1-2020": {
        "town": {
            "town": {
                "neighbourhood": 36,
                "neighbours": 4.1,
                "club": 18,
                "club_friends": 1.01,
                "far": 1.28,
                "variety": 1.0,
                "uneven": 1.5,
                "household": 2.2,
            }
        },
        "small-world": {"rewiring": 0.287, "degree": 6},
        "preferential": {"triads": 0.16, "degree": 6},
        "blocks": {"blocks": {"size": 13, "inside": 5.28, "outside": 1.59}},
    },
    "facebook": {
        "town": {
            "town": {
                "neighbourhood": 50,
                "neighbours": 45.9,
                "club": 119,
                "club_friends": 7.65,
                "far": 6.12,
                "variety": 0.6,
                "uneven": 0.893,
                "household": 2.2,
            }
        },
        "small-world": {"rewiring": 0.143, "degree": 44},
        "preferential": {"triads": 0.242, "degree": 44},
        "blocks": {"blocks": {"size": 46, "inside": 37.1, "outside": 8.4}},
    },
}
