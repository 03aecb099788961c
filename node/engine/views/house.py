"""The owner's place: status, house and friends.

Spec: §9, §13.
"""

from __future__ import annotations

from collections.abc import Callable

from node.engine import (
    away,
    capacity,
    contacts,
    loans,
    meetings,
    pauses,
    standing_rules,
    validations,
)
from node.engine.calendar import instant_text
from node.engine.clock_watch import ClockWatch
from node.engine.core import Core
from node.engine.events import Json
from node.engine.house import house_name, shows
from node.engine.views.folding import folded
from protocol.bodies import Kind, ListingBody, ThingKind
from protocol.charter import Charter, Explanation
from protocol.records import Record


def _is_wanted(listing: Record) -> bool:
    body = listing.body
    return isinstance(body, ListingBody) and body.thing_kind is ThingKind.WANTED


def status(core: Core) -> dict[str, Json]:
    """Who this node is, where it stands, and whether it is connected."""
    judgement = loans.judge(core, core.me)
    live_friends = core.live_friends()
    return {
        "member": core.me.hex(),
        "name": core.name_of(core.me),
        "house": None if core.house is None else core.house.hex(),
        "house_name": house_name(core),
        "standing": core.standing(),
        "friends": len(live_friends),
        "links_up": sum(1 for friend in live_friends if core.link_of(friend) is not None),
        "paused": [core.name_of(friend) for friend in live_friends if friend in core.paused],
        "sharing": sum(
            1
            for listing in core.mine(Kind.LISTING)
            if core.can_see(listing) and not _is_wanted(listing)
        ),
        "confiance": judgement.confiance,
        "respect": judgement.respect,
        "respect_raters": judgement.respect_raters,
        "circles_open": judgement.circles_open,
        "pass_on_from": standing_rules.threshold(core),
        "away": away.state(core),
        "clock": (core.clock or ClockWatch()).state(),
    }


def house_show(core: Core, say_rule: Callable[[Explanation], str]) -> dict[str, Json]:
    """The house and every number of its charter, each with its sentence.

    Args:
        say_rule: the sentence of one rule, in the reader's language.
    """
    usual = Charter()
    rules: list[Json] = [
        {
            "name": explanation.name,
            "group": explanation.group,
            "value": getattr(core.charter, explanation.name),
            "default": getattr(usual, explanation.name),
            "sentence": say_rule(explanation),
        }
        for explanation in core.charter.explain()
    ]
    return {
        "house": None if core.house is None else core.house.hex(),
        "name": house_name(core),
        "founders": [
            {"member": founder.hex(), "name": core.name_of(founder)} for founder in core.founders
        ],
        "standing": core.standing(),
        "version": len(core.charters),
        "is_outdated": core.rules is not None and core.rules.is_outdated,
        "conflicts": contacts.view(core),
        "charter": rules,
    }


def friends(core: Core) -> list[Json]:
    """Friends, and whether their node is connected now; by name."""
    rows = [
        (folded(core.name_of(member)), member, friend)
        for member, friend in core.friends.items()
        if not friend.ended
    ]
    return [
        {
            "member": member.hex(),
            "name": core.name_of(member),
            "link": "down" if core.link_of(member) is None else "up",
            "since": instant_text(friend.since_ms),
            "standing": "member" if core.is_member(member) else "candidate",
            "live": core.is_live_friend(member),
            "shows": shows(core, member),
            "paused": pauses.view(core, member),
            "validates": validations.holds(core, core.me, member),
            "answers_for": [core.name_of(m) for m in validations.validated_by(core, member)],
            "validates_me": validations.holds(core, member, core.me),
            "checked": meetings.checks_of(core, member),
            "may_check": core.seat_given(member) is not None,
            "just_met": meetings.has_just_met(core, member),
            "rule": standing_rules.rule_of(core, member),
            **capacity.summary(core, member),
        }
        for _, member, friend in sorted(rows, key=lambda row: row[:2])
    ]
