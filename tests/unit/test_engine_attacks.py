"""What a hostile friend may try with records, paths and pulls, and what comes of it.

Ana is the victim; Mallory is a friend of hers and a member, played by hand. Bob is an
honest friend of both. Xeno is Mallory's friend: two hops from Ana.

Spec: §5.2, §5.4, §7.3, §7.4, §8.4.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import pytest

from node.engine.commands import AddThing, SetProfile, SetThing
from node.engine.events import Disconnect, LinkId, LinkUp, Reject
from protocol.bodies import (
    STATEMENT_OBJECT,
    Availability,
    Body,
    CharterBody,
    HalfBody,
    KeysBody,
    Kind,
    ListingBody,
    Photo,
    RatingBody,
    SeatBody,
    StatementBody,
    Terms,
    ThingFile,
    ThingKind,
    WithdrawalBody,
    half_object,
    keys_object,
    seat_object,
    withdrawal_object,
)
from protocol.encoding import decode, encode, expect_array
from protocol.errors import Malformed
from protocol.keys import HouseId, MemberId, ObjectId, RecordId, Signature
from protocol.messages import (
    Announce,
    Have,
    JoinRefused,
    JoinRequest,
    Message,
    Missing,
    OfferedPath,
    Paths,
    Records,
    Want,
    Welcome,
)
from protocol.records import Record, record_id, signed_message, split_envelope
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS
THING = ObjectId(b"thing of malice!")


@dataclass
class Scene:
    """Ana's node, and the end of its link that Mallory plays."""

    pump: Pump
    mallory: LinkId

    def tell(self, *messages: Message | bytes) -> None:
        self.pump.say(self.mallory, *messages)

    def give(self, *records: Record) -> None:
        self.tell(Records(tuple(record.envelope for record in records)))

    def rejected(self) -> list[str]:
        """Why Ana refused, since the last time."""
        codes = [code for name, code in self.pump.rejects if name == "A"]
        self.pump.rejects.clear()
        return codes

    def holds(self, record: Record) -> bool:
        return self.pump.core("A").registers.has_id(record.record_id)

    def member(self, name: str) -> MemberId:
        return self.pump.member(name)

    def path(self, names: str, *, certificates: int | None = None) -> OfferedPath:
        """A path with the true certificates, or with made-up ones."""
        pump = self.pump
        known = []
        for one, other in itertools.pairwise(names):
            for a, b in ((one, other), (other, one)):
                half = pump.half(a, b)
                known.append(half.record_id if half else RecordId(bytes(32)))
        count = len(known) if certificates is None else certificates
        ids = tuple((known + [RecordId(bytes([9]) * 32)] * 8)[:count])
        return OfferedPath(tuple(self.member(name) for name in names), ids)

    def offer(self, *paths: OfferedPath) -> None:
        self.tell(Paths(paths[0].members[0], paths))


@pytest.fixture
def scene() -> Scene:
    pump = Pump()
    pump.settle("FGAMBXYZ", "FG", "AM", "AB", "BM", "MX", "XY", "YZ")
    for name in ("F", "G", "Y", "Z"):
        pump.stop(name)
    far = pump.impersonate("M", "A")
    pump.say(far, Have(bytes(8), bytes(8), 0))
    pump.heard(far)
    return Scene(pump, far)


def listing(circles: int = 3, title: str = "x", through: tuple[MemberId, ...] = ()) -> ListingBody:
    return ListingBody(title, "", ThingKind.OBJECT, circles, through, ())


