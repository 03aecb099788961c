"""Spec §18.1 to §18.3: devices, keys records, frozen keys and successors, between engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from node.engine import edges, roots
from node.engine.commands import (
    AddThing,
    ApproveSuccessor,
    Command,
    FreezeKeys,
    NameGuardians,
    RevokeKey,
)
from node.engine.events import Json
from node.engine.state import Config
from protocol.bodies import (
    STATEMENT_OBJECT,
    HalfBody,
    KeysBody,
    Kind,
    ListingBody,
    StatementBody,
    ThingKind,
    half_object,
    keys_object,
)
from protocol.encoding import encode
from protocol.errors import Refused
from protocol.keys import ObjectId, Signer
from protocol.limits import CHANGE_PER_OBJECT_MIN_MS
from protocol.mandates import (
    MANDATE_LEASE_MS,
    Mandate,
    Successor,
    approval_message,
    decode_mandate,
    encode_mandate,
    mandate_message,
    root_commitment,
)
from protocol.messages import Have, Records
from protocol.records import Record, sign_record, split_envelope
from protocol.successions import SuccessionRequest, decode_approval, encode_request
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS
PROMISED = Signer(b"promised root key, on paper only")
NEW_ROOT = Signer(b"a root that the guardians approv")
DEVICE = Signer(b"the device of member A, at home.")
STOLEN = Signer(b"the laptop of A that was stolen.")


def with_device(config: Config, device: Signer = DEVICE) -> Config:
    """A node as people have it: a device signs, and the next root is promised."""
    return replace(config, device=device, next_root_hash=root_commitment(PROMISED.public))


def town(*friendships: str, names: str = "ABCD") -> Pump:
    """Member A signs with a device; it has introduced itself."""
    pump = Pump()
    pump.settle(names, *friendships)
    pump.stop("A")
    pump.homes["A"].config = with_device(pump.homes["A"].config)
    pump.start("A")
    pump.link_all()
    pump.advance(31 * DAY_MS)
    return pump


def keys_of(pump: Pump, at: str, of: str) -> KeysBody | None:
    return pump.core(at).keys_body(pump.member(of))


def by(
    pump: Pump,
    device: Signer,
    title: str,
    *,
    root: Signer | None = None,
    successors: tuple[Successor, ...] = (),
    created_ms: int | None = None,
    epoch: int = 0,
    body: HalfBody | KeysBody | ListingBody | StatementBody | None = None,
    object_id: ObjectId | None = None,
) -> Record:
    """A listing (or another body) in A's name by any device, under a mandate by any root."""
    home = pump.homes["A"]
    created_ms = pump.now_ms if created_ms is None else created_ms
    times = (created_ms, created_ms + MANDATE_LEASE_MS)
    member = pump.member("A")
    signer = root or home.config.signer
    message = mandate_message(member, device.public, successors, *times)
    mandate = encode_mandate(Mandate(successors, *times, signer.sign(message)))
    house = pump.core("B").house
    assert house is not None
    return sign_record(
        device,
        body or ListingBody(title, "", ThingKind.OBJECT, 3, (), ()),
        house=house,
        object_id=object_id or ObjectId(title.encode().ljust(16, b".")[:16]),
        sequence=5_000,
        created_ms=created_ms,
        not_after_ms=created_ms + 30 * DAY_MS,
        epoch=epoch,
        author=member,
        mandate=mandate,
    )


