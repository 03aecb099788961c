"""Spec §9: founding a house, inviting, joining, seats."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.engine.commands import AddThing, EndFriendship, FoundHouse, Invite, Join, SetProfile
from node.engine.events import HostLinkUp, Json, LinkId, Space
from protocol import limits
from protocol.bodies import (
    STATEMENT_OBJECT,
    AmendmentBody,
    CharterBody,
    HalfBody,
    Kind,
    SeatBody,
    StatementBody,
    half_object,
    seat_object,
)
from protocol.charter import Charter
from protocol.errors import Refused
from protocol.house import amendment_object, house_id
from protocol.invitations import decode_link, encode_link
from protocol.keys import HouseId, MemberId, ObjectId
from protocol.messages import Have, JoinRefused, JoinRequest, Message, Records, Welcome
from protocol.records import Record
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS


def house(*names: str, charter: Charter = Charter()) -> Pump:  # noqa: B008 - frozen
    """A house founded by the first; the others run and know nobody."""
    pump = Pump()
    for name in names:
        pump.add(name)
    answer = pump.command(names[0], FoundHouse("Rue des Lilas", charter))
    assert isinstance(answer, dict)
    return pump


def founded(*names: str, charter: Charter = Charter()) -> Pump:  # noqa: B008 - frozen
    """The same with two founders, who are members."""
    pump = house(*names, charter=charter)
    pump.join(names[0], names[1])
    return pump


def standings(pump: Pump) -> dict[str, str]:
    return {name: pump.core(name).standing() for name in pump.homes}


def friends_of(pump: Pump, name: str) -> list[MemberId]:
    """Who is a friend, live or not; ended friendships are remembered, and none."""
    return [m for m, friend in pump.core(name).friends.items() if not friend.ended]


def code(answer: Json | Refused) -> str:
    assert isinstance(answer, Refused), f"{answer} was no refusal"
    return answer.code


class TestFounding:
    """Spec §9.1, §9.2."""

    def test_the_house_is_named_after_founder_and_first_charter(self) -> None:
        """So the first charter proves itself, and there is no other."""
        pump = house("ana")
        core = pump.core("ana")
        charter = core.of_kind(Kind.CHARTER)[0]

        assert isinstance(charter.body, CharterBody)
        rules = (charter.body.name, charter.body.parameters)
        assert house_id(core.me, charter.object, *rules) == core.house == charter.house
        assert "alone" == core.standing()

    def test_a_founder_cannot_found_again(self) -> None:
        """Version 1 gives a member one house."""
        pump = house("ana")

        assert "already-in-a-house" == code(pump.command("ana", FoundHouse("Two", Charter())))

    def test_a_house_needs_a_name(self) -> None:
        """State is unchanged."""
        pump = Pump()
        pump.add("ana")

        assert "name-missing" == code(pump.command("ana", FoundHouse("  ", Charter())))
        assert pump.core("ana").house is None

    def test_the_first_guest_is_the_second_founder_and_both_are_members(self) -> None:
        """They give each other a seat."""
        pump = founded("ana", "bob")

        assert {"ana": "member", "bob": "member"} == standings(pump)
        for name in ("ana", "bob"):
            core = pump.core(name)
            assert (pump.member("ana"), pump.member("bob")) == core.founders
            assert core.is_member(pump.member("ana"))
            assert core.is_member(pump.member("bob"))
            assert core.graph.has_transit(pump.member("ana"), pump.member("bob"))
        assert [] == pump.rejects


class TestJoining:
    """Spec §9.3."""

    def test_a_newcomer_is_a_candidate_until_a_second_member_answers_for_it(self) -> None:
        """Rule R6: two seats by two members."""
        pump = founded("ana", "bob", "cleo")
        first = pump.join("ana", "cleo")

        assert isinstance(first, dict)
        assert pump.member("ana").hex() == first["friend"]
        assert "candidate" == first["standing"] == pump.core("cleo").standing()

        second = pump.join("bob", "cleo")

        assert isinstance(second, dict)
        assert "member" == second["standing"]
        for name in pump.homes:
            assert pump.core(name).is_member(pump.member("cleo"))

    def test_a_candidate_sees_and_shows_circle_1_only(self) -> None:
        """Its edge carries nothing farther, in either direction. Spec §7.2."""
        pump = founded("ana", "bob", "cleo")
        pump.join("ana", "cleo")
        pump.command("bob", AddThing("bob's ladder", circles=3))
        pump.command("ana", AddThing("ana's drill", circles=1))
        pump.command("cleo", AddThing("cleo's tent", circles=3))

        assert ["ana's drill"] == pump.sees("cleo")
        assert ["bob's ladder", "cleo's tent"] == pump.sees("ana")
        assert ["ana's drill"] == pump.sees("bob")
        assert [] == [r for r in pump.core("bob").of_kind(Kind.LISTING) if r.author == _id(pump)]

        pump.join("bob", "cleo")
        pump.command("bob", EndFriendship(_id(pump).hex()))

        assert ["ana's drill", "bob's ladder"] == pump.sees("cleo")
        assert ["ana's drill", "cleo's tent"] == pump.sees("bob")

    def test_friends_know_each_other_s_names_after_joining(self) -> None:
        """The statements came with the greeting."""
        pump = founded("ana", "bob", "cleo")
        pump.join("ana", "cleo")

        assert "ana" == pump.core("cleo").name_of(pump.member("ana"))
        assert "cleo" == pump.core("ana").name_of(pump.member("cleo"))

    def test_who_welcomes_without_a_statement_makes_one(self) -> None:
        """Else nobody could give it back to a guest who loses its disk (found by seed 1019)."""
        pump = founded("ana", "bruno", "cleo")
        ana = pump.core("ana")
        statement = ana.current(ana.me, STATEMENT_OBJECT)
        assert statement is not None
        ana.drop(statement)

        pump.join("ana", "cleo")

        assert pump.core("cleo").current(ana.me, STATEMENT_OBJECT) is not None

    def test_members_befriend_without_a_new_seat(self) -> None:
        """An invitation is a friendship, and a seat for a newcomer only."""
        pump = founded("ana", "bob", "cleo", "dan")
        for host in ("ana", "bob"):
            pump.join(host, "cleo")
            pump.join(host, "dan")
        before = len(pump.core("cleo").mine(Kind.SEAT))
        pump.join("cleo", "dan")

        assert before == len(pump.core("cleo").mine(Kind.SEAT))
        assert pump.core("cleo").is_live_friend(pump.member("dan"))

    def test_lineage_travels_to_who_must_check_it(self) -> None:
        """A member deep in the house proves itself to a friend by its sponsors' seats."""
        charter = Charter(cooptations_per_year_max=10)
        pump = founded("ana", "bob", "cleo", "dan", "eva", "fay", charter=charter)
        for guest in ("cleo", "dan"):
            pump.join("ana", guest)
            pump.join("bob", guest)
        for guest in ("eva", "fay"):
            pump.join("cleo", guest)
            pump.join("dan", guest)
        pump.join("eva", "fay")

        assert set(standings(pump).values()) == {"member"}
        for name in ("eva", "fay"):
            core = pump.core(name)
            assert core.graph.has_transit(pump.member("eva"), pump.member("fay"))

    def test_an_invitation_is_used_once(self) -> None:
        """The second guest is told plainly."""
        pump = founded("ana", "bob", "cleo", "dan")
        link = pump.invite("ana")
        pump.command("cleo", Join(link))

        assert "invitation-used" == code(pump.command("dan", Join(link)))
        assert pump.core("dan").house is None
        assert [] == friends_of(pump, "dan")

    def test_an_expired_invitation_is_refused_by_guest_and_host(self) -> None:
        """Whichever clock is right."""
        pump = founded("ana", "bob", "cleo")
        link = pump.invite("ana", ttl_ms=HOUR_MS)
        invitation = decode_link(link)
        pump.now_ms += HOUR_MS
        later = encode_link(replace(invitation, expires_ms=pump.now_ms + HOUR_MS))

        assert "invitation-expired" == code(pump.command("cleo", Join(link)))
        assert "invitation-expired" == code(pump.command("cleo", Join(later)))
        assert [] == friends_of(pump, "cleo")

    def test_a_guest_whose_welcome_was_lost_may_come_again(self) -> None:
        """Also when the time of the invitation is over by then."""
        pump = founded("ana", "bob", "cleo")
        link = pump.invite("ana")
        _join_and_lose_the_answer(pump, "cleo", link)
        assert [pump.member("bob"), _id(pump)] == friends_of(pump, "ana")
        assert pump.core("cleo").house is None
        answer = pump.command("cleo", Join(link))

        assert isinstance(answer, dict)
        assert pump.core("cleo").is_live_friend(pump.member("ana"))
        assert 2 == len(pump.core("ana").mine(Kind.SEAT))

    def test_a_join_that_comes_to_nothing_leaves_nothing_behind(self) -> None:
        """The guest may found a house of its own, and its statement speaks of that one."""
        pump = founded("ana", "bob", "cleo")
        _join_and_lose_the_answer(pump, "cleo", pump.invite("ana"))
        core = pump.core("cleo")

        assert (None, []) == (core.house, friends_of(pump, "cleo"))
        assert isinstance(pump.command("cleo", FoundHouse("Mine", Charter())), dict)
        assert [core.house] == [record.house for record in core.mine(Kind.STATEMENT)]

    def test_who_was_not_let_in_lives_on_for_a_year(self) -> None:
        """What it said to be let in would be due to be said again after half of one."""
        pump = founded("ana", "bob", "cleo")
        _join_and_lose_the_answer(pump, "cleo", pump.invite("ana"))
        pump.stop("ana")
        pump.stop("bob")
        pump.advance(400 * DAY_MS)

        assert pump.core("cleo").house is None
        assert pump.core("cleo").mine(Kind.STATEMENT) == []

    def test_nobody_answers(self) -> None:
        """The inviter's node is off."""
        pump = founded("ana", "bob", "cleo")
        link = pump.invite("ana")
        pump.stop("ana")

        assert "inviter-unreachable" == code(pump.command("cleo", Join(link)))

    @pytest.mark.parametrize(
        ("who", "elsewhere", "expected"),
        [
            ("ana", False, "own-invitation"),
            ("bob", False, "already-friends"),
            ("bob", True, "other-house"),
        ],
    )
    def test_a_pointless_invitation_is_refused_before_anybody_is_dialled(
        self, who: str, elsewhere: bool, expected: str
    ) -> None:
        """State is unchanged."""
        pump = founded("ana", "bob")
        invitation = decode_link(pump.invite("ana"))
        if elsewhere:
            invitation = replace(invitation, house=HouseId(bytes(32)))

        assert expected == code(pump.command(who, Join(encode_link(invitation))))

    def test_a_mangled_link_is_refused_with_a_reason(self) -> None:
        """One clear sentence. Spec §9.3."""
        pump = founded("ana", "bob", "cleo")
        link = pump.invite("ana")
        for text in ("", "hello", link[:40], link[:-3]):
            assert "link-malformed" == code(pump.command("cleo", Join(text)))

    def test_the_same_link_twice_at_once_is_refused(self) -> None:
        """The first join is still out."""
        pump = founded("ana", "bob", "cleo")
        link = pump.invite("ana")
        pump.start_command("cleo", Join(link))

        assert "join-under-way" == code(pump.command("cleo", Join(link)))
        assert pump.core("cleo").is_live_friend(pump.member("ana"))

    def test_a_member_of_one_house_cannot_join_another(self) -> None:
        """The host would say the same."""
        pump = founded("ana", "bob", "cleo", "dan")
        assert isinstance(pump.command("cleo", FoundHouse("Other", Charter())), dict)

        assert "other-house" == code(pump.join("ana", "cleo"))


