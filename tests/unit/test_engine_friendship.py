"""Spec §7.7: ending a friendship, and making it again."""

from __future__ import annotations

from node.engine.commands import AddThing, EndFriendship, Join, ShowFriendship
from node.engine.events import FriendsChanged, Json, Space
from node.engine.views import friends
from protocol import limits
from protocol.bodies import HalfBody, half_object
from protocol.errors import Refused
from protocol.keys import revocation_hash, revocation_secret
from protocol.messages import Have, Revoked
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS
LINE = ("AB", "BC", "CD", "DE", "EF")


def settle(*friendships: str, names: str = "ABCDEFGH") -> Pump:
    pump = Pump()
    pump.settle(names, *friendships)
    return pump


def list_thing(pump: Pump, name: str, title: str, circles: int) -> None:
    assert isinstance(pump.command(name, AddThing(title, circles=circles)), dict)


def seers(pump: Pump, title: str) -> list[str]:
    return [name for name in pump.running() if title in pump.sees(name)]


def knows_secret(pump: Pump, name: str, of: str, towards: str) -> bool:
    """Whether this member's node knows the secret of a half."""
    return hash_of(pump, of, towards) in pump.core(name).revocations


def hash_of(pump: Pump, of: str, towards: str) -> bytes:
    home = pump.homes[of]
    start = pump.core(of).friends[pump.member(towards)].half_start
    return revocation_hash(revocation_secret(home.config.seed, pump.member(towards), start))


class TestEnding:
    """Effective at once on every node that can be reached."""

    def test_things_are_gone_on_both_sides_and_behind(self) -> None:
        """Whoever relied on the edge."""
        pump = settle(*LINE)
        list_thing(pump, "A", "ladder", 3)
        list_thing(pump, "C", "tent", 2)
        answer = pump.end("B", "C")

        assert isinstance(answer, dict)
        assert pump.member("C").hex() == answer["member"]
        assert ["B"] == seers(pump, "ladder")
        assert ["D", "E"] == seers(pump, "tent")
        assert not pump.are_linked("B", "C")
        assert pump.core("B").friends[pump.member("C")].ended
        assert pump.core("C").friends[pump.member("B")].ended

    def test_another_way_is_taken_where_there_is_one(self) -> None:
        """Remembered offers are used at once. Spec §7.4."""
        pump = settle("AB", "AC", "BD", "CD", "DE")
        list_thing(pump, "A", "ladder", 3)
        pump.end("A", "B")

        assert ["B", "C", "D", "E"] == seers(pump, "ladder")
        assert 3 == pump.core("B").distance(pump.member("A")), "by C and D"

    def test_either_side_alone_ends_it(self) -> None:
        """The two are equals."""
        for who, whom in (("A", "B"), ("B", "A")):
            pump = settle("AB")
            list_thing(pump, "A", "ladder", 1)
            pump.end(who, whom)

            assert [] == seers(pump, "ladder")
            assert [] == pump.core("A").live_friends() == pump.core("B").live_friends()

    def test_hosts_are_told_that_friends_changed(self) -> None:
        """So that they stop dialling; the former friend's key is still answered."""
        pump = settle("AB")
        pump.end("A", "B")

        for name, other in (("A", "B"), ("B", "A")):
            assert FriendsChanged() in pump.homes[name].effects
            assert [] == pump.engine(name).friends_to_dial()
            assert pump.member(other) in pump.engine(name).link_keys().values()

    def test_who_is_no_friend_cannot_be_left(self) -> None:
        """A friend's friend, a former friend, nobody: a reason is given, nothing changes."""
        pump = settle("AB", "AC", "BD")
        pump.end("A", "B")
        before = dict(pump.homes["A"].disk)
        for member in (pump.member("D"), pump.member("B"), bytes(32)):
            assert isinstance(pump.command("A", EndFriendship(member.hex())), Refused)

        assert before == pump.homes["A"].disk


