"""What the API does with the house: founding it, showing and changing its rules.

Spec: §9.1, §9.6, §10.4, §13.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from node.api.handlers import Call
from node.engine import commands, proposals, views
from node.engine.events import Json
from node.engine.proposals import charter_refusal
from node.wording.charter_words import charter_sentence
from protocol.charter import Charter, CharterError, Explanation


async def found_house(call: Call) -> Json:
    try:
        charter = Charter.from_toml(call.body.get("charter", {}))
    except CharterError as error:
        raise charter_refusal(error) from error
    return await call.command(commands.FoundHouse(call.body["name"], charter))


async def house(call: Call) -> Json:
    shown = views.house_show(call.core, _sayer(call))
    return {**shown, "sponsoring": views.sponsoring(call.core, call.say)}


async def list_proposals(call: Call) -> Json:
    return views.proposals(call.core, _sayer(call))


async def propose(call: Call) -> Json:
    """The change, as it would be or as it was signed."""
    numbers = read_numbers(call.body["charter"])
    proposal = proposals.draft(call.core, numbers)
    if not call.body.get("preview", False):
        await call.command(commands.ProposeChange(tuple(sorted(numbers.items()))))
        return _shown(call, proposal.id)
    return views.proposal_json(call.core, proposal, _sayer(call))


async def approve(call: Call) -> Json:
    answer: Any = await call.command(commands.ApproveChange(call.path["proposal"]))
    return _shown(call, bytes.fromhex(answer["proposal"]))


def read_numbers(table: Mapping[str, object]) -> dict[str, int]:
    """The numbers that somebody wrote, as in a charter file. Raises Refused."""
    try:
        return Charter.numbers_from_toml(table)
    except CharterError as error:
        raise charter_refusal(error) from error


def _shown(call: Call, proposal_id: bytes) -> Json:
    known = {proposal.id: proposal for proposal in proposals.proposals(call.core)}
    return views.proposal_json(call.core, known[proposal_id], _sayer(call))


def _sayer(call: Call) -> views.SayRule:
    def say(rule: Explanation) -> str:
        return charter_sentence(rule, call.language)

    return say
