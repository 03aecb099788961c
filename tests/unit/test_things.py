"""What I share: checks of what is written, narrowing, withdrawing and leases (spec §7.6)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.engine import things
from node.engine.commands import AddThing, Command, EndFriendship, SetThing, WithdrawThing
from node.engine.core import Core
from node.engine.engine import Engine
from node.engine.events import Answer, CommandReceived, Persist, RequestId, Space, Woke
from protocol import limits
from protocol.bodies import (
    Category,
    Kind,
    ListingBody,
    ThingKind,
    WithdrawalBody,
    withdrawal_object,
)
from protocol.encoding import Value
from protocol.errors import Refused
from protocol.keys import MemberId, ObjectId, verify
from simulations.signing import InterningOpener, RealKeys
from simulations.town import Resident, TownPlan, build_town

NOW_MS = 1_790_000_000_000
DAY_MS = 24 * 3600 * 1000


@dataclass
class Home:
    """One member with two friends, and everything it ever persisted."""

    resident: Resident
    engine: Engine
    friends: list[MemberId]
    rows: dict[tuple[Space, bytes], Value]
    now_ms: int = NOW_MS
    commands: int = 0

    @property
    def core(self) -> Core:
        return self.engine.core

    def do(self, command: Command) -> dict[str, Any]:
        result: dict[str, Any] | Refused = self.try_to(command)
        assert not isinstance(result, Refused), result
        return result

    def refusal(self, command: Command) -> Refused:
        """Why a command is refused; nothing may have been kept of it."""
        before = dict(self.rows)
        result = self.try_to(command)

        assert isinstance(result, Refused), result
        assert before == self.rows
        return result

    def try_to(self, command: Command) -> Any:
        self.commands += 1
        entropy = hashlib.sha256(self.commands.to_bytes(8, "big")).digest()
        event = CommandReceived(RequestId(self.commands), command, entropy, 0)
        return next(e.result for e in self._handle(event) if isinstance(e, Answer))

    def wake(self) -> None:
        self._handle(Woke())

    def restart(self) -> None:
        stored = [(space, key, value) for (space, key), value in self.rows.items()]
        self.engine = Engine(self.resident.config, stored, self.now_ms, bytes(8))

    def _handle(self, event: Woke | CommandReceived) -> Sequence[object]:
        effects = self.engine.handle(event, self.now_ms)
        for effect in effects:
            if isinstance(effect, Persist):
                if effect.value is None:
                    self.rows.pop((effect.space, effect.key), None)
                else:
                    self.rows[effect.space, effect.key] = effect.value
        return effects

    def listing(self, thing: str) -> ListingBody:
        record = self.core.current(self.core.me, ObjectId(bytes.fromhex(thing)))
        assert record is not None
        assert isinstance(record.body, ListingBody)
        return record.body

    def withdrawal(self, thing: str) -> WithdrawalBody | None:
        target = ObjectId(bytes.fromhex(thing))
        record = self.core.current(self.core.me, withdrawal_object(target))
        if record is None:
            return None
        assert isinstance(record.body, WithdrawalBody)
        return record.body


@pytest.fixture
def home() -> Home:
    return open_home()


def open_home() -> Home:
    plan = TownPlan(members=3, edges=[(0, 1), (0, 2)], born_ms=NOW_MS)
    town = build_town(plan, RealKeys(), InterningOpener(verify))
    rows = {(space, key): value for space, key, value in town[0].rows}
    engine = Engine(town[0].config, town[0].rows, NOW_MS, bytes(8))
    return Home(town[0], engine, sorted([town[1].member, town[2].member]), rows)


# --- adding ------------------------------------------------------------------------------


def test_adding_a_thing_lists_it_with_what_was_given(home: Home) -> None:
    """The answer has the keys that scripts rely on."""
    friend = home.friends[0].hex()
    answer = home.do(
        AddThing(
            "  Blue \n guitar ", ThingKind.OBJECT, 2, " Six strings.\r\nCase. ", (friend[:12],)
        )
    )

    expected = {
        "thing": answer["thing"],
        "title": "Blue guitar",
        "kind": "object",
        "circles": 2,
        "text": "Six strings.\nCase.",
        "only_through": [friend],
    }
    assert expected == answer
    assert [expected] == things.list_things(home.core)
    assert len(bytes.fromhex(answer["thing"])) == 16


def test_two_things_have_two_ids(home: Home) -> None:
    """Ids are drawn from the entropy of each command."""
    assert home.do(AddThing("Book"))["thing"] != home.do(AddThing("Book"))["thing"]


@pytest.mark.parametrize("title", ["", "   ", "\n\t", "\u200b", "\u202e", "\x00\x01"])
def test_a_title_that_shows_nothing_is_refused(home: Home, title: str) -> None:
    assert home.refusal(AddThing(title)).code == "title-missing"


def test_a_title_may_fill_its_bytes_but_no_more(home: Home) -> None:
    """The limit counts bytes of UTF-8, as the record does."""
    longest = "é" * (limits.TITLE_SIZE_MAX_BYTES // 2)

    assert home.do(AddThing(longest))["title"] == longest
    assert home.refusal(AddThing(longest + "x")).code == "title-too-long"


def test_a_text_may_fill_its_bytes_but_no_more(home: Home) -> None:
    longest = "n" * limits.TEXT_SIZE_MAX_BYTES

    assert home.do(AddThing("Book", text=longest))["text"] == longest
    assert home.refusal(AddThing("Book", text=longest + "n")).code == "text-too-long"


def test_what_would_turn_a_line_or_cannot_be_encoded_is_left_out(home: Home) -> None:
    """A title must not rearrange its neighbours, nor break the record."""
    assert home.do(AddThing("gui\u202etar\x07 \ud800!"))["title"] == "guitar !"


@pytest.mark.parametrize("circles", [-1, 4, 5, 1000])
def test_circles_beyond_the_charter_are_refused(home: Home, circles: int) -> None:
    refusal = home.refusal(AddThing("Book", circles=circles))

    assert ("circles-out-of-range", 3) == (refusal.code, refusal.values["maximum"])


@pytest.mark.parametrize("circles", [0, 1, 2, 3])
def test_circles_within_the_charter_are_kept(home: Home, circles: int) -> None:
    assert home.do(AddThing("Book", circles=circles))["circles"] == circles


@pytest.mark.parametrize("command", [AddThing("Guitar, 15 €"), AddThing("Guitar", text="5 $/day")])
def test_a_price_is_refused_with_the_words_that_state_it(home: Home, command: AddThing) -> None:
    """R4: no money, ever, in the title or in the text."""
    refusal = home.refusal(command)

    assert refusal.code == "states-a-price"
    assert refusal.values["fragment"] in ("15 €", "5 $")


def test_only_friends_can_pass_a_thing_on(home: Home) -> None:
    """Whoever is named must be a live friend."""
    assert home.refusal(AddThing("Book", only_through=("ab" * 32,))).code == "unknown-member"
    assert home.refusal(AddThing("Book", only_through=("xyz",))).code == "not-an-id"
    me = home.core.me.hex()
    assert home.refusal(AddThing("Book", only_through=(me,))).code == "not-a-friend"
    home.do(EndFriendship(home.friends[0].hex()))
    ended = home.friends[0].hex()
    assert home.refusal(AddThing("Book", only_through=(ended,))).code == "not-a-friend"


def test_friends_named_twice_are_named_once_in_order(home: Home) -> None:
    names = [member.hex() for member in reversed(home.friends)] * 2

    answer = home.do(AddThing("Book", only_through=tuple(names)))
    assert [member.hex() for member in home.friends] == answer["only_through"]


def test_as_many_things_as_others_accept_and_no_more(home: Home) -> None:
    """Others refuse further listings of one origin (spec §14)."""
    for number in range(limits.LISTINGS_PER_ORIGIN_MAX):
        last = home.do(AddThing(f"Book {number}"))

    assert home.refusal(AddThing("One more")).code == "too-many-things"
    home.do(WithdrawThing(last["thing"]))
    assert home.do(AddThing("One more"))


def test_without_a_house_nothing_is_listed(home: Home) -> None:
    home.rows.clear()
    home.restart()
    home.wake()

    assert home.refusal(AddThing("Book")).code == "no-house"


# --- changing ----------------------------------------------------------------------------


def test_changing_a_title_leaves_the_rest(home: Home) -> None:
    """What is not given stays as it is; nothing is withdrawn."""
    added = home.do(AddThing("Guitar", ThingKind.OBJECT, 2, "Six strings."))

    assert {**added, "title": "Bass"} == home.do(SetThing(added["thing"], title="Bass"))
    assert home.withdrawal(added["thing"]) is None


def test_conditions_and_category_are_listed_and_a_licence_goes_with_what_it_is_of(
    home: Home,
) -> None:
    added = home.do(
        AddThing(
            "Podcast",
            ThingKind.COPY,
            category=Category.MUSIC,
            conditions=" Tell me \r\n what you think. ",
            licence="CC  BY 4.0",
        )
    )
    body = home.listing(added["thing"])

    assert (Category.MUSIC, "Tell me \n what you think.") == (body.category, body.conditions)
    assert "CC BY 4.0" == body.licence

    home.do(SetThing(added["thing"], kind=ThingKind.SPOT))
    changed = home.listing(added["thing"])
    assert ("", body.conditions) == (changed.licence, changed.conditions)


def test_changing_nothing_says_nothing_anew(home: Home) -> None:
    """No new version travels when everything is as it was."""
    added = home.do(AddThing("Guitar"))
    sequence = home.core.next_sequence

    assert added == home.do(SetThing(added["thing"], title="Guitar"))
    assert sequence == home.core.next_sequence


def test_widening_needs_no_withdrawal(home: Home) -> None:
    added = home.do(AddThing("Guitar", circles=1))
    home.do(SetThing(added["thing"], circles=3))

    assert home.withdrawal(added["thing"]) is None
    assert home.listing(added["thing"]).circles == 3


def test_narrowing_withdraws_the_old_version_as_far_as_it_went(home: Home) -> None:
    """The withdrawal covers the old version only, and comes before the new one."""
    added = home.do(AddThing("Guitar", circles=3))
    target = ObjectId(bytes.fromhex(added["thing"]))
    old = home.core.current(home.core.me, target)
    assert old is not None
    answer = home.do(SetThing(added["thing"], circles=1))

    assert {**added, "circles": 1} == answer
    assert WithdrawalBody(target, 0, old.sequence, 3, ()) == home.withdrawal(added["thing"])
    new = home.core.current(home.core.me, target)
    withdrawal = home.core.current(home.core.me, withdrawal_object(target))
    assert new is not None
    assert withdrawal is not None
    assert old.sequence < withdrawal.sequence < new.sequence
    assert withdrawal.not_after_ms >= old.not_after_ms


def test_later_withdrawals_keep_the_widest_reach(home: Home) -> None:
    """The register of the withdrawal is replaced; how far it must go is not forgotten."""
    thing = home.do(AddThing("Guitar", circles=3))["thing"]
    home.do(SetThing(thing, circles=2))
    home.do(SetThing(thing, circles=1))
    home.do(WithdrawThing(thing))

    withdrawal = home.withdrawal(thing)
    assert withdrawal is not None
    assert (3, ()) == (withdrawal.circles, withdrawal.through)


def test_other_friends_to_go_through_is_a_narrowing(home: Home) -> None:
    """Who was reached by the one branch only must be told."""
    one, other = home.friends
    thing = home.do(AddThing("Guitar", circles=2, only_through=(one.hex(),)))["thing"]
    home.do(SetThing(thing, only_through=(other.hex(),)))

    withdrawal = home.withdrawal(thing)
    assert withdrawal is not None
    assert (2, (one,)) == (withdrawal.circles, withdrawal.through)
    home.do(WithdrawThing(thing))
    withdrawal = home.withdrawal(thing)
    assert withdrawal is not None
    assert (2, (one, other)) == (withdrawal.circles, withdrawal.through)


def test_one_more_friend_to_go_through_is_no_narrowing(home: Home) -> None:
    one, other = home.friends
    thing = home.do(AddThing("Guitar", only_through=(one.hex(),)))["thing"]
    home.do(SetThing(thing, only_through=(one.hex(), other.hex())))
    assert home.withdrawal(thing) is None
    home.do(SetThing(thing, only_through=()))
    assert home.withdrawal(thing) is None
    home.do(SetThing(thing, only_through=(one.hex(),)))
    withdrawal = home.withdrawal(thing)

    assert withdrawal is not None
    assert () == withdrawal.through


def test_a_draft_goes_nowhere_and_is_withdrawn_from_nowhere(home: Home) -> None:
    """Circle 0: nobody yet."""
    thing = home.do(AddThing("Guitar", circles=0))["thing"]
    home.do(SetThing(thing, only_through=(home.friends[0].hex(),)))
    assert home.withdrawal(thing) is None
    home.do(WithdrawThing(thing))
    withdrawal = home.withdrawal(thing)

    assert withdrawal is not None
    assert withdrawal.circles == 0


def test_a_friend_named_before_may_stay_named_when_the_friendship_ended(home: Home) -> None:
    """Editing the title must not need a new choice of friends."""
    names = tuple(member.hex() for member in home.friends)
    thing = home.do(AddThing("Guitar", only_through=names))["thing"]
    home.do(EndFriendship(names[0]))

    assert home.do(SetThing(thing, title="Bass", only_through=names))["title"] == "Bass"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": " "}, "title-missing"),
        ({"title": "x" * 200}, "title-too-long"),
        ({"text": "x" * 5000}, "text-too-long"),
        ({"title": "10 euros la nuit"}, "states-a-price"),
        ({"text": "cuesta 20€"}, "states-a-price"),
        ({"conditions": "5 € the day"}, "states-a-price"),
        ({"conditions": "x" * 513}, "conditions-too-long"),
        ({"licence": "CC BY"}, "licence-of-no-copy"),
        ({"licence": "x" * 81, "kind": ThingKind.COPY}, "licence-too-long"),
        ({"circles": 4}, "circles-out-of-range"),
        ({"only_through": ("ab" * 32,)}, "unknown-member"),
    ],
)
def test_a_bad_change_is_refused_and_changes_nothing(
    home: Home, change: dict[str, Any], code: str
) -> None:
    added = home.do(AddThing("Guitar"))

    assert code == home.refusal(SetThing(added["thing"], **change)).code
    assert [added] == things.list_things(home.core)


def test_a_thing_unknown_or_withdrawn_cannot_be_changed(home: Home) -> None:
    thing = home.do(AddThing("Guitar"))["thing"]
    home.do(WithdrawThing(thing))

    assert home.refusal(SetThing(thing, title="Bass")).code == "unknown-thing"
    assert home.refusal(WithdrawThing(thing)).code == "unknown-thing"
    assert home.refusal(WithdrawThing("ab" * 16)).code == "unknown-thing"
    assert home.refusal(WithdrawThing("guitar")).code == "not-an-id"
    assert [] == things.list_things(home.core)


# --- narrowing in general ----------------------------------------------------------------

_MEMBERS = [MemberId(bytes([number]) * 32) for number in range(3)]
_LISTINGS = st.builds(
    lambda circles, through: ListingBody("t", "", ThingKind.OBJECT, circles, tuple(through), ()),
    st.integers(0, 3),
    st.lists(st.sampled_from(_MEMBERS), unique=True).map(sorted),
)


@given(_LISTINGS, _LISTINGS)
def test_a_change_is_narrower_exactly_when_it_takes_somebody_out_of_reach(
    new: ListingBody, old: ListingBody
) -> None:
    """Compared with the plain definition: branches and depths that are reached."""

    def reached(body: ListingBody) -> set[tuple[int, int]]:
        branches = [_MEMBERS.index(m) for m in body.through] or [*range(len(_MEMBERS)), 99]
        return {(branch, depth) for branch in branches for depth in range(1, body.circles + 1)}

    assert things.is_narrower(new, old) == bool(reached(old) - reached(new))


# --- leases ------------------------------------------------------------------------------


def test_a_listing_is_renewed_at_half_of_its_lease(home: Home) -> None:
    """Spec §7.1: while the holder's node runs, its things stay listed."""
    thing = home.do(AddThing("Guitar"))["thing"]
    lease_ms = home.core.charter.listing_lease_ms

    assert NOW_MS + lease_ms // 2 == things.next_wakeup_ms(home.core)
    home.now_ms = NOW_MS + lease_ms // 2 - 1
    home.wake()
    assert NOW_MS + lease_ms // 2 == things.next_wakeup_ms(home.core)
    home.now_ms += 1
    home.wake()
    record = home.core.current(home.core.me, ObjectId(bytes.fromhex(thing)))
    assert record is not None
    assert home.now_ms + lease_ms == record.not_after_ms
    assert home.now_ms + lease_ms // 2 == things.next_wakeup_ms(home.core)


def test_withdrawn_things_are_not_renewed(home: Home) -> None:
    home.do(WithdrawThing(home.do(AddThing("Guitar"))["thing"]))
    home.now_ms += home.core.charter.listing_lease_ms
    home.wake()

    assert [] == home.core.mine(Kind.LISTING)
    assert things.next_wakeup_ms(home.core) is None


def test_things_come_back_after_a_restart(home: Home) -> None:
    added = home.do(AddThing("Guitar"))
    home.do(WithdrawThing(home.do(AddThing("Drum"))["thing"]))
    home.restart()

    assert [added] == things.list_things(home.core)


def test_a_home_switched_off_for_longer_than_the_lease_lists_its_things_again(home: Home) -> None:
    """Design §5: expired is not withdrawn."""
    added = home.do(AddThing("Guitar"))
    home.now_ms += home.core.charter.listing_lease_ms + DAY_MS
    home.restart()
    home.core.begin(home.now_ms)
    things.on_wakeup(home.core)

    assert [added] == things.list_things(home.core)
