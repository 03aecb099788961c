"""Readers of what other nodes send: everything that protocol/ decodes or opens."""

from __future__ import annotations

import base64
from functools import cache
from typing import Final

from protocol import limits, pairing
from protocol.bodies import (
    STATEMENT_OBJECT,
    Body,
    CharterBody,
    HalfBody,
    KeysBody,
    Kind,
    ListingBody,
    SeatBody,
    StatementBody,
    ThingKind,
    WithdrawalBody,
)
from protocol.channel import Channel, Closed, FrameType
from protocol.charter import Charter
from protocol.encoding import Value, decode, encode, expect_array
from protocol.errors import DecodeError, InvalidState, Malformed, Refused, RemoteProtocolError
from protocol.files import Errand, PieceOpener, seal_piece
from protocol.handshake import FirstMessage, HandshakeKind, Initiator, Responder, read_first
from protocol.invitations import SCHEME, Invitation, decode_link, encode_link
from protocol.keys import (
    HouseId,
    ObjectId,
    RecordId,
    Signature,
    Signer,
    link_public_key,
    public_key_problem,
    seal,
    unseal,
    verify,
)
from protocol.layouts import decode_body, encode_body
from protocol.mailbox import (
    Content,
    Correspondence,
    decode_content,
    encode_content,
    open_item,
    seal_item,
)
from protocol.mandates import (
    MANDATE_LEASE_MS,
    Mandate,
    Successor,
    approval_message,
    decode_mandate,
    encode_mandate,
    mandate_message,
)
from protocol.messages import (
    Addresses,
    Announce,
    Compare,
    Compared,
    Have,
    JoinRefused,
    JoinRequest,
    Lazy,
    Listed,
    Message,
    Missing,
    OfferedPath,
    Part,
    Paths,
    RangeAsked,
    Recall,
    Recalled,
    Records,
    Revoked,
    Want,
    Welcome,
    decode_message,
    encode_message,
    envelopes_in,
)
from protocol.noise import CipherState
from protocol.reaching import (
    CircuitClosed,
    CircuitCredit,
    CircuitData,
    FilePiece,
    HandItem,
    IncomingCircuit,
    ItemReceipt,
    LeaveItem,
    NoPhoto,
    NoPiece,
    NotNow,
    OpenCircuit,
    PhotoPart,
    Reaching,
    WantPhoto,
    WantPiece,
    Whereabouts,
    WhereIs,
    decode_reaching,
    encode_reaching,
    is_reaching,
)
from protocol.reconcile import Comparison, ItemSet, answers
from protocol.records import Record, open_record, sign_record, split_envelope
from protocol.successions import (
    Approval,
    SuccessionRequest,
    decode_approval,
    decode_request,
    encode_approval,
    encode_request,
)
from tests.fuzz.corpus import vectors
from tests.fuzz.shapes import join_parts, reshaped, retold, split_parts
from tests.fuzz.target import Target

NOW_MS: Final = 1_790_000_000_000
HOUSE: Final = HouseId(b"h" * 32)
ALICE, BOB, CAROL = (Signer(bytes([n]) * 32) for n in (1, 2, 3))
ALICE_LINK, BOB_LINK = b"a" * 32, b"b" * 32
SECRET: Final = b"s" * 32
THING: Final = ObjectId(b"t" * 16)
ID: Final = RecordId(b"i" * 32)


# --- values, mandates, bodies ------------------------------------------------------------


def read_value(data: bytes) -> bytes:
    return encode(decode(data, size_max_bytes=limits.RECORD_SIZE_MAX_BYTES, allow_map=True))


def value_seeds() -> list[bytes]:
    made: list[Value] = [
        [], [0, 127, 128, 2**16, 2**32, 2**53 - 1], [b"", b"x" * 300, "", "é" * 40, True, False],
        [[[[[[]]]]]], [1, {1: b"x", 3: [1, 2]}], [{}], list(range(300)),
    ]  # fmt: skip
    return [encode(value) for value in made]


def read_mandate(data: bytes) -> bytes:
    return encode_mandate(decode_mandate(data))


