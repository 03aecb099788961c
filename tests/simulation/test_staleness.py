"""What should be gone and is still seen: among liars for a lease at most, else not at all."""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from simulations import cli
from simulations.graphs import random_graph
from simulations.plots import plot_staleness
from simulations.reach import ReachError, ReachPlan
from simulations.staleness import (
    HOUR_MS,
    MINUTE_MS,
    SKEW_MAX_MS,
    Sample,
    StalenessResult,
    run_staleness,
    sample_times,
    staleness,
)

LEASE_MS = 2 * HOUR_MS
MUCH = ReachPlan(end=0.15, narrow=0.3)


def stale_town(seed: int, liars: float) -> StalenessResult:
    """Thirty members with few ways around anybody, so that one who is silent matters."""
    edges = random_graph(30, 3.0, random.Random(seed))
    return staleness(30, edges, list(range(0, 30, 2)), 2, seed, MUCH, liars, LEASE_MS)


def late(result: StalenessResult) -> list[Sample]:
    return [s for s in result.stale if s.after_ms >= LEASE_MS + 2 * SKEW_MAX_MS]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_liars_keep_views_alive_for_a_lease_and_no_longer(seed: int) -> None:
    result = stale_town(seed, 0.2)

    assert (6, 0, 0) == (result.liars, result.missing, result.extra)
    in_between = [s for s in result.stale if MINUTE_MS <= s.after_ms <= LEASE_MS * 7 // 8]
    assert all(0 < sample.stale_views < sample.of_views for sample in in_between)
    assert [0, 0] == [sample.stale_views for sample in late(result)]
    assert result.is_good


def test_without_liars_everything_is_gone_at_once_and_stays_so() -> None:
    """The control: what the other tests count comes from the liars alone."""
    result = stale_town(1, 0.0)

    first, *others = result.stale
    assert (0, 0) == (result.liars, result.lies)
    assert 0 < first.stale_views <= first.of_views
    assert {0} == {sample.stale_views for sample in others}
    assert {0} == {sample.lost_views for sample in others}


def test_what_stays_after_the_lease_is_found_out() -> None:
    result = stale_town(2, 0.2)

    samples = [Sample(s.after_ms, s.share_of_lease, 1, 0, 9, 0) for s in result.stale]
    assert not replace(result, stale=tuple(samples)).is_good
    assert not replace(result, stale=result.stale[:5]).is_good


def test_it_is_looked_soon_at_every_eighth_and_when_no_clock_can_differ() -> None:
    times = sample_times(48 * HOUR_MS)

    assert sorted(times) == times
    assert {0, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, 54 * HOUR_MS} <= set(times)
    assert 48 * HOUR_MS + 2 * SKEW_MAX_MS in times


@pytest.mark.parametrize(
    ("plan", "lease_ms", "sentence"),
    [
        (ReachPlan(), LEASE_MS, "needs --end or --narrow"),
        (ReachPlan(end=0.1, warm_up_ms=1), LEASE_MS, "not both at once"),
        (MUCH, 1000, "from 1h to 30d"),
        (MUCH, 31 * 24 * HOUR_MS, "from 1h to 30d"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_sentence(
    plan: ReachPlan, lease_ms: int, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ReachError, match=sentence):
        run_staleness(tmp_path / "none", 2, None, 1, plan, 0.1, lease_ms)


# --- the command and the plot --------------------------------------------------------------


def run_command(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    cli.configure(parser.add_subparsers(dest="verb", required=True))
    return cli.main(parser.parse_args(["reach", *arguments]))


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    path = tmp_path / "ring.edges"
    path.write_text("".join(f"{one} {(one + 1) % 12}\n" for one in range(12)))
    return path


def test_the_command_tells_how_much_is_stale_and_the_plot_shows_it(
    ring: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--circles", "2", "--end", "0.1", "--narrow", "0.1", "--lease", "1h")

    assert 0 == run_command("--graph", str(ring), *words, "--liars", "0.2", "--json")

    answer = json.loads(capsys.readouterr().out)
    assert (12, 2, 1, 1) == tuple(answer[k] for k in ("members", "liars", "ended", "narrowed"))
    assert {"after_ms", "share_of_lease", "stale_views", "of_views"} <= answer["stale"][0].keys()
    file = tmp_path / "run.json"
    file.write_text(json.dumps(answer))
    picture = plot_staleness([json.loads(file.read_text()), answer])
    assert picture.startswith("<svg ")
    assert 2 == picture.count("<polyline ")
    assert "17 % of members lie" in picture


def test_the_command_without_json_gives_one_line_a_sample(
    ring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--circles", "1", "--narrow", "0.5", "--lease", "1h", "--liars", "0")

    assert 0 == run_command("--graph", str(ring), *words)

    lines = capsys.readouterr().out.splitlines()
    assert len(sample_times(HOUR_MS)) == sum("of a lease after" in line for line in lines)


@pytest.mark.parametrize(
    "words",
    [("--end", "2"), ("--narrow", "x"), ("--liars", "-0.1"), ("--warm-up", "1"), ("--lease", "0h")],
)
def test_shares_and_durations_that_are_none_are_wrong_usage(
    words: tuple[str, str], ring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run_command("--graph", str(ring), "--circles", "1", *words)

    assert "is not a" in capsys.readouterr().err