class TestSecrets:
    """The secret travels farther than things do, and names nobody."""

    def test_the_secret_goes_five_hops_and_no_farther(self) -> None:
        """max_circles + REVOCATION_EXTRA_HOPS, one less at each step."""
        pump = settle("AB", "BC", "CD", "DE", "EF", "FG", "GH")
        hops = pump.core("A").charter.max_circles + limits.REVOCATION_EXTRA_HOPS
        assert 5 == hops
        secret = hash_of(pump, "B", "A")
        pump.end("B", "A")

        heard = [name for name in "ABCDEFGH" if secret in pump.core(name).revocations]
        assert ["A", "B", "C", "D", "E", "F", "G"] == heard
        left = [pump.core(name).revocations[secret].hops for name in "BCDEFG"]
        assert [5, 4, 3, 2, 1, 0] == left

    def test_it_goes_round_a_liar_who_keeps_it(self) -> None:
        """The liar's friends hear of it from the other side, and drop what came by the edge."""
        pump = settle("AB", "BC", "CD", "BE", "EF", "FD")
        list_thing(pump, "A", "ladder", 3)
        assert "ladder" in pump.sees("D")
        liar = pump.impersonate("C", "D")
        pump.say(liar, Have(bytes(8), bytes(8), 0))
        pump.end("B", "A")

        assert "ladder" not in pump.sees("D")
        assert knows_secret(pump, "D", "B", "A")

    def test_nodes_without_the_half_pass_it_on(self) -> None:
        """Whether or not they can use it."""
        pump = settle(*LINE)
        secret = hash_of(pump, "B", "A")
        assert not pump.core("D").registers.halves_with_hash(secret)
        pump.end("B", "A")

        assert secret in pump.core("E").revocations

    def test_a_secret_is_forgotten_when_no_half_can_need_it(self) -> None:
        """A lease later; on a node that still holds such a half, not before that ends."""
        pump = settle(*LINE)
        pump.end("B", "A")
        assert [1] * 6 == [len(pump.core(name).revocations) for name in "ABCDEF"]
        pump.advance(40 * DAY_MS)

        assert [0] * 6 == [len(pump.core(name).revocations) for name in "ABCDEF"]
        assert [] == [key for key in pump.homes["C"].disk if key[0] is Space.REVOCATION]

    def test_a_half_dated_ahead_does_not_come_alive_when_the_secret_is_forgotten(self) -> None:
        """Its lease ends a little later than the secret's time."""
        pump = settle("AB", "AG")
        a, b = pump.member("A"), pump.member("B")
        far = pump.impersonate("A", "B")
        secret = bytes(range(32))
        half = pump.sign(
            "A", HalfBody(b, revocation_hash(secret), True, True), half_object(b),
            created_ms=pump.now_ms + limits.CREATED_AHEAD_MAX_MS, lease_ms=40 * DAY_MS,
        )  # fmt: skip
        core = pump.core("B")
        core.begin(pump.now_ms)
        core.keep(half, a)
        pump.say(far, Revoked(((secret, 5),)))
        pump.cut("A")
        assert [] == core.live_friends()
        pump.advance(35 * DAY_MS)
        core.begin(pump.now_ms)

        assert revocation_hash(secret) in core.revocations

    def test_more_secrets_a_day_than_allowed_are_refused_but_not_those_we_can_use(self) -> None:
        """A flood from one friend must not hide the one that matters. Spec §7.7."""
        pump = settle("AB", "BC")
        list_thing(pump, "C", "tent", 2)
        assert ["tent"] == pump.sees("A")
        home = pump.homes["C"]
        start = pump.core("C").friends[pump.member("B")].half_start
        matters = revocation_secret(home.config.seed, pump.member("B"), start)
        flood = [(number.to_bytes(32, "big"), 5) for number in range(250)]
        far = pump.impersonate("B", "A")
        pump.say(far, Have(bytes(8), bytes(8), 0), Revoked((*flood, (matters, 5))))

        assert ("A", "quota-exceeded") in pump.rejects
        assert [] == pump.sees("A")
        assert 201 == len(pump.core("A").revocations)
        pump.say(far, Revoked(tuple((n.to_bytes(32, "big"), 5) for n in range(300, 310))))
        assert 201 == len(pump.core("A").revocations)

        pump.now_ms += DAY_MS
        pump.say(far, Revoked(tuple((n.to_bytes(32, "big"), 5) for n in range(300, 310))))
        assert 211 == len(pump.core("A").revocations)

    def test_hops_are_what_this_node_would_give_at_most(self) -> None:
        """A liar cannot send a secret round the town."""
        pump = settle("AB")
        far = pump.impersonate("B", "A")
        pump.say(far, Revoked(((bytes(32), 6),)))

        assert 5 == pump.core("A").revocations[revocation_hash(bytes(32))].hops

    def test_the_same_secret_with_more_hops_goes_on_with_fewer_not(self) -> None:
        """Once by everyone, unless it can go farther now."""
        pump = settle("AB")
        far = pump.impersonate("B", "A")
        key = revocation_hash(bytes(32))
        for hops, expected in ((2, 2), (1, 2), (4, 4), (4, 4)):
            pump.say(far, Revoked(((bytes(32), hops),)))
            assert expected == pump.core("A").revocations[key].hops


