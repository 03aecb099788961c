"""What the owner sees: pure functions from the engine's ``Core`` to JSON-able data.

Commands, API and page show the same data, with the same keys (spec §10). Views
change nothing. Words for people are chosen by the caller, in the caller's
language: where a view names a reason it is given a function that says it.

Must not import anything that acts.
"""

from __future__ import annotations

from node.engine.views.audience import people_within, seen_by
from node.engine.views.exchanges import loans, mediations, trust
from node.engine.views.house import friends, house_show, status
from node.engine.views.keys import keys
from node.engine.views.proposals import Say as SayRule
from node.engine.views.proposals import proposal_json, proposals
from node.engine.views.sponsors import sponsoring
from node.engine.views.things import browse, categories, listing_json, thing, things
from node.engine.views.why import verify_why, why

__all__ = [
    "SayRule",
    "browse",
    "categories",
    "friends",
    "house_show",
    "keys",
    "listing_json",
    "loans",
    "mediations",
    "people_within",
    "proposal_json",
    "proposals",
    "seen_by",
    "sponsoring",
    "status",
    "thing",
    "things",
    "trust",
    "verify_why",
    "why",
]