@cache
def mandates() -> tuple[bytes, ...]:
    """Alice's root certifies Bob's key as a device; Carol's is her next root."""
    times = (NOW_MS, NOW_MS + MANDATE_LEASE_MS)
    signed = ALICE.sign(mandate_message(ALICE.public, BOB.public, (), *times))
    bare = Successor(CAROL.public, NOW_MS)
    approved = BOB.sign(approval_message(ALICE.public, 1, bare))
    successor = Successor(CAROL.public, NOW_MS, ((BOB.public, approved),))
    second = CAROL.sign(mandate_message(ALICE.public, BOB.public, (successor,), *times))
    own = CAROL.sign(mandate_message(ALICE.public, CAROL.public, (successor,), *times))
    made = [
        Mandate((), *times, signed),
        Mandate((successor,), *times, own),
        Mandate((successor,), *times, second),
    ]
    return tuple(encode_mandate(mandate) for mandate in made)


def read_body(data: bytes) -> bytes:
    """A kind's number, and a body of that kind."""
    if not data or data[0] not in list(Kind):
        raise Malformed("no such kind", "5.5")
    kind = Kind(data[0])
    value = decode(data[1:], size_max_bytes=limits.RECORD_SIZE_MAX_BYTES)
    body = decode_body(kind, value)
    if isinstance(body, CharterBody):
        Charter.from_parameters(body.parameters)
    return data[:1] + encode(encode_body(body))


def bodies() -> list[Body]:
    friend, digest = BOB.public, b"d" * 32
    return [
        CharterBody("House", (ALICE.public, friend), Charter().to_parameters()),
        StatementBody("Alice", ("fr", "es"), digest, b"", digest),
        SeatBody(friend),
        HalfBody(friend, digest, True, False),
        ListingBody("ladder", "long", ThingKind.OBJECT, 2, (friend,), ((100, 200), (300, 400))),
        WithdrawalBody(THING, 1, 2, 3, (friend,)),
        KeysBody(digest, (friend,), 2, False, (digest,)),
    ]


def body_seeds() -> list[bytes]:
    """Ours, and those of the records among the vectors."""
    made = [bytes([body.kind]) + encode(encode_body(body)) for body in bodies()]
    for envelope in vectors():
        try:
            unsigned = split_envelope(envelope)[0]
            header = expect_array(decode(unsigned, size_max_bytes=2**14, allow_map=True), "record")
            if len(header) == 12 and isinstance(header[1], int) and header[1] < 256:
                made.append(bytes([header[1]]) + encode(header[10]))
        except RemoteProtocolError:
            continue
    return made


# --- records -----------------------------------------------------------------------------


def read_record(data: bytes) -> bytes:
    """With every signature taken for good: what stands behind them is looked at."""
    return _written(open_record(data, lambda key, message, signature: True))


def read_signed_record(data: bytes) -> bytes:
    return _written(open_record(data, verify))


def _written(record: Record) -> bytes:
    unsigned, signature, mandate = split_envelope(record.envelope)
    value = decode(unsigned, size_max_bytes=limits.RECORD_SIZE_MAX_BYTES, allow_map=True)
    extensions = expect_array(value, "record")[11]
    fields: list[Value] = [
        1, int(record.kind), record.house, record.author, record.device, record.object,
        record.epoch, record.sequence, record.created_ms, record.not_after_ms,
        encode_body(record.body), extensions,
    ]  # fmt: skip
    again = encode(fields)
    assert again == unsigned, "the record says something else than its bytes"
    return encode([again, signature, mandate])


@cache
def envelopes() -> tuple[bytes, ...]:
    """Records of every kind that the vectors have, and some of ours."""
    made = []
    for body in bodies():
        for signer, mandate in ((ALICE, b""), (BOB, mandates()[0])):
            record = sign_record(
                signer, body, author=ALICE.public, mandate=mandate, house=HOUSE,
                object_id=STATEMENT_OBJECT, sequence=7, created_ms=NOW_MS,
                not_after_ms=NOW_MS + 1000,
            )  # fmt: skip
            made.append(record.envelope)
    return tuple(made)


def record_seeds() -> list[bytes]:
    return [*envelopes(), *vectors()]


# --- messages ----------------------------------------------------------------------------


def read_message(data: bytes) -> bytes:
    assert isinstance(envelopes_in(data), list), "never raises"
    message = decode_message(data)
    assert not is_reaching(data), "a message is of one sort"
    return encode_message(message)


