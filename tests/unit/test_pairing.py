"""Six digits that two people compare: what both ends agree on, and what a man in the middle gets.

Spec: §17.8.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import pairing
from protocol.encoding import encode
from protocol.errors import BadSignature, InvalidState, Malformed, RemoteProtocolError, TooLarge
from protocol.handshake import HandshakeKind, read_first
from protocol.pairing import Home, Pairing, PairingInitiator, PairingType, answer_first

HASH = bytes([9]) * 32
A, B, M = (bytes([n]) * 32 for n in (1, 2, 3))
HOUSE, OTHER_HOUSE = b"h" * 32, b"o" * 32


def ends(hash_a: bytes = HASH, hash_b: bytes = HASH) -> tuple[Pairing, Pairing]:
    return Pairing(True, hash_a, A, "Ana"), Pairing(False, hash_b, B, "Ben")


def carry(one: Pairing, other: Pairing) -> None:
    """Give each what the other says, until both are silent."""
    while one.outgoing or other.outgoing:
        for sender, taker in ((one, other), (other, one)):
            while sender.outgoing:
                taker.receive(sender.outgoing.pop(0))


def paired(house_a: bytes, house_b: bytes) -> tuple[Pairing, Pairing]:
    ana, ben = ends()
    carry(ana, ben)
    ana.confirm(Home(house_a, A))
    ben.confirm(Home(house_b, B))
    carry(ana, ben)
    return ana, ben


class TestCode:
    """What both show."""

    def test_both_ends_of_one_channel_have_the_same(self) -> None:
        ana, ben = ends()
        carry(ana, ben)

        assert ana.code == ben.code
        assert 6 == len(ana.code)
        assert ana.code.isdigit()
        assert ("Ben", "Ana") == (ana.their_name, ben.their_name)

    def test_the_ends_of_two_channels_have_different_ones(self) -> None:
        """Mallory in between passes everything on, but cannot make one channel of two."""
        ana, ben = ends(HASH, bytes(32))
        carry(ana, ben)

        assert ana.code != ben.code

    @given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
    def test_it_is_six_digits_whatever_was_drawn(self, one: bytes, other: bytes) -> None:
        code = pairing.pairing_code(HASH, one, other)

        assert 6 == len(code)
        assert code.isdigit()

    def test_whoever_calls_is_bound_before_they_see_the_other_s_half(self) -> None:
        """Else they could try nonces until the code is the one they want."""
        ana, ben = ends()
        ben.receive(ana.outgoing.pop())
        changed = encode([int(PairingType.OPEN), M, "Ana"])

        with pytest.raises(BadSignature):
            ben.receive(changed)
        assert "" == ben.code

    def test_whoever_is_called_has_said_its_half_before_it_sees_the_other(self) -> None:
        ana, ben = ends()
        with pytest.raises(InvalidState):
            ben.receive(encode([int(PairingType.OPEN), A, "Ana"]))
        with pytest.raises(InvalidState):
            ana.receive(encode([int(PairingType.OPEN), A, "Ana"]))


class TestRoles:
    """Who invites whom."""

    @pytest.mark.parametrize(
        ("house_a", "house_b", "roles"),
        [
            (HOUSE, b"", ("inviter", "guest")),
            (b"", HOUSE, ("guest", "inviter")),
            (HOUSE, HOUSE, ("guest", "inviter")),
            (b"", b"", ("no-house", "no-house")),
            (HOUSE, OTHER_HOUSE, ("other-house", "other-house")),
        ],
    )
    def test_the_one_with_a_house_invites(
        self, house_a: bytes, house_b: bytes, roles: tuple[str, str]
    ) -> None:
        ana, ben = paired(house_a, house_b)

        assert roles == (ana.role, ben.role)

    def test_nobody_befriends_themselves(self) -> None:
        ana, ben = ends()
        carry(ana, ben)
        for end in (ana, ben):
            end.confirm(Home(HOUSE, A))
        carry(ana, ben)

        assert "own-home" == ana.role == ben.role

    def test_until_both_have_confirmed_there_are_none(self) -> None:
        ana, ben = ends()
        carry(ana, ben)
        ana.confirm(Home(HOUSE, A))
        assert ana.role is None
        carry(ana, ben)

        assert ben.role is None
        assert Home(HOUSE, A) == ben.theirs

    def test_the_invitation_goes_over_and_its_end_comes_back(self) -> None:
        ana, ben = paired(HOUSE, b"")
        ana.invite("openhouse:abc")
        carry(ana, ben)
        assert "openhouse:abc" == ben.link

        ben.joined()
        carry(ana, ben)
        assert "joined" == ana.over == ben.over

    def test_either_may_end_it_and_say_why(self) -> None:
        ana, ben = ends()
        carry(ana, ben)
        ben.end("differs")
        carry(ana, ben)

        assert "differs" == ana.over == ben.over


def said(kind: int, *values: object) -> bytes:
    return encode([kind, *values])  # type: ignore[list-item]


class TestNonsense:
    """Whatever comes at the wrong time, or has the wrong shape, ends it."""

    @pytest.mark.parametrize(
        "message",
        [
            said(PairingType.SAME, HOUSE, B),
            said(PairingType.INVITATION, "openhouse:abc"),
            said(PairingType.JOINED),
            said(PairingType.COMMIT, bytes(32)),
            said(99),
        ],
    )
    def test_what_may_not_come_yet_is_refused(self, message: bytes) -> None:
        ana, _ = ends()

        with pytest.raises(InvalidState):
            ana.receive(message)

    @pytest.mark.parametrize(
        "message",
        [
            b"",
            b"\xc1",
            encode([]),
            said(PairingType.ANSWER),
            said(PairingType.ANSWER, B),
            said(PairingType.ANSWER, B[:31], "Ben"),
            said(PairingType.ANSWER, B, 7),
            said(PairingType.ANSWER, B, "x" * 81),
            said(PairingType.OVER),
            said(PairingType.OVER, "x" * 65),
            said(PairingType.OVER, *["x" * 4000] * 2),
        ],
    )
    def test_another_shape_is_refused(self, message: bytes) -> None:
        ana, _ = ends()

        with pytest.raises((Malformed, TooLarge, InvalidState)):
            ana.receive(message)
        assert "" == ana.code

    @pytest.mark.parametrize(
        "message",
        [
            said(PairingType.SAME, HOUSE),
            said(PairingType.SAME, HOUSE[:5], B),
            said(PairingType.SAME, HOUSE, B[:5]),
            said(PairingType.COMMIT, bytes(32)),
            said(PairingType.ANSWER, B, "Ben"),
        ],
    )
    def test_a_confirmation_of_another_shape_is_refused(self, message: bytes) -> None:
        ana, ben = ends()
        carry(ana, ben)

        for end in (ana, ben):
            with pytest.raises(RemoteProtocolError):
                end.receive(message)
        assert ana.theirs is None

    def test_only_the_guest_is_invited_and_only_the_inviter_hears_of_it(self) -> None:
        ana, ben = paired(HOUSE, b"")

        with pytest.raises(InvalidState):
            ana.receive(said(PairingType.INVITATION, "openhouse:abc"))
        with pytest.raises(InvalidState):
            ben.receive(said(PairingType.JOINED))
        with pytest.raises(Malformed):
            ana.receive(said(PairingType.JOINED, 1))
        with pytest.raises(Malformed):
            ben.receive(said(PairingType.INVITATION))

    @given(st.binary(max_size=200))
    def test_any_bytes_at_all_are_refused_or_taken(self, message: bytes) -> None:
        ana, ben = ends()
        carry(ana, ben)

        for end in (ana, ben):
            try:
                end.receive(message)
            except RemoteProtocolError:
                continue


class TestChannel:
    """Without any key known beforehand. Spec: §6.4."""

    def test_both_ends_have_one_channel(self) -> None:
        initiator = PairingInitiator(A)
        first = read_first(initiator.send_first())
        assert first.kind is HandshakeKind.PAIRING
        second, theirs, their_hash = answer_first(first, B)
        ours, our_hash = initiator.receive_second(second)

        assert our_hash == their_hash
        [frame] = ours.seal_message(b"hello")
        assert b"hello" == theirs.receive(frame)

    def test_a_second_message_that_was_changed_is_refused(self) -> None:
        initiator = PairingInitiator(A)
        second, *_ = answer_first(read_first(initiator.send_first()), B)
        changed = second[:-1] + bytes([second[-1] ^ 1])

        with pytest.raises(RemoteProtocolError):
            initiator.receive_second(changed)

    def test_a_first_message_that_is_cut_short_is_refused(self) -> None:
        with pytest.raises(Malformed):
            answer_first(read_first(PairingInitiator(A).send_first()[:20]), B)


VECTORS = json.loads(
    (Path(__file__).parents[2] / "protocol" / "vectors" / "pairing.json").read_text("utf-8")
)


class TestVectors:
    """Made without this code. Spec: §15, §17.8."""

    @pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: str(case["id"]))
    def test_case(self, case: dict[str, Any]) -> None:
        read = {"Channel": channel_of, "Dialogue": dialogue_of}[case["flags"][0]]
        try:
            found: object = read(case["input"])
            error = None
        except RemoteProtocolError as refused:
            found, error = None, refused.code

        assert (case["error"], case["decoded"]) == (error, found)

    def test_the_file_is_what_its_script_makes(self) -> None:
        script = Path(__file__).parents[1] / "vectors" / "make_pairing.py"

        assert f"tests/vectors/{script.name}" in VECTORS["source"]
        assert script.is_file()


def channel_of(given: dict[str, Any]) -> dict[str, str]:
    initiator = PairingInitiator(bytes.fromhex(given["initiator"]))
    first = initiator.send_first()
    second, _, theirs = answer_first(read_first(first), bytes.fromhex(given["responder"]))
    _, ours = initiator.receive_second(second)
    assert ours == theirs
    return {"first": first.hex(), "second": second.hex(), "handshake_hash": ours.hex()}


def dialogue_of(given: dict[str, Any]) -> dict[str, object]:
    nonce, channel_hash = (bytes.fromhex(given[name]) for name in ("nonce", "handshake_hash"))
    end = Pairing(given["is_initiator"], channel_hash, nonce, given["name"])
    confirms = given["confirms"]
    for message in given["messages"]:
        end.receive(bytes.fromhex(message))
        if end.code and confirms and end.ours is None:
            house, member = (bytes.fromhex(confirms[name]) for name in ("house", "member"))
            end.confirm(Home(house, member))
    said = [message.hex() for message in end.outgoing]
    return {"said": said, "code": end.code, "role": end.role, "over": end.over, "link": end.link}
