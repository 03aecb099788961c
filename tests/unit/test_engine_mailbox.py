"""Spec §17.4: what friends who are off should have waits with a common friend.

Engines in memory; how the common friend keeps items is played by the test, which may also
lose, repeat, reorder and forge them.
"""

from __future__ import annotations

import pytest

from node.engine import mailbox
from node.engine.commands import AddThing, SetThing, WithdrawThing
from node.engine.common_friends import common_friends
from node.engine.core import Core
from node.engine.edges import own_secrets
from node.engine.events import LinkId
from node.engine.mailbox import BETWEEN_MS, REFUSED_MS, UNLINKED_MS
from protocol import limits
from protocol.bodies import ListingBody, ThingKind
from protocol.keys import MemberId, ObjectId
from protocol.mailbox import Content, Correspondence, decode_content, item_id, open_item
from protocol.messages import (
    Have,
    Message,
    Paths,
    Records,
    Revoked,
    decode_message,
    encode_message,
)
from protocol.reaching import (
    CircuitClosed,
    HandItem,
    ItemReceipt,
    LeaveItem,
    decode_reaching,
    encode_reaching,
    is_reaching,
)
from simulations.pump import HOUR_MS, Pump

DAY_MS = 24 * HOUR_MS


class Town(Pump):
    """A pump whose members leave items, and in which some keep them."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[LeaveItem] = []
        """What Alice left, in order. (Others leave things as well: they are not looked at.)"""
        self.refusing: list[str] = []
        self.silent: list[str] = []
        self.asked: list[str] = []
        self.receipts: list[ItemReceipt] = []

    def start(self, name: str) -> Core:
        core = super().start(name)
        self.engine(name).use_mailboxes()
        return core

    def sees(self, name: str) -> list[str]:
        return [title for title in super().sees(name) if title != "Key"]

    def _arrive(self, link: LinkId, message: bytes) -> None:
        if not is_reaching(message) or message[1] != 27:
            if is_reaching(message) and message[1] == 28 and link in self._heard:
                found = decode_reaching(message)
                assert isinstance(found, ItemReceipt)
                self.receipts.append(found)
                return
            super()._arrive(link, message)
            return
        item, keeper = decode_reaching(message), self._owner[link]
        assert isinstance(item, LeaveItem)
        is_hers = self._owner[self._far_end[link]] == "A"
        if is_hers:
            self.asked.append(keeper)
        if keeper in self.silent:
            return
        is_taken = keeper not in self.refusing
        if is_taken and is_hers:
            self.kept.append(item)
        receipt = ItemReceipt(item_id(item.sealed), is_taken)
        self._queue.append((link, encode_reaching(receipt)))

    def hand(self, to: str, sender: str, sealed: bytes, *, by: str = "R") -> ItemReceipt:
        """Let ``by``, played by hand, hand an item over; give what is answered."""
        link = self.impersonate(by, to)
        self.say(link, encode_reaching(HandItem(self.member(sender), sealed)))
        self._heard[link].clear()
        self.cut(to, "")
        receipt = self.receipts.pop()
        assert item_id(sealed) == receipt.item
        return receipt

    def content(self, item: LeaveItem, sender: str, to: str) -> Content:
        house = self.core(sender).house
        assert house is not None
        letter = Correspondence(house, self.member(sender), self.member(to))
        keys = self.homes[to].config.link_private, self.homes[sender].config.link_public
        return decode_content(open_item(letter, item.sealed, static=keys[0], remote=keys[1]))


def triangle(names: str = "ABR", *edges: str) -> Town:
    town = Town()
    town.settle(names, "AB", "AR", "BR", *edges)
    for name in names:
        # By what they share, friends come to know of each other's friends.
        town.command(name, AddThing("Key", circles=2))
    town.advance(60_000)
    assert town.member("R") in common_friends(town.core("A"), town.member("B"))
    return town


def add(town: Town, title: str, circles: int = 1) -> str:
    answer = town.command("A", AddThing(title, circles=circles))
    assert isinstance(answer, dict), answer
    return str(answer["thing"])


def go_away(town: Town) -> None:
    """Bob is off for an hour. What he did not answer to may be left for him once more."""
    town.stop("B")
    town.advance(HOUR_MS)
    assert len(town.kept) <= 1
    town.kept.clear()


def the_item(town: Town) -> bytes:
    """The only item kept."""
    assert 1 == len(town.kept)
    return town.kept.pop().sealed


def state(core: Core) -> object:
    """What an item may change at its receiver."""
    return (
        [record.record_id for record in core.visible_listings()],
        sorted((s.record.key, s.record.record_id) for s in core.registers.all()),
        {f: dict(offers) for f, offers in core.offers.received.items() if offers},
        {m: f.addresses for m, f in core.friends.items()},
        dict(core.cursors),
        dict(core.revocations),
    )


# --- the story -------------------------------------------------------------------------------


def test_a_withdrawal_reaches_a_friend_who_was_off_though_its_holder_is_off_now() -> None:
    town = triangle()
    tent = add(town, "Tent")
    assert ["Tent"] == town.sees("B")
    town.stop("B")
    town.command("A", WithdrawThing(tent))
    add(town, "Boat")
    town.advance(UNLINKED_MS - 1)
    assert [] == town.kept
    town.advance(2000)
    item = the_item(town)
    town.stop("A")
    cursors = dict(town.start("B").cursors)
    town.link_all()
    # The common friend may not give it: the things are for circle 1.
    assert ["Tent"] == town.sees("B")

    assert town.hand("B", "A", item).is_taken
    assert ["Boat"] == town.sees("B")
    assert [] == town.rejects
    a = town.member("A")
    assert cursors[a] == town.core("B").cursors[a]
    # Nothing is missing or said in vain when both are back.
    town.start("A")
    town.start("R")
    town.link_all()
    assert ["Boat"] == town.sees("B")
    assert [] == town.rejects


def test_a_path_comes_with_its_certificates() -> None:
    """A new friend of Alice's lists something; Bob is two steps away from it."""
    town = triangle("ABRD", "AD")
    town.stop("B")
    answer = town.command("D", AddThing("Drill", circles=2))
    assert isinstance(answer, dict)
    town.advance(UNLINKED_MS + 2000)
    item = the_item(town)
    town.stop("A")
    town.stop("D")
    town.start("B")

    assert town.hand("B", "A", item).is_taken
    assert ["Drill"] == town.sees("B")
    assert [] == town.rejects


