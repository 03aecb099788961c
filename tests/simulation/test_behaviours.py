"""Each behaviour does what its name says, through real engines; and what no town can be made of."""

from __future__ import annotations

import inspect
import random
import sys
from pathlib import Path

import pytest

from node.engine import sharing
from node.engine.loan_book import book_of
from node.trust.evidence import Rating
from protocol.bodies import Kind
from protocol.charter import Charter
from simulations.behaviours import (
    BEHAVIOURS,
    Behaviour,
    Careful,
    Clumsy,
    Defector,
    FreeRider,
    Loan,
    MixError,
    Person,
    Retaliator,
    Ring,
    Sharer,
    Slanderer,
    Sleeper,
    SybilCycle,
    SybilParallel,
    SybilPath,
    Sybils,
    Whitewasher,
    behaviour_named,
    read_mix,
)
from simulations.behaviours import sleeper as sleeper_module
from simulations.behaviours.sybils import FAMILY_MAX
from simulations.customs import Customs
from simulations.mixes import HARD_MIX, USUAL_MIX, families_of, people_of
from simulations.society import Society
from simulations.street import DAY_MS

BUSY = 6.0


class Lender(Sharer):
    """Lends to everybody, wants nothing, and co-opts whoever asks."""

    name = "lender"

    def wants(self, me: Person) -> int:
        return 0

    def trusts(self, me: Person, other: object) -> bool:
        return True

    def sponsors(self, me: Person, newcomer: Person) -> bool:
        return True


class Wanting(Behaviour):
    """One thing a week."""

    def wants(self, me: Person) -> int:
        return 1


def town(*kinds: type[Behaviour], customs: Customs = Customs(), **rules: int) -> Society:  # noqa: B008
    """Everybody is everybody's friend; the people are those named, in their order."""
    edges = [(one, other) for other in range(len(kinds)) for one in range(other)]
    shares = {kind: kinds.count(kind) / len(kinds) for kind in kinds}
    charter = Charter(max_circles=2, friendship_lease_ms=365 * DAY_MS, **rules)
    return Society(len(kinds), edges, charter, customs, 1, shares)


def of(made: Society, kind: type[Behaviour]) -> list[Person]:
    return [person for person in made.people if type(person.behaviour) is kind]


def live(made: Society, weeks: int) -> None:
    for _ in range(weeks):
        made.live_a_week(BUSY)


def words_about(made: Society, person: Person) -> list[Rating]:
    """What others said of somebody, as one of their friends holds it."""
    seen = made.core(1 if person.number == 0 else 0)
    return list(book_of(seen).evidence().about(made.id(person.number)))


def words_by(made: Society, person: Person) -> list[int]:
    core = made.core(person.number)
    return [getattr(record.body, "confiance", -1) for record in core.mine(Kind.RATING)]


