"""How fast the population model is, beside igraph, NetworkX and Mesa in the same run.

Reach: how many people are within two friendships of each member of a town, exactly. The model
does it for everybody; igraph and NetworkX for members in a row, in the same order of numbers
and on the whole graph, and the result is compared member by member. Speeds are holders a second,
so a peer need not do all of them.

An exchange round: a week of the same town, in which some ask, pass on, lend and bring back. Mesa's
agents (``_mesa_town``) live by the very same rules: with the model's draws their weeks are equal
to its own, which is shown on a small town first. Then both live the same weeks of a young town
with their own chance, Mesa for as many agents as ``--mesa-agents`` says; speeds are members a
second.

Peers use one core; the model uses all there are. So there are three ratios: of the time on the
clock, which is right on a machine that does nothing else; of the time on processors, which says
what one core does, whoever else is working; and, computed from these, of the time that the clock
would show if nothing else ran: what the model does on one thread, and the rest on all cores.

Estimated reach: three circles of everybody in a town of many friends, by sketches and exactly, and
how far the one is from the other.

The two are alternated, because machines do not run at one speed for long.

    python3 -m benchmarks.population [--members 100000] [--runs 3] [--mesa-agents 50000]
                                     [--only exchange_round] [--largest 10000000]

With ``--largest`` every tenfold size up to it is measured as well, each in a process of its
own, so that its memory is its own. Peers that are missing (``openhouse[bench]``) are left out.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe
from protocol.charter import Charter
from simulations.memory import Need, free_memory_bytes, memory_peak_bytes
from simulations.population.compiled import Numbers, cores
from simulations.population.csr import Csr
from simulations.population.reach import reach
from simulations.population.sketches import estimated_reach
from simulations.population.towns import town
from simulations.population.weeks import Week, Weeks
from simulations.scenario_population import Customs, TownPlan

CIRCLES: Final = 2
SEED: Final = 1
IGRAPH_SHARE: Final = 0.1
NETWORKX_HOLDERS: Final = 2000
MESA_AGENTS: Final = 50_000
NEEDS: Final = 4.0
"""Times the usual: one in six wants something each week."""
WEEKS_BEFORE: Final = 6
EQUAL_MEMBERS: Final = 200
EQUAL_WEEKS: Final = 8
AGENT_BYTES: Final = 2500
"""One agent of Mesa with ten friends and what is said of it; a million took 2.2 GB."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--mesa-agents", type=int, default=MESA_AGENTS)
    parser.add_argument("--only", choices=("reach", "estimated_reach", "exchange_round"))
    parser.add_argument("--largest", type=int, default=0)
    parser.add_argument("--only-size", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_size:
        print(json.dumps(one_size(options.only_size)))
        return 0
    members, runs = options.members, options.runs
    agents = min(members, options.mesa_agents)
    need = Need(agents * AGENT_BYTES, free_memory_bytes())
    if not need.fits:
        parser.error(f"--mesa-agents {agents} {need}: take fewer.")
    parts: dict[str, Callable[[], object]] = {
        "reach": lambda: reach_beside_peers(members, runs),
        "estimated_reach": lambda: sketches_beside_searches(members, runs),
        "exchange_round": lambda: weeks_beside_mesa(members, runs, agents),
    }
    answer: dict[str, object] = {"machine": describe(), "seed": SEED}
    answer |= {"load_before": [round(load, 1) for load in os.getloadavg()]}
    for name, measure in parts.items():
        if options.only in (name, None):
            answer[name] = measure()
    if options.largest:
        answer["sizes"] = sizes_up_to(options.largest)
    print(json.dumps(answer, indent=2))
    return 0


# --- reach -------------------------------------------------------------------------------


def reach_beside_peers(members: int, runs: int) -> dict[str, object]:
    """Holders a second of the model and the peers, alternated."""
    reach(town(1000, TownPlan(), SEED), CIRCLES)  # compiles
    graph = town(members, TownPlan(), SEED)
    expected = reach(graph, CIRCLES).sum(axis=1, dtype=np.int32)
    peers = {"igraph": igraph_speed(graph, expected), "networkx": networkx_speed(graph, expected)}
    return {
        "members": members,
        "friendships": graph.friendships,
        "mean_reach": round(float(expected.mean()), 1),
        **beside(lambda: timed(lambda: reach(graph, CIRCLES)).speed(members), peers, runs),
    }


def sketches_beside_searches(members: int, runs: int) -> dict[str, object]:
    """Three circles of everybody, estimated and exact, alternated."""
    sociable = TownPlan(neighbours=12, club_friends=9, far=3)
    small, graph = town(1000, sociable, SEED), town(members, sociable, SEED)
    reach(small, 3), estimated_reach(small, 3, SEED)  # compiles
    exact, estimated = reach(graph, 3).sum(axis=1), estimated_reach(graph, 3, SEED).sum(axis=1)
    ratios = []
    for _ in range(runs):
        searched = timed(lambda: reach(graph, 3))
        sketched = timed(lambda: estimated_reach(graph, 3, SEED))
        ratios.append(searched.core_s / sketched.core_s)
    return {
        "members": members,
        "mean_reach": round(float(exact.mean()), 1),
        "mean_estimated": round(float(estimated.mean()), 1),
        "ratio_by_core": round(statistics.median(ratios), 1),
    }


@dataclass(frozen=True, slots=True)
class Speed:
    """What was done in a second on the clock, in one on a processor, and in one at rest.

    Args:
        at_rest: on the clock of a machine that does nothing else, computed.
    """

    by_clock: float
    by_core: float
    at_rest: float


@dataclass(frozen=True, slots=True)
class Time:
    """Seconds on the clock, on all processors, and on these of the thread that waits for others."""

    clock_s: float
    core_s: float
    main_s: float

    def speed(self, count: int) -> Speed:
        at_rest_s = self.main_s + (self.core_s - self.main_s) / cores()
        return Speed(count / self.clock_s, count / self.core_s, count / at_rest_s)


def timed(work: Callable[[], object]) -> Time:
    clock_s, core_s, main_s = time.perf_counter(), time.process_time(), time.thread_time()
    work()
    return Time(
        time.perf_counter() - clock_s,
        time.process_time() - core_s,
        time.thread_time() - main_s,
    )


def beside(
    ours: Callable[[], Speed], peers: Mapping[str, Callable[[], Speed] | None], runs: int
) -> dict[str, object]:
    """The speeds of the model and of the peers that are there, alternated; and the ratios."""
    measured = {"population": ours}
    measured |= {name: speed for name, speed in peers.items() if speed is not None}
    speeds: dict[str, list[Speed]] = {name: [] for name in measured}
    for _ in range(runs):
        for name, measure in measured.items():
            speeds[name].append(measure())
    rows: dict[str, object] = {}
    for name, all_ in speeds.items():
        clock, core = [speed.by_clock for speed in all_], [speed.by_core for speed in all_]
        row: dict[str, object] = {
            "per_second": round(statistics.median(clock)),
            "per_second_of_one_core": round(statistics.median(core)),
            "apart_percent": round(100 * (max(core) / min(core) - 1)),
        }
        if name != "population":
            pairs = list(zip(speeds["population"], all_, strict=True))
            row["ratio"] = round(statistics.median(a.by_clock / b.by_clock for a, b in pairs), 1)
            by_core = statistics.median(a.by_core / b.by_core for a, b in pairs)
            row["ratio_by_core"] = round(by_core, 1)
            at_rest = statistics.median(a.at_rest / b.at_rest for a, b in pairs)
            row["ratio_at_rest_computed"] = round(at_rest, 1)
            row["version"] = version(name)
        rows[name] = row
    return rows


def pairs_of(graph: Csr) -> NDArray[np.int64]:
    """Each friendship once, as two member numbers."""
    one = np.repeat(np.arange(graph.members), np.diff(graph.offsets))
    is_once = one < graph.neighbours
    return np.stack([one[is_once], graph.neighbours[is_once]], axis=1)


def igraph_speed(graph: Csr, expected: Numbers) -> Callable[[], Speed] | None:
    """The same count by igraph, written in C, for a tenth of the members in a row."""
    if importlib.util.find_spec("igraph") is None:
        return None
    import igraph

    other = igraph.Graph(n=graph.members, edges=pairs_of(graph))
    begin = graph.members // 2
    holders = list(range(begin, begin + int(graph.members * IGRAPH_SHARE)))

    def measure() -> Speed:
        sizes: list[int] = []
        taken = timed(lambda: sizes.extend(other.neighborhood_size(holders, order=CIRCLES)))
        assert [size - 1 for size in sizes] == expected[holders].tolist()
        return taken.speed(len(holders))

    return measure


def networkx_speed(graph: Csr, expected: Numbers) -> Callable[[], Speed]:
    """The same count by NetworkX, plain Python, for some members in a row."""
    begin = graph.members // 2
    holders = range(begin, min(begin + NETWORKX_HOLDERS, graph.members))
    other: nx.Graph[int] = nx.Graph()
    other.add_nodes_from(range(graph.members))
    other.add_edges_from(pairs_of(graph).tolist())

    def measure() -> Speed:
        sizes: list[int] = []

        def count() -> None:
            for holder in holders:
                lengths = nx.single_source_shortest_path_length(other, holder, cutoff=CIRCLES)
                sizes.append(len(lengths) - 1)

        taken = timed(count)
        assert sizes == expected[begin : begin + len(sizes)].tolist()
        return taken.speed(len(sizes))

    return measure


# --- an exchange round -------------------------------------------------------------------


def weeks_beside_mesa(members: int, runs: int, agents: int) -> dict[str, object]:
    """Members a second in one week, of the model and of Mesa."""
    charter, customs = Charter(), Customs(needs=NEEDS)
    Weeks(town(2000, TownPlan(), SEED), charter, customs, SEED).live()  # compiles
    life = Weeks(town(members, TownPlan(), SEED), charter, customs, SEED)
    for _ in range(WEEKS_BEFORE):
        life.live()
    ours: list[Week] = []
    mesa = None if importlib.util.find_spec("mesa") is None else MesaWeeks(agents)
    peers = {"mesa": None if mesa is None else mesa.measure}
    rows = beside(lambda: timed(lambda: ours.append(life.live())).speed(members), peers, runs)
    answer: dict[str, object] = {
        "members": members,
        "mesa_agents": agents,
        "weeks": [row.week for row in ours],
        "loans_of_1000": _loans_of_1000(ours[-1], members),
        **rows,
    }
    if mesa is not None:
        answer["equal_weeks"] = f"{EQUAL_WEEKS} of {EQUAL_MEMBERS} members"
        answer["mesa_loans_of_1000"] = _loans_of_1000(mesa.town.row, agents)
    return answer


class MesaWeeks:
    """A town of Mesa's agents, some weeks old."""

    def __init__(self, agents: int) -> None:
        from benchmarks._mesa_town import Town

        charter, customs = Charter(), Customs(needs=NEEDS)
        _live_equal_weeks()
        _tell(f"Mesa: {agents} agents, about {agents * AGENT_BYTES / 1e9:.1f} GB")
        self.agents = agents
        self.town = Town(town(agents, TownPlan(), SEED), charter, customs, SEED)
        # What lives as long as the town is not looked through again and again.
        gc.collect()
        gc.freeze()
        for week in range(WEEKS_BEFORE):
            _tell(f"Mesa: week {week} of {WEEKS_BEFORE} before those that are measured")
            self.town.step()

    def measure(self) -> Speed:
        _tell(f"Mesa: week {self.town.week}, measured")
        return timed(self.town.step).speed(self.agents)


def _live_equal_weeks() -> None:
    """With the same draws Mesa's agents do what the model's members do."""
    from benchmarks._mesa_town import Town
    from benchmarks._town_chance import Hashed

    graph, charter = town(EQUAL_MEMBERS, TownPlan(), SEED), Charter()
    customs = Customs(needs=10 * NEEDS)
    model = Weeks(graph, charter, customs, SEED)
    agents = Town(graph, charter, customs, SEED, Hashed(SEED))
    for _ in range(EQUAL_WEEKS):
        agents.step()
        assert model.live() == agents.row


def _loans_of_1000(row: Week, members: int) -> dict[str, float]:
    """Loans of a week for a thousand members, by circle."""
    loans = {"circle_1": row.agreed_1, "circle_2": row.agreed_2, "circle_3": row.agreed_3}
    return {name: round(1000 * count / members, 1) for name, count in loans.items()}


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


# --- sizes -------------------------------------------------------------------------------


def sizes_up_to(largest: int) -> dict[str, object]:
    """Time for each member and memory, from 100,000 members on by tens."""
    rows, members = [], 100_000
    while members <= largest:
        command = [sys.executable, "-m", "benchmarks.population", "--only-size", str(members)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows.append(json.loads(done.stdout))
        members *= 10
    times = [row["reach_ns_per_member"] for row in rows]
    return {"rows": rows, "slowest_to_fastest": round(max(times) / min(times), 2)}


def one_size(members: int) -> dict[str, object]:
    """A town of one size, made and measured in this process alone."""
    reach(town(1000, TownPlan(), SEED), CIRCLES)
    started = time.perf_counter()
    graph = town(members, TownPlan(), SEED)
    made_s = time.perf_counter() - started
    seconds = [timed(lambda: reach(graph, CIRCLES)).core_s for _ in range(3)]
    return {
        "members": members,
        "made_ns_per_member": round(made_s / members * 1e9),
        "reach_ns_per_member": round(statistics.median(seconds) / members * 1e9),
        "memory_peak_gb": round(memory_peak_bytes() / 1e9, 2),
    }


if __name__ == "__main__":
    sys.exit(main())