def _id(pump: Pump) -> MemberId:
    return pump.member("cleo")


def _join_and_lose_the_answer(pump: Pump, guest: str, link: str) -> None:
    """The host welcomes; the link breaks before the guest hears of it."""
    pump.start_command(guest, Join(link))
    pump.run(lambda: any(m for m in pump.core("ana").friends if m == pump.member(guest)))
    pump.cut(guest)
    pump.run()


class TestInviting:
    """Who may invite whom, and how often."""

    def test_alone_without_a_house_or_as_a_candidate_nobody_can_be_invited(self) -> None:
        """A seat by somebody who has none is worth nothing."""
        pump = founded("ana", "bob", "cleo", "dan")
        pump.join("ana", "cleo")

        assert "no-house" == code(pump.command("dan", Invite(HOUR_MS, ())))
        assert "inviter-not-a-member" == code(pump.command("cleo", Invite(HOUR_MS, ())))

    @pytest.mark.parametrize("ttl_ms", [0, -1, 30 * DAY_MS + 1])
    def test_an_invitation_lasts_from_now_to_thirty_days(self, ttl_ms: int) -> None:
        """A longer one would be found in an old mailbox. Spec §14."""
        pump = house("ana")

        assert "ttl-out-of-range" == code(pump.command("ana", Invite(ttl_ms, ())))

    def test_a_member_gives_so_many_seats_a_year(self) -> None:
        """The guest is told that there are none left; in a year there are. Spec §9.2."""
        pump = founded("ana", "bob", "c", "d", "e", charter=Charter(cooptations_per_year_max=2))
        pump.join("ana", "c")

        assert "no-seats-left" == code(pump.join("ana", "d"))
        assert "candidate" == pump.core("c").standing()
        assert pump.core("d").house is None

        pump.now_ms += 366 * DAY_MS

        assert isinstance(pump.join("ana", "d"), dict)

    def test_who_comes_back_by_words_alone_takes_no_second_seat_of_the_same_sponsor(self) -> None:
        """Their computer was lost before they had a second sponsor."""
        pump = founded("ana", "bob", "c", "d", charter=Charter(cooptations_per_year_max=2))
        pump.join("ana", "c")
        pump.stop("c")
        pump.homes["c"].disk = {
            (Space.META, b"log_epoch"): b"new disk",
            (Space.META, b"epoch"): pump.now_ms // 1000,
            (Space.META, b"recalling"): pump.now_ms,
        }
        pump.start("c")

        assert isinstance(pump.join("ana", "c"), dict)
        assert "candidate" == pump.core("c").standing()
        assert "no-seats-left" == code(pump.join("ana", "d"))

    def test_a_member_without_seats_left_may_befriend_members(self) -> None:
        """A friendship costs no seat."""
        pump = founded("a", "b", "c", "d", charter=Charter(cooptations_per_year_max=2))
        for host in ("a", "b"):
            pump.join(host, "c")
        pump.join("c", "d")

        assert "no-seats-left" == code(pump.join("a", "d"))
        pump.command("c", EndFriendship(pump.member("a").hex()))
        assert isinstance(pump.join("a", "c"), dict)

    def test_friends_are_so_many_at_most(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every record may be offered to each of them. Spec §14."""
        pump = founded("ana", "bob", "cleo")
        link = pump.invite("ana")
        monkeypatch.setattr("protocol.limits.FRIENDS_MAX", 1)

        assert "too-many-friends" == code(pump.command("ana", Invite(HOUR_MS, ())))
        assert "too-many-friends" == code(pump.command("cleo", Join(link)))


def greeting(
    pump: Pump,
    guest: str,
    host: str,
    *,
    statement: bool = True,
    link_key: bytes | None = None,
    towards: str = "",
) -> list[Record]:
    """What a guest shows, made by hand."""
    config = pump.homes[guest].config
    half = HalfBody(pump.member(towards or host), bytes(32), True, True)
    records = [pump.sign(guest, half, half_object(half.friend))]
    if statement:
        said = StatementBody(guest, (), link_key or config.link_public, b"", b"")
        records.insert(0, pump.sign(guest, said, STATEMENT_OBJECT))
    return records


def come(pump: Pump, host: str, link: str, link_key: bytes, *messages: Message | bytes) -> LinkId:
    """Come with an invitation, by hand, and say something."""
    tag = decode_link(link).tag
    far = pump.by_hand(host, lambda near: HostLinkUp(near, tag, link_key))
    pump.say(far, *messages)
    return far


def envelopes(records: list[Record]) -> tuple[bytes, ...]:
    return tuple(record.envelope for record in records)


class TestHostileGuest:
    """An invitation is a bearer secret; it opens one door for one guest."""

    def test_a_guest_by_hand_is_welcomed(self) -> None:
        """The attacks below differ from this in one thing each."""
        pump = founded("ana", "bob", "cleo")
        key = pump.homes["cleo"].config.link_public
        request = JoinRequest(envelopes(greeting(pump, "cleo", "ana")), ())
        far = come(pump, "ana", pump.invite("ana"), key, request)
        said = pump.heard(far)

        assert isinstance(said[0], Welcome)
        assert isinstance(said[1], Have)
        assert pump.core("ana").is_live_friend(_id(pump))

    def test_a_copy_of_somebody_s_half_does_not_make_one_this_somebody(self) -> None:
        """Without the statement nothing would bind the link key to the member."""
        pump = founded("ana", "bob")
        link = pump.invite("ana")
        stolen = pump.core("ana").current(pump.member("bob"), half_object(pump.member("ana")))
        assert stolen is not None
        before = pump.core("ana").friends[pump.member("bob")].link_key
        far = come(pump, "ana", link, bytes([7] * 32), JoinRequest((stolen.envelope,), ()))

        assert before == pump.core("ana").friends[pump.member("bob")].link_key
        assert [("ana", "malformed")] == pump.rejects
        assert not pump.is_open(far)

    @pytest.mark.parametrize(
        ("fault", "code_"),
        [
            ({"link_key": bytes([7] * 32)}, "bad-key"),
            ({"statement": False}, "malformed"),
            ({"towards": "bob"}, "not-yours"),
        ],
    )
    def test_a_greeting_that_is_not_the_guest_s_is_refused(
        self, fault: dict[str, object], code_: str
    ) -> None:
        """Another link key, no statement, a half towards somebody else."""
        pump = founded("ana", "bob", "cleo")
        records = greeting(pump, "cleo", "ana", **fault)  # type: ignore[arg-type]
        key = pump.homes["cleo"].config.link_public
        far = come(pump, "ana", pump.invite("ana"), key, JoinRequest(envelopes(records), ()))

        assert [("ana", code_)] == pump.rejects
        assert [] == pump.heard(far)
        assert not pump.is_open(far)
        assert _id(pump) not in pump.core("ana").friends

    def test_two_guests_in_one_greeting_are_refused(self) -> None:
        """A guest shows one half."""
        pump = founded("ana", "bob", "cleo", "dan")
        records = greeting(pump, "cleo", "ana") + greeting(pump, "dan", "ana")
        key = pump.homes["cleo"].config.link_public
        come(pump, "ana", pump.invite("ana"), key, JoinRequest(envelopes(records), ()))

        assert [("ana", "malformed")] == pump.rejects

    def test_somebody_else_s_statement_is_refused(self) -> None:
        """It would put words into another's mouth."""
        pump = founded("ana", "bob", "cleo")
        key = pump.homes["cleo"].config.link_public
        forged = pump.sign("bob", StatementBody("x", (), key, b"", b""), STATEMENT_OBJECT)
        records = [forged, *greeting(pump, "cleo", "ana")]
        come(pump, "ana", pump.invite("ana"), key, JoinRequest(envelopes(records), ()))

        assert [("ana", "bad-key")] == pump.rejects

    def test_a_former_friend_cannot_come_back_with_the_invitation_it_used(self) -> None:
        """Ending a friendship needs no second thought about old links."""
        pump = founded("ana", "bob", "cleo")
        link = pump.invite("ana")
        pump.command("cleo", Join(link))
        pump.command("ana", EndFriendship(_id(pump).hex()))

        assert "invitation-used" == code(pump.command("cleo", Join(link)))
        assert not pump.core("ana").is_live_friend(_id(pump))
        assert pump.core("ana").friends[pump.member("cleo")].ended

    def test_one_sponsor_cannot_give_two_seats(self) -> None:
        """Neither in made-up registers nor twice. Rule R6."""
        pump = founded("ana", "bob", "cleo")
        cleo = pump.member("cleo")
        extra = [
            pump.sign("bob", SeatBody(cleo), ObjectId(bytes([n]) * 16)) for n in range(1, 4)
        ] + [pump.sign("ana", SeatBody(cleo), ObjectId(bytes(16)))]
        key = pump.homes["cleo"].config.link_public
        request = JoinRequest(envelopes(greeting(pump, "cleo", "ana") + extra), ())
        come(pump, "ana", pump.invite("ana"), key, request)

        assert pump.core("ana").is_live_friend(cleo)
        assert not pump.core("ana").is_member(cleo)

    def test_a_greeting_full_of_signatures_by_nobody_takes_little_room(self) -> None:
        """Changes of the rules come with a welcome; what a guest brings is bounded. Spec §9.6."""
        pump = founded("ana", "bob", "cleo")
        ana = pump.core("ana")
        assert ana.house is not None
        forged = []
        for number in range(limits.AMENDMENTS_UNPROVED_MAX + 20):
            body = AmendmentBody(ana.house, (("capacity_max", 4 + number),))
            forged.append(pump.sign("cleo", body, amendment_object(ana.house, body)))
        key = pump.homes["cleo"].config.link_public
        request = JoinRequest(envelopes(greeting(pump, "cleo", "ana") + forged), ())
        come(pump, "ana", pump.invite("ana"), key, request)

        assert limits.AMENDMENTS_PER_MEMBER_MAX == len(ana.of_kind(Kind.AMENDMENT))
        assert [] == pump.core("bob").of_kind(Kind.AMENDMENT)
        assert Charter() == ana.charter

    def test_seats_by_throw_away_keys_make_nobody_a_member(self) -> None:
        """Members are those whose seats lead back to the founders."""
        pump = founded("ana", "bob", "cleo", "sybil1", "sybil2", "sybil3")
        cleo = pump.member("cleo")
        sybils = ("sybil1", "sybil2", "sybil3")
        forged = [pump.sign(name, SeatBody(cleo), seat_object(cleo)) for name in sybils]
        for one in sybils:
            for other in sybils:
                candidate = pump.member(other)
                if one != other:
                    forged.append(pump.sign(one, SeatBody(candidate), seat_object(candidate)))
        key = pump.homes["cleo"].config.link_public
        request = JoinRequest(envelopes(greeting(pump, "cleo", "ana") + forged), ())
        far = come(pump, "ana", pump.invite("ana"), key, request)
        pump.say(far, Records(envelopes(forged)))

        core = pump.core("ana")
        assert [pump.member("ana"), pump.member("bob")] == list(core.members)
        half = core.current(core.me, half_object(cleo))
        assert half is not None
        assert isinstance(half.body, HalfBody)
        assert not half.body.friend_is_member

    def test_a_seat_for_oneself_counts_nothing(self) -> None:
        """Also a founder needs the other's."""
        pump = house("ana", "bob")
        core = pump.core("ana")
        seat = pump.sign("ana", SeatBody(core.me), seat_object(core.me))
        core.begin(pump.now_ms)
        core.keep(seat, None)
        pump.join("ana", "bob")

        assert {"ana": "member", "bob": "member"} == standings(pump)

    def test_records_dated_ahead_are_left_out_of_a_greeting(self) -> None:
        """What no friend may bring, no guest may. Spec §5.2."""
        pump = founded("ana", "bob", "cleo")
        ana = pump.member("ana")
        ahead = pump.sign(
            "cleo", HalfBody(ana, bytes(32), True, True), half_object(ana),
            created_ms=pump.now_ms + DAY_MS,
        )  # fmt: skip
        records = [greeting(pump, "cleo", "ana")[0], ahead]
        key = pump.homes["cleo"].config.link_public
        come(pump, "ana", pump.invite("ana"), key, JoinRequest(envelopes(records), ()))

        assert not pump.core("ana").is_live_friend(_id(pump))

    def test_a_guest_of_another_house_is_told(self) -> None:
        """Its half belongs to a house that we are not in."""
        pump = founded("ana", "bob", "cleo")
        pump.command("cleo", FoundHouse("Other", Charter()))
        other = pump.core("cleo").house
        half = HalfBody(pump.member("ana"), bytes(32), True, True)
        said = StatementBody("cleo", (), pump.homes["cleo"].config.link_public, b"", b"")
        records = [
            pump.sign("cleo", half, half_object(half.friend), house=other),
            pump.sign("cleo", said, STATEMENT_OBJECT, house=other),
        ]
        key = pump.homes["cleo"].config.link_public
        far = come(pump, "ana", pump.invite("ana"), key, JoinRequest(envelopes(records), ()))

        assert [JoinRefused("other-house")] == pump.heard(far)
        assert not pump.is_open(far)

    def test_nothing_but_a_greeting_is_taken_from_a_guest(self) -> None:
        """A link that came from an invitation has one purpose until then. Spec §8.1."""
        pump = founded("ana", "bob", "cleo")
        far = come(pump, "ana", pump.invite("ana"), bytes(32), Have(bytes(8), bytes(8), 0))

        assert [("ana", "invalid-state")] == pump.rejects
        assert not pump.is_open(far)

    def test_a_guest_with_a_tag_that_nobody_gave_is_closed(self) -> None:
        """The host does not know the invitation."""
        pump = founded("ana", "bob", "cleo")
        far = pump.by_hand("ana", lambda near: HostLinkUp(near, bytes(16), bytes(32)))
        pump.say(far, JoinRequest(envelopes(greeting(pump, "cleo", "ana")), ()))

        assert [("ana", "invalid-state")] == pump.rejects


class TestHostileHost:
    """Whoever answers a guest must be who the invitation names."""

    def test_somebody_with_the_secret_and_another_link_key_is_not_the_inviter(self) -> None:
        """Neither a crash nor a friend, even if it shows the inviter's half."""
        pump = founded("ana", "bob", "cleo")
        link = pump.invite("ana")
        half = pump.core("bob").current(pump.member("ana"), half_object(pump.member("bob")))
        assert half is not None
        far = pump.answer_by_hand("cleo", Join(link), bytes([7] * 32))
        pump.say(far, Welcome((half.envelope,), ()), Have(bytes(8), bytes(8), 0))

        assert [] == pump.heard(far)
        assert ("cleo", "bad-key") == pump.rejects[0]
        assert "join-malformed" == code(pump.last_answer())
        assert [] == friends_of(pump, "cleo")

    def test_a_welcome_without_the_inviter_s_half_towards_us_is_refused(self) -> None:
        """Its half towards somebody else is none."""
        pump = founded("ana", "bob", "cleo")
        link = pump.invite("ana")
        half = pump.core("bob").current(pump.member("ana"), half_object(pump.member("bob")))
        assert half is not None
        far = pump.answer_by_hand("cleo", Join(link), pump.homes["ana"].config.link_public)
        assert isinstance(pump.heard(far)[0], JoinRequest)
        pump.say(far, Welcome((half.envelope,), ()))

        assert [("cleo", "malformed")] == pump.rejects
        assert "inviter-hung-up" == code(pump.last_answer())
        assert (None, []) == (pump.core("cleo").house, friends_of(pump, "cleo"))

    @pytest.mark.parametrize("said", ["no-seats-left", "invitation-used", "<b>boo</b>"])
    def test_a_refusal_is_told_in_our_own_words(self, said: str) -> None:
        """A code that does not exist is malformed."""
        pump = founded("ana", "bob", "cleo")
        key = pump.homes["ana"].config.link_public
        far = pump.answer_by_hand("cleo", Join(pump.invite("ana")), key)
        pump.say(far, JoinRefused(said))
        expected = said if said.isascii() and said.replace("-", "").isalpha() else "join-malformed"

        assert expected == code(pump.last_answer())
        assert (None, []) == (pump.core("cleo").house, friends_of(pump, "cleo"))

    def test_anything_but_a_welcome_ends_the_join(self) -> None:
        """Also a record that a newer program signed in good faith."""
        pump = founded("ana", "bob", "cleo")
        key = pump.homes["ana"].config.link_public
        far = pump.answer_by_hand("cleo", Join(pump.invite("ana")), key)
        pump.say(far, Have(bytes(8), bytes(8), 0))

        assert [("cleo", "invalid-state")] == pump.rejects
        assert "inviter-hung-up" == code(pump.last_answer())

    def test_a_refused_join_leaves_a_friend_whose_lease_ended_as_it_was(self) -> None:
        """And a link with that friend does not crash on its next word."""
        pump = founded("ana", "bob")
        pump.stop("ana")
        pump.advance(31 * DAY_MS)
        pump.start("ana")
        ana, bob = pump.member("ana"), pump.member("bob")
        before = pump.core("bob").friends[ana]
        link = pump.invite("ana")
        epoch = pump.core("ana").log.epoch
        pump.stop("ana")
        friend_link = pump.impersonate("ana", "bob")
        assert not pump.core("bob").is_live_friend(ana)
        far = pump.answer_by_hand("bob", Join(link), pump.homes["ana"].config.link_public)
        pump.say(far, JoinRefused("no-seats-left"))
        pump.say(friend_link, Have(epoch, bytes(8), 0))

        assert before == pump.core("bob").friends[ana]
        assert "no-seats-left" == code(pump.last_answer())
        assert bob != ana


class TestLargeHouses:
    """Greetings fit one message, however long the lineage."""

    def test_a_host_with_more_seats_than_a_message_holds_welcomes_all_the_same(self) -> None:
        """The rest comes by the stream."""
        pump = founded("ana", "bob", "cleo")
        core = pump.core("ana")
        for number in range(300):
            name = f"sponsor {number}"
            pump.add(name)
            pump.stop(name)
            seat = pump.sign(name, SeatBody(core.me), seat_object(core.me))
            core.begin(pump.now_ms)
            core.keep(seat, None)

        assert isinstance(pump.join("ana", "cleo"), dict)
        assert 300 < len(pump.core("cleo").of_kind(Kind.SEAT))

    def test_a_machine_with_many_addresses_tells_some_of_them(self) -> None:
        """At most 16 fit the message; a friend must not close the link for it."""
        pump = founded("ana", "bob", "cleo")
        pump.homes["cleo"].addresses = tuple(f"10.0.0.{n}:7470" for n in range(40))
        pump.join("ana", "cleo")
        pump.cut("ana", "cleo")
        pump.link("ana", "cleo")
        pump.run()

        assert [] == pump.rejects
        assert 16 == len(pump.core("ana").friends[pump.member("cleo")].addresses)


class TestStatements:
    """What others see of a member."""

    def test_a_new_name_reaches_friends(self) -> None:
        """The next version of the statement."""
        pump = founded("ana", "bob")
        pump.command("ana", SetProfile("Ana Maria", ("es",)))

        assert "Ana Maria" == pump.core("bob").name_of(pump.member("ana"))

    def test_a_statement_whose_lease_ended_while_off_is_made_anew(self) -> None:
        """A node that was off for more than a year."""
        pump = founded("ana", "bob")
        pump.stop("ana")
        pump.stop("bob")
        pump.now_ms += 400 * DAY_MS
        pump.start("ana")
        pump.advance(1)

        assert 1 == len(pump.core("ana").mine(Kind.STATEMENT))