def messages() -> list[Message]:
    """One of every type at least."""
    one, other = bytes(32), b"o" * 32
    path = OfferedPath((ALICE.public, BOB.public), (ID, ID))
    return [
        Have(b"e" * 8, bytes(8), 300),
        Announce(9, True, ((ID, 300), (RecordId(other), 1))),
        Want((ID, RecordId(other))),
        Records(envelopes()[:2]),
        Records(()),
        Missing((ID,)),
        Paths(ALICE.public, (OfferedPath((ALICE.public,), ()), path)),
        Revoked(((other, 3), (one, 0))),
        Addresses(("192.0.2.1:7470", "[::1]:7470")),
        JoinRequest(envelopes()[1:3], ("host:1",)),
        Welcome(envelopes()[2:4], ()),
        JoinRefused("invitation-used"),
        Compare(b"s" * 16, (RangeAsked(one, other, 3, other), RangeAsked(other, b"", 0, one))),
        Compared(b"s" * 16, one, b"", (Part(one, 1, other), Part(other, 2, one))),
        Listed(b"s" * 16, one, other, False, (ID,)),
        Lazy((ALICE.public,)),
        Recall(),
        Recalled(envelopes()[:1], True),
    ]


def message_seeds() -> list[bytes]:
    return [encode_message(message) for message in messages()]


def read_reaching(data: bytes) -> bytes:
    message = decode_reaching(data)
    assert is_reaching(data), "told by its second byte"
    return encode_reaching(message)


def reaching_seeds() -> list[bytes]:
    circuit, proof = b"c" * 16, (envelopes()[6], envelopes()[7])
    made: list[Reaching] = [
        OpenCircuit(circuit, BOB.public, proof), IncomingCircuit(circuit, BOB.public),
        CircuitData(circuit, b"frame"), CircuitCredit(circuit, 1000), CircuitClosed(circuit),
        WhereIs(BOB.public, proof), Whereabouts(BOB.public, ("host:1",)),
        LeaveItem(BOB.public, proof, b"sealed"), ItemReceipt(ID, True),
        HandItem(BOB.public, b"sealed"),
        WantPhoto(BOB.public, THING, ID, 0), PhotoPart(ID, 0, b"part"), NoPhoto(ID),
        WantPiece(THING, ID, 7), FilePiece(THING, ID, 7, b"sealed"),
        NoPiece(THING, ID, 7, NotNow.LATER),
    ]  # fmt: skip
    return [encode_reaching(message) for message in made]


_HELD: Final = [bytes([n]) * 32 for n in range(0, 250, 3)]
_SALT: Final = b"s" * 16


def compare(data: bytes) -> None:
    """Both ends of a comparison hear whatever the input holds."""
    comparison, held = Comparison(ItemSet(_HELD, _SALT)), ItemSet(_HELD[::2], _SALT)
    comparison.next_message()
    for part in split_parts(data):
        match decode_message(part):
            case Compare() as asked:
                if asked.salt == _SALT:
                    said = answers(held, asked)
                    assert sum(len(a.ids) for a in said if isinstance(a, Listed)) <= 10_000
                    for answer in said:
                        assert decode_message(encode_message(answer)) == answer
            case Compared() as answered:
                comparison.take_parts(answered)
            case Listed() as listed:
                comparison.take_ids(listed)
        question = None if comparison.is_waiting else comparison.next_message()
        assert question is None or len(encode_message(question)) <= limits.MESSAGE_SIZE_MAX_BYTES


def comparison_seeds() -> list[bytes]:
    asking, held = Comparison(ItemSet(_HELD, _SALT)), ItemSet(_HELD[::2], _SALT)
    said: list[bytes] = []
    while (question := asking.next_message()) is not None:
        said.append(encode_message(question))
        for answer in answers(held, question):
            said.append(encode_message(answer))
            if isinstance(answer, Compared):
                asking.take_parts(answer)
            else:
                asking.take_ids(answer)
    return [join_parts(*said), join_parts(*said[1::2]), join_parts(*said[:2])]


# --- pairing -----------------------------------------------------------------------------


def _paired(number: int) -> pairing.Pairing:
    return pairing.Pairing(number == 1, bytes(32), bytes([number]) * 32, "Ana")


