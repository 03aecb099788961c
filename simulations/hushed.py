"""The software of a family of invented homes, which tell each other only what they need.

Left to themselves, a thousand homes around one would each hear what all the others list, say
and are said to be: a million copies of what no attacker has a use for, and a simulator's whole
day. Here they do not offer it to each other; what they give to anybody else is as it is.

Spec: §12.7.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

from node.engine import intake, offers
from node.engine.core import Core
from node.engine.state import Link
from protocol.bodies import EntryBody, ListingBody, RatedBody, StatementBody
from protocol.keys import MemberId
from protocol.messages import Paths
from protocol.records import Record


@contextmanager
def hushed(family: Mapping[MemberId, None]) -> Iterator[None]:
    """While the block lasts, the family gives no gossip within the family."""
    may_give, offer_message = intake.may_give, offers.offer_message

    def may_give_there(core: Core, record: Record, friend: MemberId) -> bool:
        is_within = core.me in family and friend in family
        if is_within and any(m in family and m not in (core.me, friend) for m in _about(record)):
            return False
        return may_give(core, record, friend)

    def offer_message_there(core: Core, link: Link, origin: MemberId) -> Paths | None:
        is_within = core.me in family and link.friend in family
        if is_within and origin in family and origin not in (core.me, link.friend):
            return None
        return offer_message(core, link, origin)

    with (
        patch.object(intake, "may_give", may_give_there),
        patch.object(offers, "offer_message", offer_message_there),
    ):
        yield


def _about(record: Record) -> tuple[MemberId, ...]:
    """Whom a record speaks of, where it is one that is only talked about."""
    body = record.body
    if isinstance(body, ListingBody | StatementBody):
        return (record.author,)
    if isinstance(body, RatedBody):
        return (body.terms.holder, body.terms.borrower)
    return (body.holder, body.borrower) if isinstance(body, EntryBody) else ()