class TestRecords:
    """Each record is judged by itself, whoever brings it."""

    def test_a_friend_s_own_record_is_kept(self, scene: Scene) -> None:
        """The attacks below differ from this in one thing each."""
        record = scene.pump.sign("M", listing(), THING)
        scene.give(record)

        assert [] == scene.rejected()
        assert scene.holds(record)
        assert ["x"] == scene.pump.sees("A")

    def test_a_record_of_another_house_is_refused(self, scene: Scene) -> None:
        """It belongs elsewhere. Spec §5.2."""
        record = scene.pump.sign("M", listing(), THING, house=HouseId(bytes(32)))
        scene.give(record)

        assert ["out-of-reach"] == scene.rejected()
        assert not scene.holds(record)

    @pytest.mark.parametrize(
        ("age_ms", "lease_ms", "code"),
        [
            (-10 * 60_000, DAY_MS, None),
            (-10 * 60_000 - 1, DAY_MS, "from-the-future"),
            (-400 * DAY_MS, DAY_MS, "from-the-future"),
            (DAY_MS - 1, DAY_MS, None),
            (DAY_MS, DAY_MS, "expired"),
            (400 * DAY_MS, DAY_MS, "expired"),
        ],
    )
    def test_a_record_from_another_time_is_refused(
        self, scene: Scene, age_ms: int, lease_ms: int, code: str | None
    ) -> None:
        """More than ten minutes ahead, or with its lease over. Spec §5.2."""
        created_ms = scene.pump.now_ms - age_ms
        record = scene.pump.sign("M", listing(), THING, created_ms=created_ms, lease_ms=lease_ms)
        scene.give(record)

        assert ([] if code is None else [code]) == scene.rejected()
        assert (code is None) is scene.holds(record)

    def test_a_lease_of_thirty_thousand_years_is_not_believed(self, scene: Scene) -> None:
        """Its holder leaves without a word, and the thing would stay for ever. Spec §14.1."""
        scene.give(scene.pump.sign("M", listing(title="ghost"), THING, lease_ms=2**50))
        scene.pump.stop("M")
        scene.pump.advance(61 * DAY_MS)

        stored = scene.pump.core("A").registers.stored((scene.member("M"), THING))
        assert stored is None

    @pytest.mark.parametrize(
        ("kind", "longest_days"),
        [
            (Kind.STATEMENT, 365),
            (Kind.SEAT, 3650),
            (Kind.HALF, 30),
            (Kind.LISTING, 60),
            (Kind.WITHDRAWAL, 60),
            (Kind.KEYS, 3650),
        ],
    )
    def test_nothing_is_kept_for_longer_than_its_kind_may_be(
        self, scene: Scene, kind: Kind, longest_days: int
    ) -> None:
        """The longest lease is believed, a millisecond more is not. Spec §5.2."""
        friend = scene.member("B")
        bodies: dict[Kind, tuple[Body, ObjectId]] = {
            Kind.STATEMENT: (StatementBody("Mallory", (), bytes(32), b"", b""), STATEMENT_OBJECT),
            Kind.SEAT: (SeatBody(friend), seat_object(friend)),
            Kind.HALF: (HalfBody(friend, bytes(32), True, True), half_object(friend)),
            Kind.LISTING: (listing(), THING),
            Kind.WITHDRAWAL: (WithdrawalBody(THING, 0, 1, 3, ()), withdrawal_object(THING)),
            Kind.KEYS: (KeysBody(bytes(32), MANY[:3], 2, False, ()), keys_object(0)),
        }
        good, bad = (
            scene.pump.sign("M", *bodies[kind], lease_ms=longest_days * DAY_MS + over_ms)
            for over_ms in (0, 1)
        )
        scene.give(good)
        assert [] == scene.rejected()
        assert scene.holds(good)

        scene.give(bad)
        assert ["invalid-state"] == scene.rejected()
        assert scene.holds(good)

    def test_a_forged_signature_ends_the_link(self, scene: Scene) -> None:
        """An honest node verifies before it passes anything on. Spec §14.2."""
        unsigned, *_ = split_envelope(scene.pump.sign("B", listing(), THING).envelope)
        scene.tell(Records((encode([unsigned, bytes(64), b""]),)))

        assert ["bad-signature"] == scene.rejected()
        assert not scene.pump.is_open(scene.mallory)

    def test_a_record_signed_by_somebody_else_is_refused(self, scene: Scene) -> None:
        """Mallory signs a thing in Bob's name."""
        good = scene.pump.sign("M", listing(), THING)
        unsigned, signature, _ = split_envelope(good.envelope)
        forged = unsigned.replace(scene.member("M"), scene.member("B"))
        scene.tell(Records((encode([forged, signature, b""]),)))

        assert ["bad-signature"] == scene.rejected()
        assert [] == scene.pump.sees("A")

    def test_our_own_record_that_we_do_not_hold_is_refused(self, scene: Scene) -> None:
        """From a stolen key, or from a store that was lost. Spec §5.2."""
        record = scene.pump.sign("A", listing(title="not mine"), THING)
        scene.give(record)

        assert ["not-yours"] == scene.rejected()
        assert scene.pump.is_open(scene.mallory)
        assert [] == scene.pump.core("A").mine(Kind.LISTING)

    def test_a_stranger_s_record_is_refused(self, scene: Scene) -> None:
        """No path was offered from there."""
        scene.pump.add("S")
        scene.pump.stop("S")
        for body, object_id in (
            (listing(), THING),
            (StatementBody("S", (), bytes(32), b"", b""), STATEMENT_OBJECT),
            (WithdrawalBody(THING, 0, 1, 3, ()), withdrawal_object(THING)),
        ):
            scene.give(scene.pump.sign("S", body, object_id))

            assert ["out-of-reach"] == scene.rejected()

    def test_a_genuine_charter_is_taken_from_anybody_and_another_from_nobody(
        self, scene: Scene
    ) -> None:
        """Its author and object give the house. Spec §9.1."""
        core = scene.pump.core("A")
        charter = core.of_kind(Kind.CHARTER)[0]
        parameters = charter.body.parameters if isinstance(charter.body, CharterBody) else ()
        body = CharterBody("Mallory's", (scene.member("M"),), parameters)
        for author, object_id in (("M", charter.object), ("M", THING), ("F", THING)):
            scene.give(scene.pump.sign(author, body, object_id))
            assert ["out-of-reach"] == scene.rejected()
        assert core.founders == (scene.member("F"), scene.member("G"))

    @pytest.mark.parametrize("kind", ["half", "seat", "withdrawal", "statement"])
    def test_a_record_in_a_register_that_is_not_its_own_is_refused(
        self, scene: Scene, kind: str
    ) -> None:
        """Registers are named by what they are about. Spec §5.4."""
        a = scene.member("A")
        bodies: dict[str, Body] = {
            "half": HalfBody(a, bytes(32), True, True),
            "seat": SeatBody(a),
            "withdrawal": WithdrawalBody(ObjectId(bytes(16)), 0, 1, 1, ()),
            "statement": StatementBody("M", (), bytes(32), b"", b""),
        }
        record = scene.pump.sign("M", bodies[kind], THING)
        scene.give(record)

        assert ["not-yours"] == scene.rejected()
        assert not scene.holds(record)

    def test_a_listing_in_a_half_s_register_leaves_the_edge_alone(self, scene: Scene) -> None:
        """Else a path would be offered whose certificates are gone: a crash."""
        pump = scene.pump
        pump.command("X", AddThing("xylophone", circles=3))
        scene.offer(scene.path("XM"))
        x = pump.half("X", "M"), pump.half("M", "X")
        scene.give(*(half for half in x if half is not None))
        record = pump.sign("M", listing(), half_object(scene.member("X")))
        scene.give(record)
        scene.give(pump.sign("X", listing(2), ObjectId(bytes(16))))
        pump.cut("B")
        pump.link("A", "B")
        pump.run()

        assert "not-yours" in scene.rejected()
        assert not scene.holds(record)
        assert pump.core("A").graph.has_transit(scene.member("M"), scene.member("X"))

    def test_a_half_of_others_is_taken_only_when_it_was_asked_for(self, scene: Scene) -> None:
        """Nobody fills our store with the friendships of the town."""
        y = scene.pump.half("Y", "Z")
        assert y is not None
        scene.give(y)

        assert ["out-of-reach"] == scene.rejected()
        assert not scene.holds(y)


