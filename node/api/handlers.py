"""What each route of the API does: a view of the node, or a command to its engine.

A handler is given a request that was checked against its route's fields, and gives
JSON-able data; it refuses by raising Refused. The table is in ``node.api.routes``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node import dates, goodbye
from node.api.errors import ApiError
from node.api.fields import Given
from node.api.protocols import LinkState, NodeLike, PairingLike
from node.engine import commands, roots, sponsors, views
from node.engine.calendar import instant_text
from node.engine.core import Core
from node.engine.events import Json
from node.engine.ratings import FAULTS_BY_WORD
from node.engine.views.things import CATEGORIES_BY_WORD
from node.flat.place import Place
from node.wording import messages
from protocol.bodies import Event, Fault
from protocol.errors import Refused
from protocol.keys import MemberId
from protocol.limits import INVITATION_TTL_MS
from protocol.uniqueness import Contact, commitment

EVENTS_BY_WORD: Final = {event.name.lower(): event for event in Event}
# How long a guest waits for the inviter's node before being told to try again.
JOIN_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request, checked against its route's fields."""

    node: NodeLike
    path: dict[str, str]
    query: Given
    body: Given
    language: str
    place: Place | None = None

    @property
    def core(self) -> Core:
        """What the node knows. Raises Refused while it is not set up."""
        if self.node.engine is None:
            raise ApiError(409, "not-set-up")
        return self.node.engine.core

    def say(self, refusal: Refused) -> str:
        return messages.sentence(refusal, self.language)

    async def command(self, command: commands.Command) -> Json:
        if self.node.engine is None:
            raise ApiError(409, "not-set-up")
        return await self.node.command(command)


# --- reading -----------------------------------------------------------------------------


async def status(call: Call) -> Json:
    addresses: list[Json] = [*call.node.addresses()]
    return {**views.status(call.core), "lan": call.node.lan_state(), "addresses": addresses}


async def say_goodbye(call: Call) -> Json:
    return await goodbye.leave(call.core, call.command, call.body["name"])


async def friends(call: Call) -> Json:
    return [*friend_rows(call.node, call.core)]


def friend_rows(node: NodeLike, core: Core) -> list[dict[str, Json]]:
    """``views.friends``, with by which way each home is connected and since when."""
    links = node.links()
    rows = []
    for row in views.friends(core):
        assert isinstance(row, dict), "one object for each friend"
        state = links.get(MemberId(bytes.fromhex(str(row["member"]))), LinkState(None))
        since = None if state.since_ms is None else instant_text(state.since_ms)
        through = None if state.through is None else core.name_of(state.through)
        rows.append({**row, "link_since": since, "through_name": through})
    return rows


async def things(call: Call) -> Json:
    return views.things(call.core)


async def thing(call: Call) -> Json:
    return views.thing(call.core, call.path["thing"], call.say)


async def browse(call: Call) -> Json:
    start, end = dates.read_optional_span(call.query.get("from"), call.query.get("to"))
    word = call.query.get("category")
    return views.browse(
        call.core,
        call.say,
        query=call.query.get("query", ""),
        from_minute=start,
        to_minute=end,
        circles=call.query.get("circles"),
        category=CATEGORIES_BY_WORD[word] if word else None,
    )


async def why(call: Call) -> Json:
    return views.why(call.core, call.path["thing"])


async def loans(call: Call) -> Json:
    rows = views.loans(call.core, only_open=call.query.get("open", False))
    return [_with_sentences(row, call.say) for row in rows]


def _with_sentences(row: Json, say: Callable[[Refused], str]) -> Json:
    """A loan with the sentence of every reason why it cannot go on yet."""
    assert isinstance(row, dict), "a loan is an object"
    reasons = [
        {"code": reason["code"], "message": say(Refused(reason["code"], **reason["values"]))}
        for reason in row["reasons"]
    ]
    return {**row, "reasons": reasons}


async def trust(call: Call) -> Json:
    return views.trust(call.core, call.path.get("member"))


# --- changing ----------------------------------------------------------------------------


async def set_up(call: Call) -> Json:
    body = call.body
    if call.node.engine is not None:
        raise ApiError(409, "already-set-up")
    return await call.node.set_up(
        body["name"],
        body.get("email", ""),
        body.get("phone", ""),
        body.get("language", call.language),
    )