class TestDevices:
    """A device signs; the root is needed once a year."""

    def test_things_that_a_device_signed_travel_as_all_others(self) -> None:
        """Each record proves its device by itself. Spec §18.1."""
        pump = town("AB", "BC", "CD")
        pump.command("A", AddThing("ladder", circles=3))

        assert ["ladder"] == pump.sees("D")
        listing = pump.core("D").of_kind(Kind.LISTING)[0]
        assert DEVICE.public == listing.device
        assert pump.member("A") == listing.author

    def test_a_restart_keeps_the_mandate_and_a_clock_set_back_makes_another(self) -> None:
        """Else others would get records from outside of their mandate's time."""
        pump = town("AB")
        pump.command("A", AddThing("ladder", circles=1))
        mandate = pump.core("A").mandate
        pump.start("A")
        pump.link_all()
        pump.command("A", AddThing("drill", circles=1))

        assert mandate == pump.core("A").mandate

        pump.now_ms -= 40 * DAY_MS
        pump.command("A", AddThing("saw", circles=1))
        assert mandate != pump.core("A").mandate
        pump.link_all()  # links begin anew (§10.5)
        pump.advance(1)
        assert ["drill", "ladder", "saw"] == pump.sees("B")

    def test_a_mandate_is_renewed_long_before_it_ends(self) -> None:
        """A home that is off for two months still has one."""
        pump = town("AB")
        for _ in range(14):
            pump.advance(30 * DAY_MS)
        pump.command("A", AddThing("ladder", circles=1))

        assert ["ladder"] == pump.sees("B")

    def test_friends_and_circles_learn_the_keys_record(self) -> None:
        """It goes where the statement goes. Spec §18.2."""
        pump = town("AB", "BC", "CD")

        for name in "BCD":
            body = keys_of(pump, name, "A")
            assert body is not None
            assert root_commitment(PROMISED.public) == body.next_hash

    def test_a_revoked_device_says_nothing_more(self) -> None:
        """What it had said stays until it is said anew. Spec §18.2."""
        pump = town("AB", "BC")
        give(pump, by(pump, STOLEN, "before"))
        assert ["before"] == pump.sees("C")

        done(pump, RevokeKey(STOLEN.public.hex()))
        give(pump, by(pump, STOLEN, "after", created_ms=pump.now_ms - DAY_MS))

        assert ["before"] == pump.sees("C")
        assert ("B", "not-yours") in pump.rejects

    def test_a_friendship_that_a_stolen_device_made_ends_with_it(self) -> None:
        """Nobody else would end it. Spec §7.1."""
        pump = town("AB", "BC")
        half = HalfBody(pump.member("C"), bytes(32), shows=True, friend_is_member=True)
        back = HalfBody(pump.member("A"), bytes(32), shows=True, friend_is_member=True)
        core = pump.core("C")
        stolen = by(pump, STOLEN, "x")
        for body, device, author in (
            (half, STOLEN.public, pump.member("A")),
            (back, pump.member("C"), pump.member("C")),
        ):
            object_id = half_object(body.friend)
            core.keep(
                replace(stolen, body=body, device=device, author=author, object=object_id), None
            )
        assert edges.halves_of(core, pump.member("A"), pump.member("C")) is not None

        done(pump, RevokeKey(STOLEN.public.hex()))

        assert edges.live_half(core, pump.member("A"), pump.member("C")) is None
        assert edges.live_half(core, pump.member("C"), pump.member("A")) is not None

    def test_what_comes_while_its_way_is_gone_for_a_moment_goes_on(self) -> None:
        """Revoked, changed and signed anew in one message, in the worst order.

        Found by ``simulate hunt``, seed 399.
        """
        pump = town("AB", "BC", "CD")
        done(pump, AddThing("ladder", circles=3))
        [ladder] = pump.core("A").mine(Kind.LISTING)
        half, keys = pump.half("A", "B"), pump.core("A").keys_body(pump.member("A"))
        assert half is not None
        assert keys is not None
        assert isinstance(half.body, HalfBody)
        assert isinstance(ladder.body, ListingBody)
        changed = replace(ladder.body, title="long ladder")
        records = (
            pump.sign("A", replace(keys, revoked=(DEVICE.public,)), keys_object(0), epoch=1),
            by(pump, STOLEN, "", epoch=1, body=changed, object_id=ladder.object),
            by(pump, STOLEN, "", epoch=1, body=half.body, object_id=half.object),
        )
        far = pump.impersonate("B", "C")
        envelopes = tuple(record.envelope for record in records)
        pump.say(far, Have(bytes(8), bytes(8), 0), Records(envelopes))

        assert ["long ladder"] == pump.sees("C")
        pump.advance(CHANGE_PER_OBJECT_MIN_MS)
        assert ["long ladder"] == pump.sees("D")

    def test_frozen_keys_hide_all_things_until_they_are_thawed(self) -> None:
        """The member has lost sight of its devices. Spec §18.2."""
        pump = town("AB", "BC")
        pump.command("A", AddThing("ladder", circles=2))
        done(pump, FreezeKeys(True))
        assert [] == pump.sees("B") == pump.sees("C")
        give(pump, by(pump, STOLEN, "after"))
        assert [] == pump.sees("B")

        assert Refused("keys-frozen").code == code(pump, AddThing("drill", circles=1))

        done(pump, FreezeKeys(False))
        assert ["ladder"] == pump.sees("B")
        pump.advance(CHANGE_PER_OBJECT_MIN_MS)  # they changed a moment ago (§14.3)
        assert ["ladder"] == pump.sees("C")

    def test_a_device_cannot_sign_a_keys_record(self) -> None:
        """Else a thief would unrevoke it. Spec §18.2."""
        pump = town("AB")
        forged = by(pump, STOLEN, "x")
        times = (pump.now_ms, pump.now_ms + MANDATE_LEASE_MS)
        message = mandate_message(forged.author, STOLEN.public, (), *times)
        mandate = Mandate((), *times, pump.homes["A"].config.signer.sign(message))
        record = sign_record(
            STOLEN, KeysBody(root_commitment(PROMISED.public)), house=forged.house,
            object_id=keys_object(0), sequence=9_000, created_ms=pump.now_ms,
            not_after_ms=pump.now_ms + DAY_MS, author=forged.author,
            mandate=encode_mandate(mandate),
        )  # fmt: skip
        give(pump, record)

        assert ("B", "not-yours") in pump.rejects

    def test_what_was_promised_cannot_be_promised_otherwise(self) -> None:
        """A thief of the root would promise a key of his own. Spec §18.2."""
        pump = town("AB")
        home = pump.homes["A"]
        body = KeysBody(root_commitment(STOLEN.public))
        record = pump.sign("A", body, keys_object(0), epoch=1)
        give(pump, record)

        assert ("B", "not-yours") in pump.rejects
        kept = keys_of(pump, "B", "A")
        assert kept is not None
        assert kept.next_hash == home.config.next_root_hash