class TestBehaviours:
    """What each of them does."""

    def test_a_sharer_lists_things_lends_them_and_brings_back_what_is_lent(self) -> None:
        class Always(Wanting, Sharer):
            losses = 0.0

        made = town(Lender, Lender, Always)
        live(made, 3)
        [person] = of(made, Always)
        count = made.tally.of(person)

        assert person.things
        assert count.borrowed >= 2
        assert count.kept == 0
        assert {word.confiance for word in words_about(made, person)} == {1}

    def test_the_careful_lend_nothing_to_whom_something_went_wrong_with(self) -> None:
        made = town(Lender, Careful, Defector)
        live(made, 4)
        [careful], [defector] = of(made, Careful), of(made, Defector)

        assert made.tally.of(defector).kept >= 1
        assert not careful.behaviour.trusts(careful, made.id(defector.number))
        assert careful.behaviour.losses == 0.0

    def test_the_clumsy_lose_some_things_and_make_most_of_them_good(self) -> None:
        person = town(Clumsy, Lender).people[0]
        clumsy, loan = Clumsy(), Loan("", "", person.home.me, person.home.me, 1)
        lost = sum(not clumsy.brings_back(person, loan) for _ in range(5000)) / 5000
        good = sum(clumsy.makes_good(person, loan) for _ in range(5000)) / 5000

        assert 0.02 <= lost <= 0.05
        assert 0.85 <= good <= 0.95

    def test_a_free_rider_lists_nothing_and_can_ask_friends_only_in_the_end(self) -> None:
        class Riding(Wanting, FreeRider):
            pass

        made = town(Lender, Lender, Riding, sharing_grace_ms=30 * DAY_MS)
        live(made, 3)
        [rider] = of(made, Riding)
        count = made.tally.of(rider)
        before = count.borrowed
        own = made.core(rider.number), made.id(rider.number)
        assert sharing.circles(*own) == 2
        live(made, 4)

        assert rider.things == []
        assert before >= 1
        assert sharing.circles(*own) == 1

    def test_a_defector_brings_nothing_back_and_is_lent_nothing_any_more(self) -> None:
        made = town(Sharer, Sharer, Sharer, Defector)
        live(made, 8)
        [defector] = of(made, Defector)
        count = made.tally.of(defector)

        assert count.kept == count.borrowed >= 1
        assert count.last_borrowed_week is not None
        assert count.last_borrowed_week < 6
        assert 0 in {word.confiance for word in words_about(made, defector)}

    def test_a_sleeper_is_like_everybody_until_it_wakes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sleeper_module, "WAKES_IN_WEEK", 3)
        made = town(Lender, Lender, Sleeper)
        [sleeper] = of(made, Sleeper)
        live(made, 3)
        assert made.tally.of(sleeper).borrowed >= 1
        assert made.tally.of(sleeper).kept == 0
        live(made, 4)

        assert made.tally.of(sleeper).kept >= 1

    def test_a_whitewasher_begins_anew_with_the_help_of_those_it_did_not_harm(self) -> None:
        made = town(Lender, Sharer, Lender, Whitewasher)
        [washer] = of(made, Whitewasher)
        washer.got, washer.week = 1, 1
        behaviour = washer.behaviour
        assert isinstance(behaviour, Whitewasher)
        behaviour.had, behaviour.last_got = 1, -9
        washer.behaviour.lives_a_week(washer)
        [again] = [person for person in washer.family if person is not washer]

        assert washer.is_gone
        assert not again.is_gone
        core = made.core(again.number)
        assert core.standing() == "member"
        assert words_about(made, again) == []
        assert again.things

    def test_those_who_were_harmed_do_not_co_opt_who_did_it_under_a_new_name(self) -> None:
        made = town(Sharer, Sharer, Whitewasher)
        [washer] = of(made, Whitewasher)
        for person in of(made, Sharer):
            person.harmed_by[washer.number] = None

        assert made.move_in(washer, Whitewasher(), of(made, Sharer)) is None

    def test_a_slanderer_calls_bad_what_went_well(self) -> None:
        made = town(Lender, Lender, Slanderer)
        [person] = of(made, Slanderer)
        loan = Loan("", "", made.id(0), person.home.me, 1)
        said = [person.behaviour.rates(person, loan, True) for _ in range(200)]

        assert 60 <= sum(word is not None and word[0] == 0 for word in said) <= 140

    def test_a_retaliator_pays_back_a_bad_word_when_it_is_seen(self) -> None:
        class Grumbling(Lender):
            def rates(self, me: Person, loan: Loan, went_well: bool) -> tuple[int, int]:
                return 0, 2

        class Paying(Wanting, Retaliator):
            losses = 0.0

        made = town(Grumbling, Paying)
        live(made, 5)
        [paying] = of(made, Paying)

        # Blind the first time: it could not know. The next time it pays back.
        assert words_by(made, paying)[0] == 1
        assert 0 in words_by(made, paying)
        assert made.id(of(made, Grumbling)[0].number) in paying.home.who_rated_me_bad()

    def test_a_retaliator_answers_at_once_where_ratings_are_open(self) -> None:
        person = town(Retaliator, Lender).people[0]
        loan = Loan("", "", person.home.me, person.home.me, 1, heard=0)
        said = person.behaviour.rates(person, loan, True)

        assert said is not None
        assert said[0] == 0

    def test_a_ring_opens_circles_to_itself_by_praise(self) -> None:
        made = town(Lender, Ring, Ring, Ring, circle_2_exchanges=1)
        live(made, 3)
        ring = of(made, Ring)

        assert [len(person.family) for person in ring] == [3, 3, 3]
        assert all(person.home.circles_open() == 2 for person in ring)
        assert all(1 in words_by(made, person) for person in ring)

    def test_sybils_co_opt_each_other_and_praise_themselves(self) -> None:
        made = town(Lender, Lender, Sybils, Sybils)
        live(made, 3)
        invented = [person for person in made.people if person.number >= 4]

        assert invented
        assert all(made.core(person.number).standing() == "member" for person in invented)
        assert all(1 in words_by(made, person) for person in invented)
        assert all(person.family is of(made, Sybils)[0].family for person in invented)

    @pytest.mark.parametrize("kind", [SybilParallel, SybilPath, SybilCycle])
    def test_who_co_opts_the_next_invention_makes_the_shape_of_the_family(
        self, kind: type[Sybils]
    ) -> None:
        family: list[str] = ["first", "second"]
        friends: dict[str, int] = dict.fromkeys(family, 1)
        while len(family) < FAMILY_MAX:
            asked = kind().co_opt(family)  # type: ignore[arg-type]
            assert len(asked) == len(dict.fromkeys(asked)) >= 2
            for one in asked:
                friends[str(one)] += 1
            family.append(f"number {len(family)}")
            friends[family[-1]] = len(asked)

        most = {SybilParallel: FAMILY_MAX - 1, SybilPath: 4, SybilCycle: 4}
        assert max(friends.values()) == most[kind]
        assert friends["first"] == {SybilParallel: 7, SybilPath: 2, SybilCycle: 3}[kind]

    def test_each_of_them_is_found_by_its_name(self) -> None:
        assert all(behaviour_named(name).name == name for name in BEHAVIOURS)
        assert len(BEHAVIOURS) == 14