class TestFormerFriends:
    """They are told, and may become friends again."""

    def test_one_who_was_off_is_told_at_the_next_contact(self) -> None:
        """Whoever dials; then the link is closed."""
        for dialler, answerer in (("A", "B"), ("B", "A")):
            pump = settle("AB")
            list_thing(pump, "A", "ladder", 1)
            pump.stop("B")
            pump.end("A", "B")
            pump.start("B")
            assert ["B"] == seers(pump, "ladder")
            pump.link(dialler, answerer)
            pump.run()

            assert [] == seers(pump, "ladder")
            assert pump.core("B").friends[pump.member("A")].ended
            assert not pump.are_linked("A", "B")
            assert ("A", "friendship-ended") in pump.disconnects

    def test_who_never_hears_of_it_loses_the_things_with_the_lease(self) -> None:
        """The only guarantee when both ends never meet. Spec §7.1."""
        pump = settle("AB", "AG", "BH")
        list_thing(pump, "A", "ladder", 1)
        pump.stop("B")
        pump.end("A", "B")
        pump.start("B")
        pump.link("B", "H")
        pump.run()
        pump.advance(31 * DAY_MS)

        assert "ladder" not in pump.sees("B")

    def test_they_become_friends_again_by_an_invitation(self) -> None:
        """With a new secret: the old one ends nothing any more."""
        pump = settle("AB", "BC")
        list_thing(pump, "A", "ladder", 2)
        old = hash_of(pump, "A", "B")
        pump.end("A", "B")
        assert isinstance(pump.join("A", "B"), dict)

        assert ["B", "C"] == seers(pump, "ladder")
        assert old != hash_of(pump, "A", "B")
        assert not pump.core("B").friends[pump.member("A")].ended
        for name in "ABC":
            pump.start(name)
        pump.link_all()
        assert ["B", "C"] == seers(pump, "ladder")

    def test_again_and_again(self) -> None:
        """Five times, from either side, over restarts."""
        pump = settle("AB", "BC")
        list_thing(pump, "A", "ladder", 2)
        for turn in range(5):
            one, other = ("A", "B") if turn % 2 else ("B", "A")
            pump.end(one, other)
            assert [] == seers(pump, "ladder")
            pump.start("B")
            pump.link_all()
            assert [] == seers(pump, "ladder")
            assert isinstance(pump.join(other, one), dict)
            assert ["B", "C"] == seers(pump, "ladder")

    def test_ended_while_off_and_befriended_from_the_other_side(self) -> None:
        """B never heard of the end, and invites A again."""
        pump = settle("AB", "BC")
        list_thing(pump, "A", "ladder", 2)
        pump.stop("B")
        pump.end("A", "B")
        pump.start("B")
        assert isinstance(pump.join("B", "A"), dict)
        pump.link_all()

        assert ["B", "C"] == seers(pump, "ladder")
        assert pump.core("A").is_live_friend(pump.member("B"))
        assert pump.core("B").is_live_friend(pump.member("A"))

    def test_nothing_of_what_was_offered_remains(self) -> None:
        """Neither in memory nor on disk."""
        pump = settle("AB", "BC", "CD")
        list_thing(pump, "A", "ladder", 3)
        list_thing(pump, "D", "tent", 3)
        c = pump.member("C")
        assert [k for k in pump.homes["B"].disk if k[0] is Space.OFFERED and k[1][:32] == c]
        assert [k for k in pump.homes["B"].disk if k[0] is Space.OFFER and k[1][:32] == c]
        pump.end("B", "C")

        spaces = (Space.OFFERED, Space.OFFER, Space.CURSOR)
        rows = [key for key in pump.homes["B"].disk if key[0] in spaces and key[1][:32] == c]
        assert [] == rows


