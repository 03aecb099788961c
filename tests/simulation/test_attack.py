"""The crowd behind a few friendships: what it holds at most, and what it would without (§12.7)."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulations.attack import Attack, AttackError, run_attack
from simulations.shapes import Place, Shape

TOWN = [(n, (n + step) % 40) for n in range(40) for step in (1, 2, 7)]


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Forty people, six friends each."""
    file = tmp_path / "town.edges"
    file.write_text("\n".join(f"{one} {other}" for one, other in TOWN))
    return file


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("circles", [2, 3])
def test_a_crowd_holds_no_more_than_was_placed_on_it(graph: Path, circles: int) -> None:
    """However many they are: the bound is used up and kept."""
    for sybils in (6, 24):
        damage = run_attack(graph, Attack(sybils, 3, circles), shows_progress=False)
        assert damage.capacity == 3
        assert 1 <= damage.engaged <= 3
        assert damage.lenders_beyond_bound == 0
        assert damage.holds


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("shape", "at"), [("path", "newcomers"), ("cycle", "hubs"), ("clique", "sponsors")]
)
def test_no_shape_and_no_place_gets_more_than_was_placed_there(
    graph: Path, shape: Shape, at: Place
) -> None:
    """Two sponsors who turn had friends: what these placed on them is lost, and no more."""
    edges = 0 if at == "sponsors" else 2
    damage = run_attack(graph, Attack(3, edges, shape=shape, at=at), shows_progress=False)

    assert damage.attack_edges == damage.capacity == (10 if at == "sponsors" else 2)
    assert damage.honest == (38 if at == "sponsors" else 40)
    assert damage.engaged == damage.capacity
    assert damage.holds


@pytest.mark.slow
@pytest.mark.no_cover
def test_where_nobody_counts_the_same_crowd_takes_all_it_can(graph: Path) -> None:
    damage = run_attack(graph, Attack(40, 3, counts_units=False), shows_progress=False)

    assert damage.engaged > 10 * damage.capacity
    assert damage.lenders_beyond_bound > 0
    assert not damage.holds


def test_an_attack_that_cannot_be_is_refused(graph: Path) -> None:
    with pytest.raises(AttackError, match="40 honest members"):
        run_attack(graph, Attack(5, 41), shows_progress=False)
    with pytest.raises(AttackError, match="one invented person"):
        run_attack(graph, Attack(0, 1), shows_progress=False)
    with pytest.raises(AttackError, match="give no number of them"):
        run_attack(graph, Attack(5, 1, at="sponsors"), shows_progress=False)