def read_pairing(data: bytes) -> None:
    """What one end hears, from the first word to the last: which end, says the first byte."""
    end = _paired(_which(data))
    for message in split_parts(data[1:]):
        end.receive(message)
        if end.code and end.ours is None:
            end.confirm(pairing.Home(HOUSE if end.is_initiator else b"", bytes([9]) * 32))


def read_pairing_call(data: bytes) -> None:
    first = read_first(data)
    if first.kind is not HandshakeKind.PAIRING:
        raise Malformed("another target takes it", "6.4")
    pairing.answer_first(first, b"f" * 32)


def pairing_calls() -> list[bytes]:
    return [pairing.PairingInitiator(b"e" * 32).send_first()]


def pairings() -> list[bytes]:
    ends = [_paired(0), _paired(1)]
    heard: list[list[bytes]] = [[], []]
    is_confirmed = False
    while any(end.outgoing for end in ends):
        for number in (1, 0):
            said, ends[number].outgoing = ends[number].outgoing, []
            heard[1 - number] += said
            for message in said:
                ends[1 - number].receive(message)
        if all(end.code for end in ends) and not is_confirmed:
            is_confirmed = True
            ends[0].confirm(pairing.Home(b"", bytes([8]) * 32))
            ends[1].confirm(pairing.Home(HOUSE, bytes([7]) * 32))
    ends[1].invite("openhouse:x")
    ends[0].joined()
    heard[0] += ends[1].outgoing
    heard[1] += ends[0].outgoing
    return [bytes([number]) + join_parts(*heard[number]) for number in (0, 1)]


# --- the channel -------------------------------------------------------------------------


def _responder(first: FirstMessage) -> Responder:
    if first.kind is HandshakeKind.FRIEND:
        return Responder.friend(house=HOUSE, static=BOB_LINK, ephemeral=b"f" * 32)
    return Responder.invitation(house=HOUSE, static=BOB_LINK, ephemeral=b"f" * 32, secret=SECRET)


def _initiators() -> list[Initiator]:
    theirs, own = link_public_key(BOB_LINK), b"e" * 32
    return [
        Initiator.friend(house=HOUSE, static=ALICE_LINK, ephemeral=own, remote_static=theirs),
        Initiator.invitation(house=HOUSE, static=ALICE_LINK, ephemeral=own, secret=SECRET),
    ]


def read_first_message(data: bytes) -> None:
    first = read_first(data)
    if first.kind is HandshakeKind.PAIRING:
        raise Malformed("not asked for: another target takes it", "6.4")
    responder = _responder(first)
    tag = _initiators()[1].send_first()[2:18]
    if first.invitation_tag not in (None, tag):
        raise Malformed("no such invitation", "6.4")
    responder.receive_first(first)
    responder.send_second()


def first_messages() -> list[bytes]:
    return [initiator.send_first() for initiator in _initiators()]


def _answered(number: int) -> tuple[Initiator, Responder, bytes]:
    initiator = _initiators()[number]
    first = read_first(initiator.send_first())
    responder = _responder(first)
    responder.receive_first(first)
    return initiator, responder, responder.send_second()


def _which(data: bytes) -> int:
    if data[:1] not in (b"\0", b"\1"):
        raise Malformed("no such handshake", "6.4")
    return data[0]


def read_second_message(data: bytes) -> None:
    """To a friend's call and to a guest's: which one, says the first byte."""
    initiator, _, _ = _answered(_which(data))
    initiator.receive_second(data[1:])
    initiator.send_third()


def second_messages() -> list[bytes]:
    return [bytes([number]) + _answered(number)[2] for number in (0, 1)]


def read_third_message(data: bytes) -> None:
    _, responder, _ = _answered(_which(data))
    responder.receive_third(data[1:])


def third_messages() -> list[bytes]:
    made = []
    for number in (0, 1):
        initiator, _, second = _answered(number)
        initiator.receive_second(second)
        made.append(bytes([number]) + initiator.send_third()[0])
    return made


class _Clear(CipherState):
    """Seals nothing: frames are looked into as if every tag fitted."""

    def encrypt(self, plaintext: bytes | memoryview, associated_data: bytes = b"") -> bytes:
        return bytes(plaintext) + bytes(16)

    def decrypt(self, ciphertext: bytes | memoryview, associated_data: bytes = b"") -> bytes:
        return bytes(ciphertext[:-16])

    def rekey(self) -> None:
        pass