class TestSuccessors:
    """A root key that takes the place of the one before. Spec §18.3."""

    def test_the_promised_key_speaks_at_once_and_the_former_no_more(self) -> None:
        """The thief of the node has the first root, not the paper."""
        pump = town("AB", "BC")
        chain = (Successor(PROMISED.public, pump.now_ms),)
        give(pump, by(pump, DEVICE, "mine", root=PROMISED, successors=chain, epoch=1))
        assert ["mine"] == pump.sees("B") == pump.sees("C")

        give(pump, by(pump, STOLEN, "thief"))
        give(pump, by(pump, STOLEN, "backdated", created_ms=pump.now_ms - DAY_MS))

        assert ["mine"] == pump.sees("B")
        assert chain == pump.core("B").roots[pump.member("A")]

    def test_who_passes_it_on_cannot_change_when_the_promised_key_began(self) -> None:
        """Earlier, and what the former root said before would count no more. Spec §18.1."""
        pump = town("AB", "BC")
        chain = (Successor(PROMISED.public, pump.now_ms),)
        good = by(pump, DEVICE, "mine", root=PROMISED, successors=chain, epoch=1)
        unsigned, signature, mandate = split_envelope(good.envelope)
        earlier = (replace(chain[0], from_ms=0),)
        changed = encode_mandate(replace(decode_mandate(mandate), successors=earlier))
        far = pump.impersonate("A", "B")
        pump.say(far, Records((encode([unsigned, signature, changed]),)))

        assert ("B", "bad-signature") in pump.rejects
        assert {} == pump.core("B").roots

    def test_a_key_that_nobody_promised_is_refused(self) -> None:
        """Neither promised nor approved."""
        pump = town("AB")
        chain = (Successor(STOLEN.public, pump.now_ms),)
        give(pump, by(pump, DEVICE, "x", root=STOLEN, successors=chain))

        assert [] == pump.sees("B")
        assert {} == pump.core("B").roots

    def test_an_accepted_successor_outlives_a_restart(self) -> None:
        """The store alone is enough."""
        pump = town("AB")
        chain = (Successor(PROMISED.public, pump.now_ms),)
        give(pump, by(pump, DEVICE, "mine", root=PROMISED, successors=chain, epoch=1))
        pump.start("B")
        give(pump, by(pump, STOLEN, "thief"))

        assert ["mine"] == pump.sees("B")

    def test_guardians_give_a_new_root_after_the_time_to_veto(self) -> None:
        """Everything was lost. Spec §18.3."""
        pump = town("AB", "BC", "AC", "CD")
        name_guardians(pump, "B", "C", "D")
        chain = approved(pump, "B", "C")
        record = by(pump, DEVICE, "mine", root=NEW_ROOT, successors=chain, epoch=1)
        give(pump, record)
        assert [] == pump.sees("B")

        pump.advance(13 * DAY_MS)
        give(pump, record)
        assert [] == pump.sees("B")

        pump.advance(2 * DAY_MS)
        give(pump, by(pump, DEVICE, "mine", root=NEW_ROOT, successors=chain, epoch=1))
        assert ["mine"] == pump.sees("B")

    def test_one_guardian_is_not_enough_and_strangers_do_not_count(self) -> None:
        """Two who were named."""
        pump = town("AB", "BC", "AC", "CD")
        name_guardians(pump, "B", "C")
        for pair in ("B", "BD"):
            record = by(
                pump, DEVICE, f"by {pair}", root=NEW_ROOT, successors=approved(pump, *pair), epoch=1
            )
            give(pump, record)
            pump.advance(15 * DAY_MS)
            give(pump, record)

        assert [] == pump.sees("B")

    def test_the_old_root_can_veto_while_there_is_time(self) -> None:
        """The guardians were fooled; the member is there after all."""
        pump = town("AB", "BC", "AC")
        name_guardians(pump, "B", "C")
        chain = approved(pump, "B", "C")
        give(pump, by(pump, DEVICE, "x", root=NEW_ROOT, successors=chain, epoch=1))
        done(pump, RevokeKey(NEW_ROOT.public.hex()))
        pump.advance(15 * DAY_MS)
        give(pump, by(pump, DEVICE, "x", root=NEW_ROOT, successors=chain, epoch=1))

        assert [] == pump.sees("B")

    def test_the_promised_key_beats_the_guardians(self) -> None:
        """Who has the words is the member."""
        pump = town("AB", "BC", "AC")
        name_guardians(pump, "B", "C")
        promised = (Successor(PROMISED.public, pump.now_ms),)
        give(pump, by(pump, DEVICE, "mine", root=PROMISED, successors=promised, epoch=1))
        chain = approved(pump, "B", "C")
        give(pump, by(pump, DEVICE, "x", root=NEW_ROOT, successors=chain, epoch=2))
        pump.advance(15 * DAY_MS)
        give(pump, by(pump, DEVICE, "x", root=NEW_ROOT, successors=chain, epoch=2))

        assert ["mine"] == pump.sees("B")

    def test_guardians_answer_who_loses_everything_again(self) -> None:
        """They know what came before; who lost everything does not. Spec §18.7."""
        pump = town("AB", "BC", "AC")
        name_guardians(pump, "B", "C")
        first = approved(pump, "B", "C")
        said = KeysBody(
            root_commitment(DEVICE.public),
            guardians=tuple(sorted((pump.member("B"), pump.member("C")))),
            approvals_min=2,
        )
        delay_ms = pump.core("B").charter.succession_delay_ms + HOUR_MS
        for wait_ms in (0, delay_ms):
            pump.advance(wait_ms)
            keys = by(
                pump, NEW_ROOT, "keys", root=NEW_ROOT, successors=first, epoch=1, body=said,
                object_id=keys_object(1),
            )  # fmt: skip
            give(pump, keys)
        pump.advance(delay_ms)  # C has it from B, and waits as well
        third = Signer(b"a root that they approve anew...")
        request = SuccessionRequest(pump.member("A"), third.public, pump.now_ms)
        command = ApproveSuccessor(encode_request(request))
        answers = []
        for name in "BC":
            answer = pump.command(name, command)
            assert isinstance(answer, dict), answer
            answers.append(decode_approval(str(answer["approval"])))
        assert [(first, 2)] * 2 == [(each.earlier, each.approvals_min) for each in answers]
        signed = sorted((each.guardian, each.signature) for each in answers)
        *_, bare = request.after(first)
        chain = (*first, replace(bare, approvals=tuple(signed)))
        give(pump, by(pump, DEVICE, "mine", root=third, successors=chain, epoch=2))
        assert first == pump.core("B").roots[pump.member("A")]
        pump.advance(delay_ms)
        give(pump, by(pump, DEVICE, "mine", root=third, successors=chain, epoch=2))

        assert chain == pump.core("B").roots[pump.member("A")]
        again = pump.command("B", ApproveSuccessor(encode_request(request)))
        assert isinstance(again, Refused)

    def test_who_has_new_keys_is_nobody_s_guardian(self) -> None:
        """A guardian is named by its first root key, and can sign by no other. Spec §18.7."""
        pump = town("AB", "BC", "AC")
        promised = (Successor(PROMISED.public, pump.now_ms),)
        give(pump, by(pump, DEVICE, "mine", root=PROMISED, successors=promised, epoch=1))
        pump.stop("B")
        pump.homes["B"].config = with_device(pump.homes["B"].config, STOLEN)
        pump.start("B")
        pump.link_all()
        named = NameGuardians(tuple(pump.member(name).hex() for name in "AC"))
        refused = pump.command("B", named)
        assert isinstance(refused, Refused)
        assert "guardian-renewed" == refused.code
        assert keys_of(pump, "B", "B") is None, "what is refused changes nothing"

    def test_who_has_new_keys_is_told_so_when_a_friend_asks_for_an_answer(self) -> None:
        """The friend would be given a signature that nobody believes."""
        pump = town("AB", "BC", "AC")
        name_guardians(pump, "B", "C")
        promised = (Successor(PROMISED.public, pump.now_ms),)
        pump.stop("B")
        pump.homes["B"].config = replace(pump.homes["B"].config, successors=promised)
        pump.start("B")
        request = SuccessionRequest(pump.member("A"), NEW_ROOT.public, pump.now_ms)
        refused = pump.command("B", ApproveSuccessor(encode_request(request)))
        assert isinstance(refused, Refused)
        assert "renewed-yourself" == refused.code

    def test_a_friend_s_link_key_is_followed_once_for_each_root_that_guardians_gave(self) -> None:
        """Whoever steals a device cannot have the friends call another home. Spec §18.7."""
        pump = town("AB", "BC", "AC")
        name_guardians(pump, "B", "C")
        member = pump.member("A")

        def pinned_after(
            key: bytes, root: Signer | None, chain: tuple[Successor, ...], version: int
        ) -> bytes:
            body = StatementBody("A", ("en",), key, b"", b"")
            record = by(
                pump, DEVICE, "me", root=root, successors=chain, epoch=version, body=body,
                object_id=STATEMENT_OBJECT,
            )  # fmt: skip
            pump.advance(CHANGE_PER_OBJECT_MIN_MS)
            give(pump, record)
            return pump.core("B").friends[member].link_key

        def said() -> bytes:
            statement = pump.core("B").current(member, STATEMENT_OBJECT)
            assert statement is not None
            assert isinstance(statement.body, StatementBody)
            return statement.body.link_key

        first = pump.core("B").friends[member].link_key
        home, thief, other = (bytes([n]) * 32 for n in (71, 72, 73))
        assert first == pinned_after(thief, None, (), 1), "a device alone moves nothing"
        assert thief == said()
        chain = approved(pump, "B", "C")
        assert first == pinned_after(home, NEW_ROOT, chain, 2), "not before it is accepted"
        pump.advance(15 * DAY_MS)
        assert home == pinned_after(home, NEW_ROOT, chain, 3)
        assert home == pinned_after(thief, NEW_ROOT, chain, 4)
        assert thief == said()
        pump.start("B")
        assert home == pinned_after(other, NEW_ROOT, chain, 5), "also after a restart"
        assert other == said()

    def test_a_promised_root_keeps_its_link_key(self) -> None:
        """It comes from the words, and so does the link key. Spec §18.4."""
        pump = town("AB")
        member = pump.member("A")
        before = pump.core("B").friends[member].link_key
        body = StatementBody("A", ("en",), bytes(32), b"", b"")
        chain = (Successor(PROMISED.public, pump.now_ms),)
        record = by(
            pump, STOLEN, "me", root=PROMISED, successors=chain, epoch=1, body=body,
            object_id=STATEMENT_OBJECT,
        )  # fmt: skip
        give(pump, record)

        assert chain == pump.core("B").roots[member]
        assert before == pump.core("B").friends[member].link_key

    def test_claims_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Guardians who approve one key after the other fill nothing."""
        monkeypatch.setattr(roots, "CLAIMS_MAX", 3)
        pump = town("AB", "BC", "AC")
        name_guardians(pump, "B", "C")
        for number in range(6):
            root = Signer(bytes([number + 50]) * 32)
            chain = approved(pump, "B", "C", root=root)
            give(pump, by(pump, DEVICE, "x", root=root, successors=chain, epoch=1))

        assert 3 == len(pump.core("B").claims)


# --- scenes ------------------------------------------------------------------------------


def give(pump: Pump, record: Record) -> None:
    """Somebody with A's link key gives B a record; then A's own node is back."""
    far = pump.impersonate("A", "B")
    pump.say(far, Have(bytes(8), bytes(8), 0), Records((record.envelope,)))
    pump.cut("B", "")
    pump.start("A")
    pump.link_all()


def done(pump: Pump, command: Command) -> Mapping[str, Json]:
    answer = pump.command("A", command)
    assert isinstance(answer, dict), answer
    return answer


def code(pump: Pump, command: Command) -> str:
    answer = pump.command("A", command)
    assert isinstance(answer, Refused), answer
    return answer.code


def name_guardians(pump: Pump, *names: str) -> None:
    done(pump, NameGuardians(tuple(pump.member(name).hex() for name in names)))


def approved(pump: Pump, *names: str, root: Signer = NEW_ROOT) -> tuple[Successor, ...]:
    bare = Successor(root.public, pump.now_ms)
    message = approval_message(pump.member("A"), 1, bare)
    approvals = sorted(
        (pump.member(name), pump.homes[name].config.signer.sign(message)) for name in names
    )
    return (replace(bare, approvals=tuple(approvals)),)