def padded(pump: Pump, name: str, record: Record, size_bytes: int) -> bytes:
    """The same record, signed again with an extension that fills its envelope to a size.

    Extensions with odd keys must be passed on unread, so they are where bulk would hide.
    """
    value = decode(split_envelope(record.envelope)[0], size_max_bytes=2**20, allow_map=True)
    fields = expect_array(value, "record", length=12)
    missing = size_bytes - len(record.envelope)
    for filling in range(max(0, missing - 12), missing):
        unsigned = encode([*fields[:-1], {1: bytes(filling)}])
        signature = pump.homes[name].config.signer.sign(signed_message(record_id(unsigned)))
        envelope = encode([unsigned, signature, b""])
        if len(envelope) == size_bytes:
            return envelope
    raise AssertionError("no filling gives this size")


MANY = tuple(MemberId(n.to_bytes(32, "big")) for n in range(1, 200))
TERMS = Terms(HouseId(bytes(32)), THING, THING, MANY[0], MANY[1], 1, 1, 2)


def busy(count: int) -> ListingBody:
    intervals = tuple((2 * number, 2 * number + 1) for number in range(count))
    return ListingBody("x", "", ThingKind.STAY, 1, (), intervals)


def weekly(count: int) -> ListingBody:
    intervals = tuple((2 * number, 2 * number + 1) for number in range(count))
    return ListingBody("x", "", ThingKind.SPOT, 1, (), (), Availability(intervals))


def photographed(*, count: int = 1, full: int = 1, thumbnail: int = 1) -> ListingBody:
    photo = Photo(bytes(32), full, bytes(32), thumbnail)
    return ListingBody("x", "", ThingKind.OBJECT, 1, (), (), photos=(photo,) * count)


def conditional(*, conditions: int = 0, licence: int = 0) -> ListingBody:
    body = listing(title="x")
    return replace(body, conditions="x" * conditions, licence="x" * licence)