def read_frames(data: bytes) -> None:
    """Frames whose tags fit, and the channel at the other end that says the same."""
    near, far = (Channel(_Clear(), _Clear()) for _ in range(2))
    frames: list[bytes] = []
    for frame in split_parts(data):
        frames.append(frame[:-16] + bytes(16))
        heard = near.receive(frame)
        if isinstance(heard, bytes):
            assert far.seal_message(heard) == frames, "a message is framed in one way"
            frames.clear()
        elif isinstance(heard, Closed):
            assert [far.close_frame()] == frames
            near.receive_end()
            return
        elif frame[1] == FrameType.REKEY:
            assert frames.pop() == far.rekey_frame()


def frame_seeds() -> list[bytes]:
    channel = Channel(_Clear(), _Clear())
    small = channel.seal_message(b"hello") + channel.seal_message(b"") + [channel.seal(b"x" * 62)]
    large = channel.seal_message(bytes(70_000))
    two = channel.seal_message(b"one") + channel.seal_message(b"two")
    # Last: a channel that is closed seals nothing more.
    notices = [channel.rekey_frame(), *channel.seal_message(b"bye"), channel.close_frame()]
    sequences = (notices, small, two, small[:1] + notices[1:], large)
    return [join_parts(*frames) for frames in sequences]


def read_sealed_frame(data: bytes) -> None:
    Channel(CipherState(b"k" * 32), CipherState(b"k" * 32)).receive(data)


def sealed_frames() -> list[bytes]:
    return [Channel(CipherState(b"k" * 32), CipherState(b"k" * 32)).seal(b"hello")]


# --- items, sealed texts, links, successions -----------------------------------------------

_LETTER: Final = Correspondence(HOUSE, ALICE.public, BOB.public)


def read_item(data: bytes) -> None:
    sender = link_public_key(ALICE_LINK)
    decode_content(open_item(_LETTER, data, static=BOB_LINK, remote=sender))


def _content() -> bytes:
    told = (encode_message(Records(envelopes()[:1])), encode_message(Revoked(((ID, 2),))))
    return encode_content(Content(b"e" * 8, 12, NOW_MS, told))


def item_seeds() -> list[bytes]:
    recipient = link_public_key(BOB_LINK)
    return [seal_item(_LETTER, _content(), static=ALICE_LINK, ephemeral=SECRET, remote=recipient)]


def read_content(data: bytes) -> bytes:
    return encode_content(decode_content(data))


def read_sealed_text(data: bytes) -> None:
    unseal(BOB_LINK, data, context=b"context")


def sealed_texts() -> list[bytes]:
    recipient = link_public_key(BOB_LINK)
    return [seal(recipient, b"hello", ephemeral_private=SECRET, context=b"context")]


def text_of(data: bytes) -> str:
    """As texts come from a terminal, a request or a file: also with what is no UTF-8."""
    return data.decode(errors="surrogateescape")


def read_link(data: bytes) -> None:
    text = text_of(data)
    assert encode_link(decode_link(text)) == "".join(text.split())


def link_seeds() -> list[bytes]:
    full = Invitation(HOUSE, ALICE.public, b"l" * 32, SECRET, NOW_MS, ("192.0.2.1:7470", "h:1"))
    bare = Invitation(HOUSE, ALICE.public, b"l" * 32, SECRET, NOW_MS, ())
    odd = [SCHEME + _base64(data) for data in vectors()[::200]]
    return [text.encode() for text in (encode_link(full), encode_link(bare), *odd)]


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


_ERRAND: Final = Errand(HOUSE, THING, ALICE.public, BOB.public, b"f" * 32)


def read_piece(data: bytes) -> None:
    """A piece of a file: its number, whether it is the last, and the seal."""
    number = int.from_bytes(data[:2], "big")
    if data[2:3] not in (b"\0", b"\1"):
        raise Malformed("neither last nor not", "20.2")
    PieceOpener(_ERRAND, BOB_LINK).open(number, data[3:], is_last=data[2:3] == b"\1")


def pieces() -> list[bytes]:
    def sealed(number: int, *, is_last: bool) -> bytes:
        reader = link_public_key(BOB_LINK)
        piece = seal_piece(
            _ERRAND, number, b"part", is_last=is_last, ephemeral=SECRET, reader=reader
        )
        return number.to_bytes(2, "big") + bytes([is_last]) + piece

    return [sealed(0, is_last=False), sealed(700, is_last=True)]