class TestDiscreet:
    """A friendship that is not shown is known to its two ends only. Spec §7.8."""

    def test_what_came_by_the_edge_is_gone_beyond_it(self) -> None:
        """The two keep each other's things; nobody behind them does."""
        pump = settle(*LINE)
        list_thing(pump, "A", "ladder", 3)
        list_thing(pump, "B", "tent", 3)
        list_thing(pump, "C", "drum", 3)
        answer = show(pump, "B", "C", False)

        assert {"member", "name", "shows"} == set(answer)
        assert ["B"] == seers(pump, "ladder")
        assert ["A", "C"] == seers(pump, "tent")
        assert ["B", "D", "E", "F"] == seers(pump, "drum")
        assert pump.are_linked("B", "C")
        assert pump.member("C") in pump.core("B").live_friends()
        assert pump.member("B") in pump.core("C").live_friends()

    def test_nobody_else_is_given_the_certificate(self) -> None:
        """Nor keeps a live one from before."""
        pump = settle(*LINE)
        list_thing(pump, "A", "ladder", 3)
        assert half_held(pump, "D", "B", "C") is not None
        former = hash_of(pump, "B", "C")
        show(pump, "B", "C", False)
        pump.advance(8 * DAY_MS)

        for name in "ADEF":
            held = half_held(pump, name, "B", "C")
            assert held is None or held.shows, "none was given the new one"
            assert former in pump.core(name).revocations
        assert_discreet(pump, "B", "C")

    def test_it_goes_round_a_liar(self) -> None:
        """The former half's secret travels like that of an end."""
        pump = settle("AB", "BC", "CD", "BE", "EF", "FD")
        list_thing(pump, "A", "ladder", 3)
        pump.end("B", "E")  # so that D relies on C alone
        assert "ladder" in pump.sees("D")
        show(pump, "A", "B", False)

        assert ["B"] == seers(pump, "ladder")

    def test_a_friend_who_is_off_hears_of_the_new_half_before_the_secret(self) -> None:
        """Else it would take it for the end; until then the others believe the former half."""
        pump = settle("AB", "BC", "CD", "BE", "EC")
        list_thing(pump, "A", "ladder", 3)
        former = hash_of(pump, "B", "C")
        pump.stop("C")
        show(pump, "B", "C", False)
        pump.advance(2 * DAY_MS)
        assert former not in pump.core("B").revocations
        pump.start("C")
        pump.link("E", "C")
        pump.run()
        assert not pump.core("C").friends[pump.member("B")].ended
        pump.link("B", "C")
        pump.run()
        pump.advance(1)

        assert former in pump.core("B").revocations
        assert former in pump.core("E").revocations
        assert not pump.core("C").friends[pump.member("B")].ended
        assert ["B", "C", "D", "E"] == seers(pump, "ladder"), "by E, who is C's friend too"
        assert 3 == pump.core("C").distance(pump.member("A"))

    def test_who_keeps_a_friendship_discreet_passes_on_what_comes_another_way(self) -> None:
        """C sees A's things by itself; for D it needs the path that leads over B."""
        pump = settle("AB", "BC", "AC", "CD")
        list_thing(pump, "A", "ladder", 3)
        show(pump, "C", "A", False)

        assert ["B", "C", "D"] == seers(pump, "ladder")
        assert 1 == pump.core("C").distance(pump.member("A"))
        assert 3 == pump.core("D").distance(pump.member("A"))

    def test_shown_again_all_comes_back(self) -> None:
        """Again and again."""
        pump = settle(*LINE)
        list_thing(pump, "A", "ladder", 3)
        for _ in range(3):
            show(pump, "C", "B", False)
            assert ["B"] == seers(pump, "ladder")
            show(pump, "C", "B", True)
            assert ["B", "C", "D"] == seers(pump, "ladder")

    def test_ended_while_the_friend_does_not_know_yet(self) -> None:
        """They hold the former half: its secret tells them."""
        pump = settle(*LINE)
        list_thing(pump, "A", "ladder", 3)
        pump.stop("C")
        show(pump, "B", "C", False)
        pump.end("B", "C")
        pump.start("C")
        pump.link_all()

        assert pump.core("C").friends[pump.member("B")].ended
        assert ["B"] == seers(pump, "ladder")

    def test_the_wish_outlives_restarts_and_renewals_and_not_the_friendship(self) -> None:
        """A new friendship is shown."""
        pump = settle(*LINE)
        show(pump, "B", "C", False)
        pump.start("B")
        pump.link_all()
        pump.advance(30 * DAY_MS)
        assert_discreet(pump, "B", "C")
        pump.end("B", "C")
        assert isinstance(pump.join("B", "C"), dict)

        assert pump.core("B").graph.has_transit(pump.member("B"), pump.member("C"))

    def test_discreet_from_the_beginning(self) -> None:
        """Who joins may say so at once."""
        pump = settle("AB", "CD", "AE", "CE")
        list_thing(pump, "A", "ladder", 2)
        answer = pump.command("D", Join(pump.invite("B"), shows=False))

        assert isinstance(answer, dict)
        assert_discreet(pump, "D", "B")
        assert "ladder" not in pump.sees("D")

    def test_only_a_friendship_can_be_shown_or_not(self) -> None:
        """Nothing is changed; asking for what is, neither."""
        pump = settle("AB", "BC")
        pump.end("A", "B")
        before = dict(pump.homes["A"].disk), dict(pump.homes["B"].disk)
        for member in ("B", "C"):
            text = pump.member(member).hex()
            assert isinstance(pump.command("A", ShowFriendship(text, False)), Refused)
        show(pump, "B", "C", True)

        assert before == (pump.homes["A"].disk, pump.homes["B"].disk)


def show(pump: Pump, name: str, friend: str, shown: bool) -> dict[str, Json]:
    answer = pump.command(name, ShowFriendship(pump.member(friend).hex(), shown))
    assert isinstance(answer, dict)
    pump.advance(1)
    return dict(answer)


def assert_discreet(pump: Pump, one: str, other: str) -> None:
    for name, friend in ((one, other), (other, one)):
        core, member = pump.core(name), pump.member(friend)
        assert core.is_live_friend(member)
        assert not core.graph.has_transit(core.me, member)
    shown = {row["member"]: row["shows"] for row in friends_of(pump, one)}
    assert shown[pump.member(other).hex()] is False


def friends_of(pump: Pump, name: str) -> list[dict[str, Json]]:
    return [dict(row) for row in friends(pump.core(name)) if isinstance(row, dict)]


def half_held(pump: Pump, name: str, author: str, friend: str) -> HalfBody | None:
    """What a member's node holds of a half, live or not."""
    key = (pump.member(author), half_object(pump.member(friend)))
    stored = pump.core(name).registers.stored(key)
    return stored.record.body if stored and isinstance(stored.record.body, HalfBody) else None