def with_file(*, title: int = 1, size_bytes: int = 1) -> ListingBody:
    file = ThingFile("x" * title, bytes(32), size_bytes)
    return replace(listing(title="x"), thing_kind=ThingKind.COPY, licence="x", file=file)


def named(size_bytes: int) -> StatementBody:
    return StatementBody("x" * size_bytes, (), bytes(32), b"", b"")


def revoking(count: int) -> KeysBody:
    return KeysBody(bytes(32), MANY[:3], 2, False, MANY[:count])


SIZES: dict[str, tuple[Body, Body]] = {
    "THROUGH_MAX": (listing(through=MANY[:32]), listing(through=MANY[:33])),
    "CIRCLES_HARD_MAX": (listing(circles=4), listing(circles=5)),
    "TITLE_SIZE_MAX_BYTES": (listing(title="x" * 160), listing(title="x" * 161)),
    "BUSY_INTERVALS_MAX": (busy(100), busy(101)),
    "WEEKLY_INTERVALS_MAX": (weekly(14), weekly(15)),
    "PHOTOS_PER_LISTING_MAX": (photographed(count=4), photographed(count=5)),
    "PHOTO_SIZE_MAX_BYTES": (photographed(full=512 * 1024), photographed(full=512 * 1024 + 1)),
    "THUMBNAIL_SIZE_MAX_BYTES": (
        photographed(thumbnail=32 * 1024),
        photographed(thumbnail=32 * 1024 + 1),
    ),
    "CONDITIONS_SIZE_MAX_BYTES": (conditional(conditions=512), conditional(conditions=513)),
    "LICENCE_SIZE_MAX_BYTES": (conditional(licence=80), conditional(licence=81)),
    "FILE_SIZE_MAX_BYTES": (
        with_file(size_bytes=512 * 1024 * 1024),
        with_file(size_bytes=512 * 1024 * 1024 + 1),
    ),
    "FILE_TITLE_SIZE_MAX_BYTES": (with_file(title=160), with_file(title=161)),
    "NAME_SIZE_MAX_BYTES": (named(80), named(81)),
    "REVOKED_KEYS_MAX": (revoking(64), revoking(65)),
}


class TestSizes:
    """One more than a record may hold: nothing of it is kept. Spec §14.1."""

    @pytest.mark.parametrize(
        ("most", "more"), [pytest.param(*pair, id=name) for name, pair in SIZES.items()]
    )
    def test_a_field_larger_than_allowed_is_refused(
        self, scene: Scene, most: Body, more: Body
    ) -> None:
        """The largest is kept; one more, well signed, is not, and ends the link."""
        registers = {Kind.STATEMENT: STATEMENT_OBJECT, Kind.KEYS: keys_object(0)}
        register = registers.get(most.kind, THING)
        good, bad = (scene.pump.sign("M", body, register) for body in (most, more))
        scene.give(good)
        assert [] == scene.rejected()
        assert scene.holds(good)

        scene.give(bad)
        assert scene.rejected() in (["malformed"], ["too-large"])
        assert scene.holds(good)
        assert not scene.holds(bad)
        assert not scene.pump.is_open(scene.mallory)

    @pytest.mark.parametrize(
        ("body", "register", "maximum", "codes"),
        [
            pytest.param(
                HalfBody(MANY[0], bytes(32), True, True),
                half_object(MANY[0]),
                1024,
                ([], ["too-large"]),
                id="CERTIFICATE_SIZE_MAX_BYTES",
            ),
            # Nobody made this contract: the rating is read, and then belongs nowhere.
            pytest.param(
                RatingBody(TERMS, Signature(bytes(64)), Signature(bytes(64)), 1, 5, bytes(16)),
                THING,
                2048,
                (["out-of-reach"], ["too-large"]),
                id="RATING_SIZE_MAX_BYTES",
            ),
            pytest.param(
                KeysBody(bytes(32), MANY[:3], 2, False, ()),
                keys_object(0),
                4096,
                ([], ["too-large"]),
                id="KEYS_SIZE_MAX_BYTES",
            ),
            # The message that holds it is already malformed (§8.2).
            pytest.param(listing(), THING, 16384, ([], ["malformed"]), id="RECORD_SIZE_MAX_BYTES"),
        ],
    )
    def test_a_record_blown_up_by_an_extension_is_refused(
        self,
        scene: Scene,
        body: Body,
        register: ObjectId,
        maximum: int,
        codes: tuple[list[str], list[str]],
    ) -> None:
        """At its limit it is judged like any other; one byte above, its body is not read."""
        record = scene.pump.sign("M", body, register)
        at_most = padded(scene.pump, "M", record, maximum)
        above = padded(scene.pump, "M", record, maximum + 1)
        scene.tell(Records((at_most,)))
        assert codes[0] == scene.rejected()
        assert scene.pump.is_open(scene.mallory)

        scene.tell(Records((above,)))
        assert codes[1] == scene.rejected()
        assert not scene.pump.is_open(scene.mallory)

    def test_a_mandate_larger_than_allowed_is_refused(self, scene: Scene) -> None:
        """It is outside of what is signed: anybody on the way could add to it."""
        unsigned, signature, _ = split_envelope(scene.pump.sign("M", listing(), THING).envelope)
        most, more = (encode([unsigned, signature, bytes(n)]) for n in (2048, 2049))
        assert bytes(2048) == split_envelope(most)[2]
        with pytest.raises(Malformed, match="mandate"):
            split_envelope(more)
        scene.tell(Records((more,)))

        assert ["malformed"] == scene.rejected()
        assert [] == scene.pump.sees("A")
        assert not scene.pump.is_open(scene.mallory)