class TestMixes:
    """Who lives in a town."""

    def test_a_town_has_the_shares_it_is_said_to_have(self) -> None:
        for mix in (USUAL_MIX, HARD_MIX):
            drawn = people_of(mix, 1000, random.Random(1))
            assert len(drawn) == 1000
            for kind, share in mix.items():
                assert abs(drawn.count(kind) - 1000 * share) <= kind.together

    def test_those_who_belong_together_stand_together(self) -> None:
        drawn = people_of(HARD_MIX, 100, random.Random(2))
        families = families_of(drawn)

        assert {drawn[family[0]] for family in families} == {Ring, Sybils}
        assert all(len({drawn[n] for n in family}) == 1 for family in families)

    def test_a_class_of_ones_own_is_found_by_module_and_name(self) -> None:
        mix = read_mix("sharer=0.75,simulations.behaviours.clumsy:Clumsy=0.25")
        assert mix == {Sharer: 0.75, Clumsy: 0.25}

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            (
                "sharer=0.5,defector=0.4",
                "The shares add up to 0.9: they must add up to 1 (",
            ),
            ("sharer=0.5,nobody=0.5", "Nobody behaves like 'nobody'"),
            ("sharer=1.5,defector=-0.5", "'sharer=1.5' is not a share"),
            ("sharer=nan", "'sharer=nan' is not a share"),
            ("sharer", "'sharer' is not a share"),
            ("sharer=0.5,sharer=0.5", "stands there twice"),
            ("nowhere.at_all:Class=1", "cannot be imported"),
            ("simulations.street:Street=1", "is not a class made from"),
            (":=1", "cannot be imported"),
            ("sharer=rest,careful=rest", "'careful=rest' is not a share"),
            ("sharer=rest,careful=1.0,clumsy=0.5", "The shares add up to 1.5"),
            ("nowhere:Class=1", "there is no nowhere.py here"),
        ],
    )
    def test_what_no_town_can_be_made_of_is_said_in_a_sentence(
        self, text: str, sentence: str
    ) -> None:
        with pytest.raises(MixError) as caught:
            read_mix(text)
        assert sentence in str(caught.value)

    def test_one_may_be_what_the_others_leave(self) -> None:
        assert read_mix("sharer=rest,clumsy=0.25") == {Sharer: 0.75, Clumsy: 0.25}

    def test_two_of_one_name_would_stand_in_one_row(self) -> None:
        class Other(Behaviour):
            name = "sharer"

        with pytest.raises(MixError, match="Two behaviours are called 'sharer'"):
            people_of({Sharer: 0.5, Other: 0.5}, 20, random.Random(1))

    def test_a_group_needs_members_enough(self) -> None:
        with pytest.raises(MixError, match="2 members cannot be divided"):
            people_of({Ring: 1.0}, 2, random.Random(1))


SLIPS = """
from simulations.behaviours import Behaviour

class Fails(Behaviour):
    name = "fails"
    def lends(self, me, loan):
        return loan.lender

class Mumbles(Behaviour):
    name = "mumbles"
    def lends(self, me, loan):
        return "maybe"

class Greedy(Behaviour):
    name = "greedy"
    def wants(self, me):
        return 1.5

class Misspelt(Behaviour):
    name = "misspelt"
    def lend(self, me, loan):
        return "no"

class Nameless(Behaviour):
    pass

class Asks(Behaviour):
    name = "asks"
    def __init__(self, person):
        pass

class Helped(Behaviour):
    name = "helped"
    def _lend(self):
        return "no"
    def remembers(self):
        return 1
"""