def test_an_address_that_changed_is_in_it_only_with_news() -> None:
    town = triangle()
    go_away(town)
    town.homes["A"].addresses = ("new.example:1",)
    town.cut("A", "R")
    town.link_all()
    town.advance(HOUR_MS)
    assert [] == town.kept
    add(town, "Boat")
    town.advance(BETWEEN_MS)
    item = the_item(town)
    town.start("B")
    town.hand("B", "A", item)

    assert ("new.example:1",) == town.core("B").friends[town.member("A")].addresses


# --- when something is left ------------------------------------------------------------------


def test_changes_within_half_a_minute_go_into_one_item_and_nothing_is_left_twice() -> None:
    town = triangle()
    go_away(town)
    boat = add(town, "Boat")
    town.advance(2000)
    assert 1 == len(town.kept)
    for number in range(5):
        town.now_ms += limits.CHANGE_PER_OBJECT_MIN_MS // 5
        town.command("A", SetThing(boat, title=f"Boat {number}"))
    town.advance(HOUR_MS)
    assert 2 == len(town.kept)

    town.start("A")
    town.link_all()
    town.advance(HOUR_MS)
    assert 2 == len(town.kept)


def test_a_friend_who_is_linked_or_was_up_to_date_is_left_nothing() -> None:
    town = triangle()
    add(town, "Tent")
    town.advance(DAY_MS)
    assert [] == town.kept
    # A friend who said nothing after it may not have got the last of it: once more is no harm.
    town.command("B", AddThing("Pan", circles=1))
    town.stop("B")
    town.advance(DAY_MS)

    assert len(town.kept) <= 1


def test_without_a_common_friend_nothing_is_left() -> None:
    town = Town()
    town.settle("ABR", "AB", "AR")
    town.stop("B")
    add(town, "Tent")
    town.advance(DAY_MS)

    assert ([], []) == (town.asked, town.kept)


def test_who_refuses_is_asked_again_later_and_another_at_once() -> None:
    town = triangle("ABRS", "AS", "BS")
    names = sorted("RS", key=town.member)
    town.refusing = [names[0]]
    town.stop("B")
    add(town, "Tent")
    town.advance(UNLINKED_MS + 5000)
    assert names == town.asked
    assert 1 == len(town.kept)

    town.refusing = list(names)
    add(town, "Boat")
    town.asked.clear()
    town.advance(BETWEEN_MS + 5000)
    # The first is left in peace for ten minutes from its last refusal.
    assert [names[1]] == town.asked
    town.refusing = []
    town.advance(2 * REFUSED_MS)
    assert 2 == len(town.kept)


def test_who_does_not_answer_counts_as_refusing() -> None:
    town = triangle()
    town.silent = ["R"]
    town.stop("B")
    add(town, "Tent")
    town.advance(UNLINKED_MS + 5000)
    assert ["R"] == town.asked
    town.advance(HOUR_MS)

    assert 2 <= len(town.asked) <= 7
    town.silent = []
    town.advance(2 * REFUSED_MS)
    assert 1 == len(town.kept)