class TestVersions:
    """No lower version ever returns: invariant I4."""

    def test_an_old_version_is_refused(self, scene: Scene) -> None:
        """Later in the same register, and after a restart."""
        old = scene.pump.sign("M", listing(title="old"), THING, sequence=10)
        new = scene.pump.sign("M", listing(title="new"), THING, sequence=11)
        scene.give(new)
        scene.give(old)
        assert ["replayed"] == scene.rejected()

        scene.pump.start("A")
        far = scene.pump.by_hand("A", lambda link: LinkUp(link, scene.member("M")))
        scene.pump.say(far, Have(bytes(8), bytes(8), 0), Records((old.envelope,)))
        assert ["replayed"] == scene.rejected()
        assert ["new"] == scene.pump.sees("A")

    def test_a_greater_epoch_goes_before_any_sequence(self, scene: Scene) -> None:
        """As the register orders them. Spec §5.4."""
        scene.give(scene.pump.sign("M", listing(title="new"), THING, epoch=1, sequence=1))
        scene.give(scene.pump.sign("M", listing(title="old"), THING, sequence=2**40))

        assert ["replayed"] == scene.rejected()
        assert ["new"] == scene.pump.sees("A")

    def test_a_withdrawn_version_is_refused(self, scene: Scene) -> None:
        """Before and after it was held; the next version is not. Spec §7.6."""
        old = scene.pump.sign("M", listing(title="old"), THING, sequence=10)
        withdrawal = WithdrawalBody(THING, 0, 10, 3, ())
        scene.give(scene.pump.sign("M", withdrawal, withdrawal_object(THING)))
        scene.give(old)
        assert ["replayed"] == scene.rejected()

        scene.give(scene.pump.sign("M", listing(title="new"), THING, sequence=11))
        assert [] == scene.rejected()
        assert ["new"] == scene.pump.sees("A")

    @pytest.mark.parametrize("turned", [False, True])
    def test_an_equivocator_is_settled_equally_everywhere(self, scene: Scene, turned: bool) -> None:
        """Whichever of the two bodies came first."""
        titles = ("one", "other")
        pair = [scene.pump.sign("M", listing(title=t), THING, sequence=10) for t in titles]
        smaller, greater = sorted(pair, key=lambda record: record.record_id)
        for record in (greater, smaller) if turned else (smaller, greater):
            scene.give(record)

        assert scene.holds(smaller)
        assert not scene.holds(greater)
        assert ([] if turned else ["replayed"]) == scene.rejected()

    def test_one_author_cannot_withdraw_another_s_thing(self, scene: Scene) -> None:
        """A withdrawal counts in its author's registers alone."""
        answer = scene.pump.command("B", AddThing("bike", circles=1))
        assert isinstance(answer, dict)
        thing = ObjectId(bytes.fromhex(str(answer["thing"])))
        body = WithdrawalBody(thing, 2**50, 2**50, 3, ())
        scene.give(scene.pump.sign("M", body, withdrawal_object(thing)))

        assert ["bike"] == scene.pump.sees("A")

    def test_a_withdrawal_takes_back_things_and_nothing_else(self, scene: Scene) -> None:
        """A half that was taken back left its edge behind, and the next offer found it missing."""
        ana, mallory = scene.pump.core("A"), scene.member("M")
        scene.give(scene.pump.sign("M", listing(2, "drum"), THING))
        scene.give(scene.pump.sign("M", named(3), STATEMENT_OBJECT))
        scene.give(scene.pump.sign("M", KeysBody(bytes(32), revoked=MANY[:1]), keys_object(0)))
        records = [stored.record for stored in ana.registers.all()]
        others = [r for r in records if r.author == mallory and r.kind is not Kind.LISTING]
        assert {Kind.HALF, Kind.STATEMENT, Kind.KEYS} == {record.kind for record in others}
        for record in others:
            body = WithdrawalBody(record.object, 2**50, 2**50, 3, ())
            scene.give(scene.pump.sign("M", body, withdrawal_object(record.object)))

        assert [] == scene.rejected()
        assert [] == [record.kind for record in others if not scene.holds(record)]
        scene.pump.start("A")
        scene.pump.link_all()
        assert scene.pump.core("A").is_live_friend(mallory)