async def invite(call: Call) -> Json:
    ttl_ms = INVITATION_TTL_MS
    if "ttl" in call.body:
        ttl_ms = dates.read_duration_ms(call.body["ttl"])
    addresses = call.node.addresses()
    answer = await call.command(commands.Invite(ttl_ms, addresses, call.body.get("email", "")))
    # The engine counts in milliseconds; people and scripts read ISO 8601.
    assert isinstance(answer, Mapping)
    expires_ms = answer["expires_ms"]
    assert isinstance(expires_ms, int)
    why_not = sponsors.why_no_seat(call.core)
    reason = None if why_not is None else {"code": why_not.code, "message": call.say(why_not)}
    return {
        **answer,
        "expires": dates.instant_text(expires_ms),
        "seat": why_not is None,
        "why_no_seat": reason,
    }


async def join(call: Call) -> Json:
    try:
        async with asyncio.timeout(JOIN_TIMEOUT_S):
            return await call.command(
                commands.Join(call.body["link"], not call.body.get("discreet", False))
            )
    except TimeoutError:
        raise ApiError(504, "join-timeout", seconds=int(JOIN_TIMEOUT_S)) from None


def _pairing(call: Call) -> PairingLike:
    if call.node.pairing is None:
        raise ApiError(409, "not-set-up")
    return call.node.pairing


def pairing_json(pairing: PairingLike, language: str) -> dict[str, Json]:
    """Where a pairing stands, and the sentence for why it failed."""
    state = pairing.state()
    reason = state["reason"]
    message = messages.say(str(reason), {}, language) if reason else None
    return {**state, "message": message}


async def pairing(call: Call) -> Json:
    return pairing_json(_pairing(call), call.language)


async def open_pairing(call: Call) -> Json:
    _pairing(call).open(call.body.get("address", ""))
    return pairing_json(_pairing(call), call.language)


async def answer_pairing(call: Call) -> Json:
    _pairing(call).answer(is_same=call.body["same"])
    return pairing_json(_pairing(call), call.language)


async def close_pairing(call: Call) -> Json:
    _pairing(call).close()
    return pairing_json(_pairing(call), call.language)


async def end_friendship(call: Call) -> Json:
    return await call.command(commands.EndFriendship(call.path["member"]))


async def admit_friend(call: Call) -> Json:
    return await call.command(commands.AdmitFriend(call.path["member"]))


async def show_friendship(call: Call) -> Json:
    return await call.command(commands.ShowFriendship(call.path["member"], call.body["shows"]))


async def accept_contact(call: Call) -> Json:
    return await call.command(commands.AcceptContact(call.body["member"]))


async def check_contacts(call: Call) -> Json:
    """The commitments are made here: they take long, and the engine never waits."""
    house = call.core.house
    if house is None:
        raise Refused("no-house")
    made = [
        await asyncio.to_thread(commitment, house, contact, call.body.get(field, ""))
        for contact, field in ((Contact.EMAIL, "email"), (Contact.PHONE, "phone"))
    ]
    return await call.command(commands.CheckContacts(call.body["member"], *made))


async def validate(call: Call) -> Json:
    command = commands.Validate(call.path["member"], call.body.get("holds", True))
    return await call.command(command)


async def set_capacity(call: Call) -> Json:
    command = commands.SetCapacity(call.path["member"], call.body.get("units"))
    return await call.command(command)


async def set_friend_rule(call: Call) -> Json:
    return await call.command(commands.SetFriendRule(call.path["member"], call.body["rule"]))


async def pass_on_from(call: Call) -> Json:
    return await call.command(commands.PassOnFrom(call.body.get("confiance")))


async def go_away(call: Call) -> Json:
    return await call.command(commands.GoAway(dates.read_day(call.body["until"])))


async def come_back(call: Call) -> Json:
    return await call.command(commands.GoAway(None))


async def ask(call: Call) -> Json:
    start, end = dates.read_span(call.body["from"], call.body["to"])
    body = call.body
    command = commands.Ask(
        call.path["thing"],
        start,
        end,
        body.get("message", ""),
        queue=body.get("queue", False),
        has_happened=body.get("happened", False),
        on_word=body.get("on_word", False),
        via=body.get("via"),
        other_ways=body.get("other_ways", False),
    )
    return await call.command(command)


async def answer(call: Call) -> Json:
    body = call.body
    start, end = dates.read_optional_span(body.get("from"), body.get("to"))
    return await call.command(
        commands.AnswerLoan(call.path["loan"], body["answer"], start, end, body.get("message", ""))
    )


async def move_end(call: Call) -> Json:
    end = dates.read_end(call.body["to"])
    message = call.body.get("message", "")
    return await call.command(commands.MoveEnd(call.path["loan"], end, message))