def test_a_receipt_that_nobody_asked_for_changes_nothing() -> None:
    town = triangle()
    link = town.impersonate("R", "A")
    town.say(link, encode_reaching(ItemReceipt(bytes(32), is_taken=True)))

    assert town.is_open(link)
    assert [] == town.rejects


def test_much_goes_into_several_items_that_all_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "RECORDS_MAX", 20)
    town = triangle()
    town.stop("B")
    titles = sorted(f"Thing {number:02}" for number in range(50))
    for title in titles:
        add(town, title)
    town.advance(HOUR_MS)
    items = [item.sealed for item in town.kept]
    assert 3 <= len(items) <= 5
    town.stop("A")
    town.start("B")
    for item in items:
        assert town.hand("B", "A", item).is_taken

    assert titles == town.sees("B")


def test_the_end_of_a_friendship_further_on_waits_as_well() -> None:
    town = triangle("ABRD", "AD")
    town.command("D", AddThing("Drill", circles=2))
    town.advance(60_000)
    assert ["Drill"] == town.sees("B")
    go_away(town)
    town.end("D", "A")
    town.advance(UNLINKED_MS + 2000)
    item = the_item(town)
    town.stop("A")
    town.start("B")
    assert ["Drill"] == town.sees("B")

    assert town.hand("B", "A", item).is_taken
    assert [] == town.sees("B")
    assert [] == town.rejects


def test_a_database_that_numbers_anew_leaves_everything_anew() -> None:
    town = triangle()
    town.stop("B")
    add(town, "Boat")
    town.advance(UNLINKED_MS + 2000)
    assert 1 == len(town.kept)
    town.start("A")
    town.core("A").log.epoch = bytes(8)
    town.link_all()
    town.advance(UNLINKED_MS + BETWEEN_MS)

    assert 2 == len(town.kept)
    assert bytes(8) == town.content(town.kept[1], "A", "B").epoch


# --- attacks by whoever holds items ----------------------------------------------------------


def two_items(town: Town) -> tuple[bytes, bytes]:
    """First that there is a boat, then that there is not, but a kite."""
    town.stop("B")
    boat = add(town, "Boat")
    town.advance(UNLINKED_MS + 2000)
    first = the_item(town)
    town.command("A", WithdrawThing(boat))
    add(town, "Kite")
    town.advance(BETWEEN_MS + 2000)
    return first, the_item(town)


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0, 1), (1, 0, 1), (0, 1, 0), (1,)])
def test_items_repeated_lost_or_out_of_order_end_alike(order: tuple[int, ...]) -> None:
    town = triangle()
    items = two_items(town)
    town.stop("A")
    town.start("B")
    for number in order:
        assert town.hand("B", "A", items[number]).is_taken

    assert ["Kite"] == town.sees("B")


def test_an_item_replayed_after_a_link_changes_nothing() -> None:
    town = triangle("ABRD", "AD")
    town.command("D", AddThing("Drill", circles=2))
    first, second = two_items(town)
    town.start("B")
    town.start("R")
    town.link_all()
    town.homes["A"].addresses = ("new.example:1",)
    town.cut("A", "B")
    town.link_all()
    town.end("A", "D")
    before = state(town.core("B"))
    for item in (first, second):
        town.hand("B", "A", item)

    assert before == state(town.core("B"))
    assert ["Kite"] == town.sees("B")


def test_an_old_item_is_not_taken_for_news() -> None:
    town = triangle()
    first, _ = two_items(town)
    town.start("B")
    before = state(town.core("B"))
    town.now_ms += limits.MAILBOX_ITEM_TTL_MS
    assert town.hand("B", "A", first).is_taken

    assert ("B", "expired") in town.rejects
    assert before == state(town.core("B"))


def test_an_item_from_the_future_is_not_taken_for_news() -> None:
    town = triangle()
    town.now_ms += HOUR_MS
    first, _ = two_items(town)
    town.now_ms -= HOUR_MS
    town.start("B")
    town.hand("B", "A", first)

    assert [("B", "from-the-future")] == town.rejects


def test_what_is_not_for_us_or_not_theirs_is_dropped_and_the_link_stays() -> None:
    town = triangle("ABRD", "AD", "DR")
    first, _ = two_items(town)
    town.start("B")
    before = state(town.core("B"))
    link = town.impersonate("R", "B")
    changed = first[:100] + bytes([first[100] ^ 1]) + first[101:]
    hostile = [
        (town.member("A"), changed),
        (town.member("A"), b""),
        (town.member("A"), b"\x01" + bytes(500)),
        (town.member("R"), first),
        (town.member("D"), first),
        (town.member("B"), first),
        (MemberId(bytes(32)), first),
    ]
    for member, sealed in hostile:
        town.say(link, encode_reaching(HandItem(member, sealed)))

    # Each of them would be wrong tomorrow as well: none need be kept.
    assert [True] * len(hostile) == [receipt.is_taken for receipt in town.receipts]
    assert town.is_open(link)
    assert len(hostile) == len(town.rejects)
    assert before == state(town.core("B"))