_REQUEST: Final = SuccessionRequest(ALICE.public, CAROL.public, NOW_MS)


def read_request(data: bytes) -> None:
    text = text_of(data)
    assert encode_request(decode_request(text)) == "".join(text.split())


def read_approval(data: bytes) -> None:
    text = text_of(data)
    assert encode_approval(decode_approval(text)) == "".join(text.split())


def read_key(data: bytes) -> None:
    """A public key, a signature and a message: a yes or a no."""
    problem = public_key_problem(data[:32])
    is_good = verify(data[:32], data[96:], data[32:96])
    if problem is not None:
        assert not is_good, "a key that is refused verifies nothing"
    if not is_good:
        raise Malformed("not signed", "4.2")


def key_seeds() -> list[bytes]:
    signed = ALICE.public + ALICE.sign(b"hello") + b"hello"
    return [signed, *(data for data in vectors() if len(data) in (32, 96))]


DECODE: Final = (DecodeError,)
REMOTE: Final = (RemoteProtocolError,)
REFUSED: Final = (Refused,)
SIGNATURE: Final = Signature(bytes(64))
_EARLIER: Final = (Successor(BOB.public, NOW_MS - 1, ((BOB.public, SIGNATURE),)),)
_ANSWER: Final = Approval(_REQUEST, _EARLIER, 2, BOB.public, SIGNATURE)

TARGETS: Final = (
    Target("value", read_value, DECODE, lambda: [*value_seeds(), *vectors()],
           is_closed=True, mutate=reshaped),
    Target("mandate", read_mandate, DECODE, lambda: [*mandates(), *vectors()],
           is_closed=True, mutate=reshaped),
    Target("body", read_body, DECODE, body_seeds,
           is_closed=True, mutate=reshaped),
    Target("record", read_record, REMOTE, record_seeds,
           is_closed=True, mutate=reshaped),
    Target("signed-record", read_signed_record, REMOTE, record_seeds,
           is_closed=True, is_sealed=True),
    Target("message", read_message, DECODE, lambda: [*message_seeds(), *vectors()],
           is_closed=True, mutate=reshaped),
    Target("reaching", read_reaching, DECODE, lambda: [*reaching_seeds(), *vectors()],
           is_closed=True, mutate=reshaped),
    Target("comparison", compare, (DecodeError, InvalidState), comparison_seeds, is_slow=True,
           mutate=retold),
    Target("first-message", read_first_message, REMOTE, first_messages,
           is_closed=True, is_sealed=True, is_slow=True),
    Target("second-message", read_second_message, REMOTE, second_messages,
           is_closed=True, is_sealed=True, is_slow=True),
    Target("third-message", read_third_message, REMOTE, third_messages,
           is_closed=True, is_sealed=True, is_slow=True),
    Target("pairing-call", read_pairing_call, REMOTE, pairing_calls, is_closed=True, is_slow=True),
    Target("pairing", read_pairing, REMOTE, pairings),
    Target("frames", read_frames, REMOTE, frame_seeds),
    Target("sealed-frame", read_sealed_frame, REMOTE, sealed_frames,
           is_closed=True, is_sealed=True),
    Target("item", read_item, REMOTE, item_seeds, is_closed=True, is_sealed=True,
           is_slow=True),
    Target("content", read_content, DECODE, lambda: [_content(), *vectors()],
           is_closed=True, mutate=reshaped),
    Target("sealed-text", read_sealed_text, REMOTE, sealed_texts, is_closed=True, is_sealed=True),
    Target("file-piece", read_piece, REMOTE, pieces, is_closed=True, is_sealed=True),
    Target("link", read_link, REMOTE, link_seeds, is_closed=True),
    Target("succession-request", read_request, REFUSED,
           lambda: [encode_request(_REQUEST).encode()], is_closed=True),
    Target("succession-approval", read_approval, REFUSED,
           lambda: [encode_approval(_ANSWER).encode()], is_closed=True),
    Target("key", read_key, REMOTE, key_seeds, is_closed=True, is_sealed=True),
)  # fmt: skip
"""Every reader of what crosses the wire, or is passed from hand to hand."""