class TestReach:
    """A node relies on the certificates that it holds itself, and on nothing else."""

    def xylophone(self, scene: Scene, circles: int = 3, **through: tuple[MemberId, ...]) -> Record:
        body = listing(circles, "xylophone", **through)
        return scene.pump.sign("X", body, THING)

    def test_a_record_without_an_offered_path_is_refused(self, scene: Scene) -> None:
        """Mallory has it, and Ana may have it; without a path she cannot know."""
        scene.give(self.xylophone(scene))

        assert ["out-of-reach"] == scene.rejected()

    def test_with_its_path_and_certificates_it_is_shown(self, scene: Scene) -> None:
        """The honest way, by hand."""
        scene.offer(scene.path("XM"))
        wanted = [m for m in scene.pump.heard(scene.mallory) if isinstance(m, Want)]
        halves = [scene.pump.half("X", "M"), scene.pump.half("M", "X")]
        assert [tuple(half.record_id for half in halves if half)] == [want.ids for want in wanted]
        scene.give(*(half for half in halves if half))
        scene.give(self.xylophone(scene))

        assert [] == scene.rejected()
        assert ["xylophone"] == scene.pump.sees("A")

    @pytest.mark.parametrize("withheld", [0, 1, 2])
    def test_without_all_certificates_it_is_kept_but_not_shown_nor_passed_on(
        self, scene: Scene, withheld: int
    ) -> None:
        """A path alone proves nothing. Spec §7.3."""
        scene.offer(scene.path("XM"))
        halves = [scene.pump.half("X", "M"), scene.pump.half("M", "X")]
        given = [half for half in halves[: 2 - withheld] if half]
        if withheld:
            scene.give(*given)
        record = self.xylophone(scene)
        scene.give(record)
        if not withheld:
            scene.give(*given)
            assert ["xylophone"] == scene.pump.sees("A")
            return

        assert scene.holds(record)
        assert [] == scene.pump.sees("A")
        assert not scene.pump.core("B").registers.has_id(record.record_id)

    def test_a_path_longer_than_the_listing_s_circles_is_no_reason(self, scene: Scene) -> None:
        """Xeno meant it for circle 1; Mallory passes it on all the same."""
        scene.offer(scene.path("XM"))
        scene.give(self.xylophone(scene, circles=1))

        assert ["out-of-reach"] == scene.rejected()

    def test_what_is_meant_for_some_friends_does_not_come_through_another(
        self, scene: Scene
    ) -> None:
        """Only through Y, and Mallory is not Y. Spec §7.5."""
        scene.offer(scene.path("XM"))
        scene.give(self.xylophone(scene, through=(scene.member("Y"),)))

        assert ["out-of-reach"] == scene.rejected()

    @pytest.mark.parametrize(
        ("names", "certificates", "code"),
        [
            ("XY", None, "out-of-reach"),
            ("MX", None, "malformed"),
            ("XAM", None, "out-of-reach"),
            ("XMXM", None, "out-of-reach"),
            ("ZYXM", None, "out-of-reach"),
            ("XM", 1, "malformed"),
            ("XM", 3, "malformed"),
        ],
    )
    def test_an_offer_that_cannot_be_used_is_refused(
        self, scene: Scene, names: str, certificates: int | None, code: str
    ) -> None:
        """False ends, through the receiver, twice through one, too long, wrong counts."""
        offered = scene.path(names, certificates=certificates)
        scene.tell(Paths(scene.member("X" if names[0] != "Z" else "Z"), (offered,)))

        assert [code] == scene.rejected()
        assert {} == scene.pump.core("A").offers.received.get(scene.member("M"), {})

    def test_made_up_certificates_are_asked_for_and_lead_nowhere(self, scene: Scene) -> None:
        """Nobody has halves of an edge that does not exist."""
        far = scene.path("ZM", certificates=2)
        scene.offer(far)
        scene.give(scene.pump.sign("Z", listing(title="zither"), THING))

        assert [] == scene.pump.sees("A")
        assert scene.pump.core("A").distance(scene.member("Z")) is None

    def test_halves_signed_by_one_side_alone_are_no_edge(self, scene: Scene) -> None:
        """Mallory attests a friendship with Zoe, who does not."""
        z = scene.member("Z")
        half = scene.pump.sign("M", HalfBody(z, bytes(32), True, True), half_object(z))
        offered = OfferedPath((z, scene.member("M")), (RecordId(bytes(32)), half.record_id))
        scene.offer(offered)
        scene.give(half)
        scene.give(scene.pump.sign("Z", listing(title="zither"), THING))

        assert [] == scene.pump.sees("A")

    def test_an_edge_that_one_end_does_not_attest_carries_nothing(self, scene: Scene) -> None:
        """A family of made-up members behind Mallory, who vouches for all of them."""
        pump = scene.pump
        pump.add("sybil")
        pump.stop("sybil")
        sybil, mallory = pump.member("sybil"), pump.member("M")
        back = pump.sign("sybil", HalfBody(mallory, bytes(32), True, True), half_object(mallory))
        for attests in (False, True):
            body = HalfBody(sybil, bytes([1]) * 32, True, attests)
            forth = pump.sign("M", body, half_object(sybil))
            ids = (back.record_id, forth.record_id)
            scene.offer(OfferedPath((sybil, mallory), ids))
            scene.give(back, forth)
            thing = pump.sign("sybil", listing(title=f"{attests}"), THING)
            scene.give(thing)

            # Attested by both ends it is Mallory's word, and Mallory on every path behind it.
            assert (["True"] if attests else []) == pump.sees("A")

    def test_a_path_taken_back_no_longer_lets_records_come(self, scene: Scene) -> None:
        """An empty offer replaces the former."""
        scene.offer(scene.path("XM"))
        scene.tell(Paths(scene.member("X"), ()))
        scene.give(self.xylophone(scene))

        assert ["out-of-reach"] == scene.rejected()

    def test_the_certificates_of_a_path_do_not_prove_another(self, scene: Scene) -> None:
        """X to M is proved; Y is not, whatever is said."""
        scene.offer(scene.path("XM"))
        halves = [scene.pump.half("X", "M"), scene.pump.half("M", "X")]
        scene.give(*(half for half in halves if half))
        scene.offer(OfferedPath(scene.path("YM").members, scene.path("XM").certificates))
        scene.give(scene.pump.sign("Y", listing(title="yacht"), THING))

        assert [] == scene.pump.sees("A")