def leave_by_hand(town: Town, *messages: Message | bytes, upto: int = 1_000_000) -> bytes:
    """What Alice could put into an item if she were hostile."""
    core = town.core("A")
    raw = tuple(m if isinstance(m, bytes) else encode_message(m) for m in messages)
    content = Content(core.log.epoch, upto, town.now_ms, raw)
    return mailbox._seal(core, town.member("B"), content)


def test_the_author_of_an_item_can_do_no_more_than_on_a_link() -> None:
    town = triangle("ABRD", "BD")
    foreign = town.half("D", "B")
    assert foreign is not None
    r, a = town.member("R"), town.member("A")
    before = state(town.core("B"))
    town.cut("A", "B")
    hostile = [
        leave_by_hand(town, Have(bytes(8), bytes(8), 0)),
        leave_by_hand(town, b"garbage"),
        leave_by_hand(town, encode_reaching(CircuitClosed(bytes(16)))),
        leave_by_hand(town, Records((b"garbage",))),
        # A path that does not end with the author.
        leave_by_hand(town, Paths(r, ())),
    ]
    for sealed in hostile:
        assert town.hand("B", "A", sealed).is_taken

    assert {"malformed"} == {code for _, code in town.rejects}
    assert before == state(town.core("B"))
    assert a not in town.core("B").revocations


def test_an_author_s_flood_waits_until_the_rate_allows_it() -> None:
    """Spec §14: an item's records count as if they had come on a link."""
    town = triangle()
    town.cut("A", "B")
    envelope = b"\x93\xc4\x00\xc4\x00\xc4\x00"
    flood = [
        leave_by_hand(town, *[Records((envelope,) * 250)] * 2, upto=1_000_000 + n)
        for n in range(1, 5)
    ]
    taken = [town.hand("B", "A", sealed).is_taken for sealed in flood]

    assert not taken[-1]
    town.now_ms += DAY_MS
    assert town.hand("B", "A", leave_by_hand(town)).is_taken


def test_a_flood_of_garbage_ends_the_link_it_comes_on() -> None:
    town = triangle()
    link = town.impersonate("R", "B")
    for number in range(100):
        if town.is_open(link):
            town.say(link, encode_reaching(HandItem(town.member("A"), b"%d" % number)))

    assert not town.is_open(link)
    assert ("B", "quota-exceeded") in town.rejects
    assert len(town.receipts) <= 2 * limits.RECORDS_BURST_MAX // 20


def test_what_belongs_between_hosts_is_refused_by_the_engine() -> None:
    town = triangle()
    link = town.impersonate("R", "B")
    town.say(link, encode_reaching(CircuitClosed(bytes(16))))

    assert [("B", "invalid-state")] == town.rejects
    assert town.is_open(link)


def test_an_item_holds_what_a_link_would_stream_and_no_more() -> None:
    """What may not be given to Bob is not in it; nobody else's key opens it."""
    town = triangle("ABRD", "AD")
    town.stop("B")
    town.command("A", AddThing("For Rosa", circles=1, only_through=(town.member("R").hex(),)))
    add(town, "For all")
    town.advance(UNLINKED_MS + 2000)
    item = town.kept[0]
    content = town.content(item, "A", "B")
    messages = [decode_message(data) for data in content.messages]
    envelopes = [e for m in messages if isinstance(m, Records) for e in m.envelopes]

    assert not any(b"For Rosa" in envelope for envelope in envelopes)
    assert any(b"For all" in envelope for envelope in envelopes)
    assert b"For all" not in item.sealed


def test_an_item_that_ends_the_friendship_is_its_author_s_last() -> None:
    town = triangle()
    secret = own_secrets(town.core("A"), town.member("B"))[0]
    listing = ListingBody("Boat", "", ThingKind.OBJECT, 1, (), ())
    boat = town.sign("A", listing, ObjectId(b"b" * 16))
    town.cut("A", "B")
    sealed = leave_by_hand(town, Revoked(((secret, 5),)), Records((boat.envelope,)))
    assert town.hand("B", "A", sealed).is_taken

    assert town.core("B").friends[town.member("A")].ended
    assert [] == town.sees("B")
    assert [] == town.rejects
    town.hand("B", "A", leave_by_hand(town, upto=2_000_000))
    assert [("B", "unknown-peer")] == town.rejects
