"""My neighbourhood: who is in it (node/engine/views/neighbourhood), and where (node/web)."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from node.engine.views.neighbourhood import Neighbour, neighbours
from node.web import neighbourhood
from node.web.neighbourhood import DOT, WIDTH, Picture
from protocol.keys import MemberId
from tests.page_street import NAMES, live_here, make_street

LETTERS = st.text(st.characters(codec="utf-8", categories=["L"]), min_size=1, max_size=30)


def member(number: int) -> MemberId:
    return MemberId(number.to_bytes(32, "big"))


@st.composite
def neighbourhoods(draw: st.DrawFn) -> list[Neighbour]:
    """Friends, then people behind somebody who was named before."""
    people: list[Neighbour] = []
    for number in range(draw(st.integers(0, 45))):
        before = [person for person in people if person.distance < 4]
        through: tuple[MemberId, ...] = ()
        is_beyond = draw(st.booleans())
        if before and is_beyond:
            chosen = draw(st.lists(st.sampled_from(before), min_size=1, max_size=2))
            nearest = min(person.distance for person in chosen)
            through = tuple(sorted({p.member for p in chosen if p.distance == nearest}))
            distance = nearest + 1
        else:
            distance = 1
        people.append(Neighbour(member(number), draw(LETTERS), distance, through, True))
    return sorted(people, key=lambda person: person.distance)


def boxes_of_names(picture: Picture) -> list[tuple[float, float, float, float]]:
    halves = [len(dot.name) * 3.3 for dot in picture.dots]
    return [
        (dot.label_x - half, dot.label_y - 11, dot.label_x + half, dot.label_y + 3)
        for dot, half in zip(picture.dots, halves, strict=True)
        if dot.name
    ]


@given(neighbourhoods())
def test_nobody_stands_on_somebody_else_and_no_name_on_another(people: list[Neighbour]) -> None:
    """Everybody is inside the picture, which is as wide as a phone."""
    picture = neighbourhood.draw(people)
    bottom = picture.top + picture.height
    names = boxes_of_names(picture)

    assert len(people) == len(picture.dots) + picture.left_out
    assert picture == neighbourhood.draw(people)
    for number, dot in enumerate(picture.dots):
        assert abs(dot.x) + DOT <= WIDTH / 2
        assert picture.top < dot.y - DOT
        assert dot.y + DOT < bottom
        for other in picture.dots[:number]:
            assert math.hypot(dot.x - other.x, dot.y - other.y) > 2 * DOT
    for number, (left, top, right, foot) in enumerate(names):
        assert -WIDTH / 2 - 0.1 <= left < right <= WIDTH / 2 + 0.1
        assert picture.top <= top
        assert foot <= bottom
        for its_left, its_top, its_right, its_foot in names[:number]:
            is_beside = right <= its_left + 0.2 or its_right <= left + 0.2
            assert is_beside or foot <= its_top or its_foot <= top


@given(neighbourhoods())
def test_everybody_is_joined_to_whom_they_are_known_through(people: list[Neighbour]) -> None:
    picture = neighbourhood.draw(people)
    joined = sum(max(1, len(dot.person.through)) for dot in picture.dots)

    assert joined == len(picture.lines)


def test_a_friendship_between_two_others_goes_around_me() -> None:
    """A straight line through the middle would say that it is mine."""
    one, other = (Neighbour(member(n), "Ana", 1, (), True) for n in (1, 2))
    between = Neighbour(member(3), "Zoé", 2, (one.member, other.member), False)
    lines = [
        line for line, is_mine in neighbourhood.draw([one, other, between]).lines if not is_mine
    ]

    assert ["L", "Q"] == sorted("Q" if "Q" in line else "L" for line in lines)


def test_only_friends_and_the_ways_of_things_are_told() -> None:
    """Whoever shares nothing that is seen here is not in it, and no friendship besides."""
    street = make_street(now_ms=1_750_000_000_000)
    alone = neighbours(street.core(0))
    assert [(1, ()), (1, ()), (1, ())] == [(p.distance, p.through) for p in alone]

    live_here(street)
    found = {person.name: person for person in neighbours(street.core(0))}
    numbers = {street.id(number): number for number in range(len(NAMES))}
    ways = {
        numbers[p.member]: (p.distance, [numbers[m] for m in p.through]) for p in found.values()
    }
    # Sofía is a friend of Luc and of Maximiliane; her things came through one of them.
    assert ways[3][0] == 2
    assert ways[3][1] in ([1], [2])
    assert (2, [2]) == ways[4]
    assert (3, [3]) == ways[5]
    assert all(ways[friend] == (1, []) for friend in (1, 2, 6))
