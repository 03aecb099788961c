"""Which rendering shows which command's answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from node.cli import flatmates, render_house, render_keys, render_proposals, render_things
from node.cli.client import Answer
from node.cli.output import Screen

Render = Callable[[Screen, Answer], None]

RENDERINGS: Final[dict[str, Render]] = {
    **flatmates.RENDERINGS,
    "setup": render_house.set_up,
    "status": render_house.status,
    "house found": render_house.house_found,
    "house show": render_house.house_show,
    "house proposals": render_proposals.proposals,
    "house propose": render_proposals.signed,
    "house approve": render_proposals.signed,
    "invite": render_house.invite,
    "join": render_house.joined,
    "friends": render_house.friends,
    "befriend": render_house.befriended,
    "friends admit": render_house.friends_admit,
    "friends show": render_house.friends_show,
    "friends capacity": render_house.friends_capacity,
    "friends rule": render_house.friends_rule,
    "pass-on": render_house.pass_on,
    "validate": render_house.validate,
    "house accept": render_house.house_accept,
    "house checked": render_house.house_checked,
    "page": render_house.page,
    "friends end": render_house.friends_end,
    "away": render_house.away,
    "back": render_house.away,
    "things": render_things.things,
    "things add": render_things.thing_saved,
    "things import": render_things.imported,
    "things set": render_things.thing_saved,
    "things block": render_things.dates_blocked,
    "things unblock": render_things.dates_unblocked,
    "things withdraw": render_things.thing_withdrawn,
    "browse": render_things.browse,
    "why": render_things.why,
    "files": render_things.files,
    "get": render_things.file_stored,
    "ask": render_things.asked,
    "looking-for": render_things.thing_saved,
    "lend-to": render_things.loan_changed,
    "loans": render_things.loans,
    "answer": render_things.loan_changed,
    "recommend": render_things.loan_changed,
    "extend": render_things.loan_changed,
    "recall": render_things.loan_changed,
    "handover": render_things.loan_changed,
    "report": render_things.loan_changed,
    "repaired": render_things.loan_changed,
    "return": render_things.loan_changed,
    "cancel": render_things.loan_changed,
    "rate": render_things.loan_changed,
    "reply": render_things.loan_changed,
    "take-back": render_things.loan_changed,
    "mediate": render_house.mediations,
    "trust": render_house.trust,
    "words": render_keys.words,
    "keys": render_keys.keys,
    "keys guardians": render_keys.keys,
    "keys freeze": render_keys.keys,
    "keys thaw": render_keys.keys,
    "keys revoke": render_keys.keys,
    "keys approve": render_keys.approved,
    "keys go-on": render_keys.keys,
    "backup": render_keys.backed_up,
    "restore": render_keys.restored,
    "succession ask": render_keys.asked_guardians,
    "succession take": render_keys.restored,
    "doctor": render_keys.doctor,
}
"""How each command's answer is shown, by name."""