async def report(call: Call) -> Json:
    event = EVENTS_BY_WORD[call.body["what"]]
    message = call.body.get("message", "")
    return await call.command(commands.Report(call.path["loan"], event, message))


async def repaired(call: Call) -> Json:
    return await call.command(commands.Repaired(call.path["loan"]))


async def recommend(call: Call) -> Json:
    return await call.command(commands.Recommend(call.path["loan"], call.body["yes"]))


async def hand_over(call: Call) -> Json:
    return await call.command(commands.HandOver(call.path["loan"]))


async def give_back(call: Call) -> Json:
    return await call.command(commands.GiveBack(call.path["loan"]))


async def cancel(call: Call) -> Json:
    return await call.command(commands.CancelLoan(call.path["loan"], call.body.get("message", "")))


async def rate(call: Call) -> Json:
    body = call.body
    # A script that names none says "something else"; somebody on the page has to choose.
    unnamed = Fault.NONE if body["confiance"] else Fault.OTHER
    fault = FAULTS_BY_WORD[body["fault"]] if body.get("fault") else unnamed
    loan, confiance, respect = call.path["loan"], body["confiance"], body["respect"]
    mediator, text = body.get("mediator"), body.get("message", "")
    return await call.command(
        commands.Rate(loan, confiance, respect, fault, mediator=mediator, message=text)
    )


async def mediations(call: Call) -> Json:
    return views.mediations(call.core)


async def mediate(call: Call) -> Json:
    return await call.command(commands.Mediate(call.path["loan"], call.body["settled"]))


async def reply(call: Call) -> Json:
    return await call.command(commands.ReplyTo(call.path["loan"], call.body["message"]))


async def take_back(call: Call) -> Json:
    return await call.command(commands.TakeBack(call.path["loan"]))


# --- keys and backups --------------------------------------------------------------------


async def show_keys(call: Call) -> Json:
    return _with_instants(views.keys(call.core))


async def name_guardians(call: Call) -> Json:
    body = call.body
    command = commands.NameGuardians(tuple(body["members"]), body.get("approvals", 2))
    return _with_instants(await call.command(command))


async def freeze_keys(call: Call) -> Json:
    return _with_instants(await call.command(commands.FreezeKeys(call.body["frozen"])))


async def revoke_key(call: Call) -> Json:
    return _with_instants(await call.command(commands.RevokeKey(call.body["key"])))


async def approve(call: Call) -> Json:
    return await call.command(commands.ApproveSuccessor(call.body["request"]))


async def go_on(call: Call) -> Json:
    return _with_instants(await call.command(commands.EndRecall()))


def _with_instants(answer: Json) -> Json:
    """Claims with the time from which they count as people and scripts read it."""
    assert isinstance(answer, Mapping), "keys are an object"
    claims = answer["claims"]
    assert isinstance(claims, list), "claims are a list"
    return {**answer, "claims": [_claim(claim) for claim in claims]}


def _claim(claim: Json) -> Json:
    assert isinstance(claim, Mapping), "a claim is an object"
    counts_from_ms = claim["counts_from_ms"]
    assert isinstance(counts_from_ms, int), "a time"
    return {**claim, "counts_from": dates.instant_text(counts_from_ms)}


async def words(call: Call) -> Json:
    if call.node.engine is None:
        raise ApiError(409, "not-set-up")
    if not call.node.words:
        raise Refused("words-forgotten")
    is_by_guardians = roots.is_by_guardians(call.core)
    return {"words": call.node.words, "is_by_guardians": is_by_guardians}


async def forget_words(call: Call) -> Json:
    if call.node.engine is None:
        raise ApiError(409, "not-set-up")
    await call.node.forget_words()
    return {"words": None}


async def make_backup(call: Call) -> Json:
    """Write a backup file where the owner says; one that is there is left alone."""
    file = Path(call.body["file"])
    if not file.is_absolute():
        raise Refused("file-not-absolute", file=str(file))
    data = await call.node.make_backup()
    await asyncio.to_thread(_write_new, file, data)
    return {"file": str(file), "size_bytes": len(data)}


def _write_new(file: Path, data: bytes) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused("file-exists", file=str(file)) from None
    # ValueError: a zero byte in the name.
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Refused("file-unwritable", file=str(file), reason=reason) from error
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(data)
            target.flush()
            os.fsync(target.fileno())
    except OSError as error:
        # Half a backup is worse than none.
        file.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise Refused("file-unwritable", file=str(file), reason=reason) from error
