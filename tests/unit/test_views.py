"""What the owner sees: node/engine/views."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import pytest

from node.engine import views
from node.engine.commands import AddThing, Command, SetThing, WithdrawThing
from node.engine.core import Core
from node.engine.engine import Engine
from node.engine.events import Answer, CommandReceived, RequestId
from protocol.bodies import Category, Kind, ListingBody, ThingKind
from protocol.charter import Explanation
from protocol.errors import Refused, RemoteProtocolError
from protocol.keys import MemberId, ObjectId, verify
from protocol.records import Record, open_record, sign_record
from simulations.signing import InterningOpener, RealKeys
from simulations.town import Resident, TownPlan, build_town

NOW_MS = 1_790_000_000_000
DAY_MINUTES = 24 * 60


@dataclass
class Street:
    """Members 0 - 1 - 2 - 3 in a row; records are carried by hand to member 0."""

    residents: list[Resident]
    engine: Engine

    @property
    def core(self) -> Core:
        return self.engine.core

    def member(self, number: int) -> MemberId:
        return self.residents[number].member

    def list_thing(self, number: int, title: str, **fields: Any) -> Record:
        """A listing of member ``number`` arrives at member 0."""
        record = self.sign_thing(number, title, **fields)
        self.core.begin(NOW_MS)
        self.core.keep(record, self.member(1))
        return record

    def sign_thing(
        self,
        number: int,
        title: str,
        *,
        circles: int = 3,
        busy: tuple[tuple[int, int], ...] = (),
        text: str = "",
        kind: ThingKind = ThingKind.OBJECT,
        category_code: int = Category.OTHER,
    ) -> Record:
        assert self.core.house is not None
        return sign_record(
            self.residents[number].config.signer,
            ListingBody(title, text, kind, circles, (), busy, category_code=category_code),
            house=self.core.house,
            object_id=ObjectId(title.encode().ljust(16, b".")[:16]),
            sequence=1000,
            created_ms=NOW_MS,
            not_after_ms=NOW_MS + 3_600_000,
        )

    def do(self, command: Command) -> Any:
        entropy = hashlib.sha256(repr(command).encode()).digest()
        event = CommandReceived(RequestId(1), command, entropy, 0)
        for effect in self.engine.handle(event, NOW_MS):
            if isinstance(effect, Answer):
                return effect.result
        raise AssertionError("a command is answered")


def open_street() -> Street:
    opener = InterningOpener(verify)
    plan = TownPlan(members=4, edges=[(0, 1), (1, 2), (2, 3)], born_ms=NOW_MS)
    residents = build_town(plan, RealKeys(), opener)
    engine = Engine(residents[0].config, residents[0].rows, NOW_MS, bytes(8))
    engine.core.begin(NOW_MS)
    for resident in residents[1:]:
        other = Engine(resident.config, resident.rows, NOW_MS, bytes(8))
        for half in other.core.of_kind(Kind.HALF):
            engine.core.keep(half, residents[1].member)
    return Street(residents, engine)


def say(refusal: Refused) -> str:
    return f"no: {refusal.code}"


def titles(answer: list[Any]) -> list[str]:
    return [thing["title"] for thing in answer]


# --- status, house, friends --------------------------------------------------------------


def test_status_counts_friends_links_and_things_shared() -> None:
    street = open_street()
    street.do(AddThing("Guitar"))
    withdrawn = street.do(AddThing("Broken chair"))
    street.do(WithdrawThing(withdrawn["thing"]))

    expected: dict[str, object] = {
        "member": street.member(0).hex(),
        "name": "Member 0",
        "house": street.core.house.hex() if street.core.house else None,
        "house_name": "town",
        "standing": "member",
        "friends": 1,
        "links_up": 0,
        "sharing": 1,
        "confiance": 0,
        "respect": None,
        "respect_raters": 0,
        "circles_open": 1,
        "pass_on_from": None,
        "away": None,
        "paused": [],
        "clock": {"is_right": True, "reason": None, "says": None, "should_say": None},
    }
    assert expected == views.status(street.core)


def test_status_of_a_node_without_a_house_says_so() -> None:
    resident = open_street().residents[0]
    status = views.status(Engine(resident.config, [], NOW_MS, bytes(8)).core)

    assert (None, None, "alone", 0) == tuple(
        status[key] for key in ("house", "house_name", "standing", "friends")
    )


def test_the_house_is_shown_with_every_rule_in_words() -> None:
    street = open_street()

    def say_rule(rule: Explanation) -> str:
        return f"{rule.name} is {rule.value} {rule.unit}"

    shown: Any = views.house_show(street.core, say_rule)

    assert shown["name"] == "town"
    assert [founder["member"] for founder in shown["founders"]] == [
        street.member(0).hex(),
        street.member(1).hex(),
    ]
    rules = {rule["name"]: rule for rule in shown["charter"]}
    assert rules["max_circles"] == {
        "name": "max_circles",
        "group": "circles",
        "value": 3,
        "default": 3,
        "sentence": "max_circles is 3 count",
    }
    assert rules["friendship_lease_ms"]["sentence"] == "friendship_lease_ms is 30 day"


def test_friends_have_a_name_a_link_and_a_date() -> None:
    street = open_street()

    assert [
        {
            "member": street.member(1).hex(),
            "name": street.member(1).hex()[:8],
            "link": "down",
            "since": "2026-09-21T14:13:20Z",
            "standing": "member",
            "live": True,
            "shows": True,
            "paused": None,
            "validates": False,
            "answers_for": [],
            "validates_me": False,
            "checked": [],
            "may_check": True,
            "just_met": False,
            "rule": "ask",
            "capacity": 1,
            "capacity_is_chosen": False,
            "engaged": 0,
        }
    ] == views.friends(street.core)


# --- things ------------------------------------------------------------------------------


def test_my_things_are_listed_by_title_with_their_reach() -> None:
    street = open_street()
    street.do(AddThing("wifi", ThingKind.SPOT, 1))
    added = street.do(AddThing('Écran 22"', circles=2, text="HDMI"))
    things: Any = views.things(street.core)

    assert titles(things) == ['Écran 22"', "wifi"]
    assert things[0] == {
        "thing": added["thing"],
        "title": 'Écran 22"',
        "kind": "object",
        "text": "HDMI",
        "busy": [],
        "circles": 2,
        "only_through": [],
        "only_through_names": [],
        "listed_until": things[0]["listed_until"],
        "availability": {"weekly": [], "shortest_minutes": 0, "longest_minutes": 0},
        "photos": [],
        "category": "other",
        "conditions": "",
        "licence": "",
        "file": None,
        "buffer_minutes": 0,
        "blocked": [],
    }
    assert things[1]["kind"] == "spot"


def test_a_changed_thing_is_listed_once_as_it_is_now() -> None:
    street = open_street()
    thing = street.do(AddThing("Guitar"))["thing"]
    street.do(SetThing(thing, title="Folk guitar"))

    assert ["Folk guitar"] == titles(views.things(street.core))


def test_browsing_shows_things_nearest_first_with_the_path_they_came_by() -> None:
    street = open_street()
    street.list_thing(3, "Appartement")
    street.list_thing(2, "Livres")
    street.list_thing(1, "Wifi")
    shown: Any = views.browse(street.core, say)

    assert [("Wifi", 1), ("Livres", 2), ("Appartement", 3)] == [
        (thing["title"], thing["distance"]) for thing in shown
    ]
    assert shown[2]["path"] == [street.member(number).hex() for number in (3, 2, 1, 0)]
    assert shown[2]["holder"] == street.member(3).hex()
    assert shown[2]["path_names"][-1] == "Member 0"


def test_things_beyond_their_reach_are_not_shown() -> None:
    street = open_street()
    street.list_thing(3, "Appartement", circles=2)
    street.list_thing(2, "Livres", circles=2)

    assert ["Livres"] == titles(views.browse(street.core, say))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Écran 22", "Guitare"]),
        ("GUITARE", ["Guitare"]),
        ("ecran", ["Écran 22"]),
        ("folk guitare", ["Guitare"]),
        ("object", ["Guitare"]),
        ("guitare piano", []),
    ],
)
def test_a_query_finds_words_without_case_and_accents(query: str, expected: list[str]) -> None:
    street = open_street()
    street.list_thing(1, "Guitare", text="Folk, six cordes")
    street.list_thing(1, "Écran 22", kind=ThingKind.SPOT)

    assert expected == titles(views.browse(street.core, say, query=query))


def test_circles_bound_how_far_one_looks() -> None:
    street = open_street()
    street.list_thing(1, "Wifi")
    street.list_thing(2, "Livres")

    assert ["Wifi"] == titles(views.browse(street.core, say, circles=1))


def test_a_category_narrows_and_a_number_of_a_later_version_is_shown_as_other() -> None:
    street = open_street()
    street.list_thing(1, "Guitar", category_code=Category.MUSIC)
    street.list_thing(1, "Violin", category_code=Category.MUSIC)
    street.list_thing(1, "Hologram", category_code=200)

    def found(category: Category) -> list[str]:
        return titles(views.browse(street.core, say, category=category))

    assert ["Guitar", "Violin"] == found(Category.MUSIC)
    assert ["Hologram"] == found(Category.OTHER)
    assert [] == found(Category.TOOLS)
    assert ["music", "other"] == views.categories(street.core)


@pytest.mark.parametrize(
    ("from_day", "to_day", "is_shown"),
    [(8, 10, True), (9, 11, False), (11, 12, False), (14, 16, False), (15, 16, True)],
)
def test_dates_leave_out_what_is_taken_then(from_day: int, to_day: int, is_shown: bool) -> None:
    street = open_street()
    street.list_thing(1, "Guitare", busy=((10 * DAY_MINUTES, 15 * DAY_MINUTES),))
    shown = views.browse(
        street.core, say, from_minute=from_day * DAY_MINUTES, to_minute=to_day * DAY_MINUTES
    )

    assert is_shown == (titles(shown) == ["Guitare"])


def test_taken_dates_are_shown_as_people_write_them() -> None:
    street = open_street()
    street.list_thing(1, "Guitare", busy=((10 * DAY_MINUTES, 15 * DAY_MINUTES),))
    (shown,) = views.browse(street.core, say)

    assert isinstance(shown, dict)
    assert shown["busy"] == [{"from": "1970-01-11", "to": "1970-01-15"}]


def test_who_shares_something_can_ask_friends_but_not_yet_beyond() -> None:
    street = open_street()
    street.do(AddThing("Guitar"))
    street.list_thing(1, "Wifi")
    street.list_thing(2, "Livres")
    shown: Any = views.browse(street.core, say)

    assert [(True, None), (False, {"code": "circle-closed", "message": "no: circle-closed"})] == [
        (thing["can_ask"], thing["why_not"]) for thing in shown
    ]


def test_one_thing_is_shown_as_its_holder_or_as_a_reader() -> None:
    street = open_street()
    mine = street.do(AddThing("Guitar"))["thing"]
    theirs = street.list_thing(2, "Livres").object.hex()

    assert views.thing(street.core, mine, say)["circles"] == 1
    assert views.thing(street.core, theirs, say)["distance"] == 2


# --- why ---------------------------------------------------------------------------------


def test_why_shows_the_path_and_both_halves_of_every_friendship_on_it() -> None:
    street = open_street()
    listing = street.list_thing(3, "Appartement")
    answer: Any = views.why(street.core, listing.object.hex())

    assert answer["path"] == [street.member(number).hex() for number in (3, 2, 1, 0)]
    assert [(c["author"], c["friend"]) for c in answer["certificates"]] == [
        (street.member(one).hex(), street.member(other).hex())
        for one, other in ((3, 2), (2, 3), (2, 1), (1, 2), (1, 0), (0, 1))
    ]
    assert (answer["verified"], answer["problem"]) == (True, None)


def test_why_of_my_own_thing_needs_no_certificate() -> None:
    street = open_street()
    thing = street.do(AddThing("Guitar"))["thing"]
    answer = views.why(street.core, thing)

    assert ([], True, 0) == (answer["certificates"], answer["verified"], answer["distance"])


def checked_open(envelope: bytes) -> Record:
    return open_record(envelope, verify)


@dataclass
class Explanation3:
    """An explanation of three hops, to be spoiled."""

    path: list[MemberId]
    listing: bytes
    halves: list[bytes]

    def problem(self, now_ms: int = NOW_MS) -> str | None:
        return views.verify_why(
            self.path, self.listing, self.halves, open_record=checked_open, now_ms=now_ms
        )


def explanation(street: Street, circles: int = 3) -> Explanation3:
    listing = street.list_thing(3, "Appartement", circles=circles)
    path = [street.member(number) for number in (3, 2, 1, 0)]
    halves = [half.envelope for half in street.core.of_kind(Kind.HALF)]
    return Explanation3(path, listing.envelope, halves)


def test_an_explanation_is_checked_from_its_envelopes_alone() -> None:
    assert explanation(open_street()).problem() is None


def test_an_explanation_without_one_half_proves_nothing() -> None:
    street = open_street()
    whole = explanation(street)
    for missing in range(len(whole.halves)):
        halves = whole.halves[:missing] + whole.halves[missing + 1 :]
        problem = Explanation3(whole.path, whole.listing, halves).problem()
        assert problem == "one half of a friendship on the path is missing"


def test_an_explanation_with_a_changed_byte_proves_nothing() -> None:
    whole = explanation(open_street())
    half = whole.halves[2]  # it ends with the signature and an empty mandate
    whole.halves[2] = half[:-3] + bytes([half[-3] ^ 1]) + half[-2:]

    assert whole.problem() == "an envelope does not open: bad signature"


def test_an_explanation_that_is_longer_than_the_reach_proves_nothing() -> None:
    street = open_street()
    whole = explanation(street)
    whole.listing = street.sign_thing(3, "Appartement", circles=2).envelope

    assert whole.problem() == "the path is longer than the circles the holder chose"


def test_an_explanation_does_not_outlive_its_leases() -> None:
    whole = explanation(open_street())

    assert whole.problem(NOW_MS + 3_600_000) == "the listing has expired"


def test_an_explanation_for_another_holder_proves_nothing() -> None:
    whole = explanation(open_street())
    whole.path = whole.path[1:]

    assert whole.problem() == "the path does not begin with the holder"


def test_a_listing_in_place_of_a_half_proves_nothing() -> None:
    whole = explanation(open_street())
    whole.halves.append(whole.listing)

    assert whole.problem() == "an envelope is not one half of a friendship"


def test_envelopes_that_do_not_open_are_named() -> None:
    whole = explanation(open_street())
    with pytest.raises(RemoteProtocolError):
        checked_open(b"nonsense")
    whole.listing = b"nonsense"

    assert str(whole.problem()).startswith("an envelope does not open")


# --- trust -------------------------------------------------------------------------------


def test_trust_without_evidence_says_what_is_missing() -> None:
    street = open_street()

    assert {
        "member": street.member(0).hex(),
        "name": "Member 0",
        "standing": "member",
        "distance": 0,
        "confiance": 0,
        "respect": None,
        "respect_raters": 0,
        "circles_open": 1,
        "exchanges": 0,
        "missing": 2,
        "validated_by": [],
        "account": {
            "good": 0,
            "bad": 0,
            "repaired": 0,
            "under_way": 0,
            "without_answer": 0,
            "missing": 0,
            "is_forked": False,
        },
        "because": [],
        "needs_side": False,
        "circles_by_sharing": 3,
        "first_loans_missing": 0,
        "failures": [],
        "checked": [],
        "reliability": 0.9,
        "is_reliable": True,
    } == views.trust(street.core)
    assert views.trust(street.core, street.member(2).hex()[:8])["distance"] == 2


def test_trust_of_an_unknown_member_is_refused() -> None:
    with pytest.raises(Refused, match="unknown member"):
        views.trust(open_street().core, "0" * 64)


def test_there_are_no_loans_at_first() -> None:
    assert views.loans(open_street().core) == []