class TestPulling:
    """Announced and not served, served and not announced."""

    def test_a_false_announcement_does_not_keep_a_record_from_coming(self, scene: Scene) -> None:
        """Mallory announces Bob's next thing first, and never serves it."""
        pump = scene.pump
        pump.cut("A", "B")
        pump.command("B", AddThing("bike", circles=1))
        bike = pump.core("B").mine(Kind.LISTING)[0]
        scene.tell(Announce(7, False, ((bike.record_id, 300),)))
        pump.link("A", "B")
        pump.run()

        assert ["bike"] == pump.sees("A"), "Bob pushes what is his own"

    def test_wants_are_answered_with_what_a_friend_may_have_and_no_more(self, scene: Scene) -> None:
        """Mallory knows the ids of things that are not for her."""
        pump = scene.pump
        b = pump.member("B").hex()
        pump.command("A", AddThing("private", circles=0))
        pump.command("A", AddThing("for Bob", circles=1, only_through=(b,)))
        pump.command("A", AddThing("for all", circles=1))
        pump.heard(scene.mallory)
        mine = pump.core("A").mine(Kind.LISTING)
        scene.tell(Want(tuple(record.record_id for record in mine)))
        said = pump.heard(scene.mallory)

        assert [Records((mine[2].envelope,)), Missing((mine[0].record_id, mine[1].record_id))] == (
            said
        )

    def test_certificates_are_given_only_for_paths_that_were_offered(self, scene: Scene) -> None:
        """Nobody reads the friend graph out of a node."""
        core = scene.pump.core("A")
        halves = core.of_kind(Kind.HALF)
        scene.tell(Want(tuple(half.record_id for half in halves)))
        said = scene.pump.heard(scene.mallory)
        own = [
            half.envelope
            for half in halves
            if half.author == core.me and getattr(half.body, "friend", b"") == scene.member("M")
        ]
        offered = {
            envelope for message in said if isinstance(message, Records)
            for envelope in message.envelopes
        }  # fmt: skip

        assert set(own) == offered

    def test_somebody_who_is_no_member_yet_gets_circle_1_and_no_paths(self) -> None:
        """A candidate cannot map the town."""
        pump = Pump()
        pump.settle("FGAB", "FG", "AB", "AF")
        pump.add("C")
        pump.join("A", "C")
        pump.command("B", AddThing("bike", circles=3))
        pump.command("A", AddThing("axe", circles=1))

        assert ["axe"] == pump.sees("C")
        assert {} == pump.core("C").offers.received.get(pump.member("A"), {})
        assert [] == [h for h in pump.core("C").of_kind(Kind.HALF) if pump.member("C") not in (
            h.author, getattr(h.body, "friend", b""))]  # fmt: skip

    def test_a_join_message_on_a_friend_s_link_is_refused(self, scene: Scene) -> None:
        """It has its own kind of link. Spec §8.1."""
        for message in (JoinRequest((), ()), Welcome((), ()), JoinRefused("x")):
            scene.tell(message)
        assert ["quota-exceeded"] * 3 == scene.rejected()

    def test_refusals_are_counted_and_told_to_the_host(self, scene: Scene) -> None:
        """With the link, the code and a sentence."""
        effects = scene.pump.homes["A"].effects
        effects.clear()
        scene.tell(b"\xff")
        rejects = [effect for effect in effects if isinstance(effect, Reject)]
        closes = [effect for effect in effects if isinstance(effect, Disconnect)]

        assert ["malformed"] == [reject.code for reject in rejects]
        assert ["malformed"] == [close.reason for close in closes]
        assert rejects[0].detail.endswith(".")

    def test_a_change_of_name_or_thing_is_told_to_honest_friends_as_before(
        self, scene: Scene
    ) -> None:
        """After all this, the node goes on."""
        scene.tell(b"\xff")
        scene.pump.command("A", SetProfile("Ana", ("es",)))
        answer = scene.pump.command("A", AddThing("axe", circles=1))
        assert isinstance(answer, dict)
        scene.pump.command("A", SetThing(str(answer["thing"]), title="big axe"))

        assert ["big axe"] == scene.pump.sees("B")
        assert "Ana" == scene.pump.core("B").name_of(scene.member("A"))