class TestSlips:
    """What is wrong with a behaviour of one's own is one sentence, with the line."""

    @pytest.fixture(autouse=True)
    def here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "slips.py").write_text(SLIPS)
        (tmp_path / "torn.py").write_text("class Torn(Behaviour)\n    pass\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", list(sys.path))
        monkeypatch.delitem(sys.modules, "slips", raising=False)

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("slips:Helper", "is not a class made from simulations.behaviours.Behaviour; slips.py "
             "has Fails, Mumbles, Greedy"),
            ("slips:Misspelt", "'lend', which nobody asks for: did you mean 'lends'?"),
            ("slips:Nameless", "has no name of its own"),
            ("slips:Asks", "cannot be made for a person: TypeError: Asks.__init__() missing"),
            ("torn:Torn", "cannot be imported: SyntaxError: expected ':' (torn.py, line 1)."),
        ],
    )  # fmt: skip
    def test_it_is_said_before_anybody_lives(self, name: str, sentence: str) -> None:
        with pytest.raises(MixError) as caught:
            behaviour_named(name)
        assert sentence in str(caught.value)

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("slips:Fails", "'lends' of slips:Fails failed (slips.py, line 7): AttributeError: "
             "'Loan' object has no attribute 'lender'."),
            ("slips:Mumbles", "'lends' of slips:Mumbles gives 'maybe'; allowed: \"yes\", \"no\" or "
             '"wait".'),
            ("slips:Greedy", "'wants' of slips:Greedy gives 1.5; allowed: a whole number"),
        ],
    )  # fmt: skip
    def test_or_at_the_decision_that_failed(self, name: str, sentence: str) -> None:
        made = town(behaviour_named(name), Wanting, Wanting)
        with pytest.raises(MixError) as caught:
            live(made, 4)
        assert sentence in str(caught.value)

    def test_what_helps_a_behaviour_is_its_own_matter(self) -> None:
        assert behaviour_named("slips.py:Helped").name == "helped"


COOKBOOK = Path(__file__).parents[2] / "docs" / "behaviours.md"


def test_the_behaviour_of_the_cookbook_page_lives_in_a_town(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = COOKBOOK.read_text(encoding="utf-8").split("```python")[1:]
    code = "\n".join(part.split("```")[0] for part in codes if "# borrowers.py" in part)
    (tmp_path / "borrowers.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    forgetful = behaviour_named("borrowers:Forgetful")
    made = town(forgetful, Lender, Lender)
    made.people[0].need_per_week = 1.0
    live(made, 3)

    assert forgetful.name == "forgetful"
    assert made.tally.of(of(made, forgetful)[0]).borrowed >= 1

    assert behaviour_named("borrowers:Charmer").together == 2

    grudge, stingy = behaviour_named("borrowers:Grudge"), behaviour_named("borrowers:Summer")
    made = town(grudge, Wanting, stingy)  # it is winter
    made.people[0].need_per_week = 10.0
    live(made, 3)
    bearer = of(made, grudge)[0]

    assert made.id(of(made, stingy)[0].number) in bearer.home.who_refused_me()
    assert made.id(of(made, Wanting)[0].number) not in bearer.home.who_refused_me()


def test_the_oracle_of_the_cookbook_page_speaks_up(capsys: pytest.CaptureFixture[str]) -> None:
    parts = COOKBOOK.read_text(encoding="utf-8").split("```python")[1:]
    code = next(part.split("```")[0] for part in parts if "# watch.py" in part)
    small = (
        code.replace("20", "8").replace("range(8)", "range(3)").replace("held >= 3", "held >= 1")
    )
    exec(small, {"__name__": "watch"})

    assert "things of others" in capsys.readouterr().out


def test_the_cookbook_page_names_every_choice_and_every_behaviour() -> None:
    page = COOKBOOK.read_text(encoding="utf-8")
    choices = [name for name in vars(Behaviour) if inspect.isfunction(vars(Behaviour)[name])]

    assert [name for name in choices if f"| `{name}(" not in page] == []
    assert [name for name in BEHAVIOURS if f"| `{name}` |" not in page] == []