def test_seats_that_a_friend_makes_up_make_nobody_a_member(scene: Scene) -> None:
    """Also not when they are pushed on a friend's link. Rule R6."""
    pump = scene.pump
    members = list(pump.core("A").members)
    for name in ("s1", "s2", "s3"):
        pump.add(name)
        pump.stop(name)
    made_up = [
        pump.sign(sponsor, SeatBody(pump.member(guest)), seat_object(pump.member(guest)))
        for sponsor in ("M", "s1", "s2", "s3")
        for guest in ("s1", "s2", "s3")
        if sponsor != guest
    ]
    scene.give(*made_up)

    assert members == list(pump.core("A").members)


def test_a_friendship_with_oneself_is_refused(scene: Scene) -> None:
    """It stood in the graph as an edge with one end, and took the node down with its lease.

    Spec §7.1.
    """
    mallory = scene.member("M")
    scene.give(scene.pump.sign("M", HalfBody(mallory, bytes(32), True, True), half_object(mallory)))

    assert ["not-yours"] == scene.rejected()
    scene.pump.advance(2 * DAY_MS)


def test_what_came_in_the_very_message_that_made_us_friends_again_is_asked_for(
    scene: Scene,
) -> None:
    """Else it was refused for good, with nothing of the friend's log held yet. Spec §8.3."""
    pump = scene.pump
    pump.advance(31 * DAY_MS)
    assert not pump.core("A").is_live_friend(scene.member("M"))
    pump.heard(scene.mallory)
    thing = pump.sign("M", listing(), THING)
    half = pump.sign(
        "M", HalfBody(scene.member("A"), bytes(32), True, True), half_object(scene.member("A"))
    )
    scene.give(thing, half)

    assert ["out-of-reach"] == scene.rejected()
    assert pump.core("A").is_live_friend(scene.member("M"))
    asked = [m for m in pump.heard(scene.mallory) if isinstance(m, Have)]
    assert [(bytes(8), 0)] == [(have.peer_epoch, have.upto) for have in asked]

    scene.tell(Announce(7, False, ()))
    assert 0 == pump.core("A").links[_link_at(scene)].session.peer_upto

    scene.tell(Announce(0, False, ()))
    scene.give(thing)
    scene.tell(Announce(7, False, ()))
    assert scene.holds(thing)
    assert 7 == pump.core("A").links[_link_at(scene)].session.peer_upto


def _link_at(scene: Scene) -> LinkId:
    link_id = scene.pump.core("A").link_of(scene.member("M"))
    assert link_id is not None, "the link stands"
    return link_id
