"""Long runs: ``make fuzz ARGS="--seconds 600 message record"``; without names, every target.

With atheris (``pip install -e '.[fuzz]'``), coverage says which inputs are worth
changing further; what it learns stays in ``test-results/fuzz`` for the next run. Without
it, seeds are changed at random, many times a second, which finds less and needs nothing.

What breaks a reader is written to ``test-results/fuzz/broken-<target>-<digest>``. Once
mended, move it to ``tests/fuzz/found/<target>/``: it is tried on every run of the tests.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.fuzz.target import Target

ROOT: Final = Path(__file__).resolve().parent.parent.parent
RESULTS: Final = ROOT / "test-results" / "fuzz"
SECONDS: Final = 60
_MEMORY_MAX_MB: Final = 1024
_STEPS_MAX: Final = 12
_LATE_S: Final = 120
_INSTRUMENTED: Final = ("protocol", "node", "simulations")


def main(arguments: list[str]) -> int:
    """Fuzz some targets one after the other; 1 when any was broken."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", help="names of targets; all when none is given")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for each target")
    parser.add_argument("--plain", action="store_true", help="without atheris")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--guided", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.guided:
        return fuzz_guided(given.targets[0], given.seconds, given.seed)
    known = load_targets()
    unknown = [name for name in given.targets if name not in known]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; targets are: {', '.join(known)}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    is_guided = not given.plain and importlib.util.find_spec("atheris") is not None
    if not is_guided and not given.plain:
        print("atheris is not installed (pip install -e '.[fuzz]'): changing seeds at random.")
    broken = []
    for name in given.targets or known:
        run = run_guided if is_guided else run_plain
        if not run(known[name], given.seconds, given.seed):
            broken.append(name)
    print(f"Broken: {', '.join(broken)}; see {RESULTS}." if broken else "Nothing broke.")
    return 1 if broken else 0


def load_targets() -> dict[str, Target]:
    from tests.fuzz import engine_targets, local_targets, wire_targets

    modules = (wire_targets, local_targets, engine_targets)
    return {target.name: target for module in modules for target in module.TARGETS}


def keep(name: str, data: bytes) -> Path:
    """Write down what broke a target."""
    path = RESULTS / f"broken-{name}-{hashlib.sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    return path


# --- at random -----------------------------------------------------------------------------


def run_plain(target: Target, seconds: int, seed: int) -> bool:
    """Change seeds at random; whether nothing broke."""
    from tests.fuzz import corpus
    from tests.fuzz.target import Broken, attempt, weighted_seeds

    pick = corpus.by_chance(random.Random(f"{seed} {target.name}"))
    seeds = [*weighted_seeds(target), *corpus.found(target.name)]
    began_s, tried, taken, broken = time.monotonic(), 0, 0, dict[str, Path]()
    while time.monotonic() - began_s < seconds:
        base = seeds[pick(len(seeds))]
        data = target.mutate(pick, base, seeds, 1 + pick(_STEPS_MAX), target.size_max_bytes)
        tried += 1
        try:
            taken += attempt(target, data)
        except Broken as error:
            # One of each sort is enough.
            sort = f"{type(error.__cause__).__name__} {str(error.__cause__)[:60]}"
            if sort not in broken:
                broken[sort] = keep(target.name, data)
                print(f"{target.name}: {error}\n    {sort}: {broken[sort]}")
    print(f"{target.name}: {tried} inputs, {taken} taken, seed {seed}", flush=True)
    return not broken


# --- guided by coverage ----------------------------------------------------------------------


def run_guided(target: Target, seconds: int, seed: int) -> bool:
    """In a process of its own, because libFuzzer ends the one that it runs in."""
    corpus_folder = RESULTS / target.name
    corpus_folder.mkdir(parents=True, exist_ok=True)
    for data in target.seeds():
        path = corpus_folder / hashlib.sha256(data).hexdigest()[:16]
        if not path.exists():
            path.write_bytes(data)
    command = [sys.executable, "-m", "tests.fuzz.run", "--guided", target.name]
    command += ["--seconds", str(seconds), "--seed", str(seed)]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds + _LATE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"{target.name}: did not end in {seconds + _LATE_S} seconds", flush=True)
        return False
    lines = done.stdout.decode(errors="replace").splitlines()
    is_well = done.returncode == 0
    print(f"{target.name}: " + (_summary(lines) if is_well else "\n".join(lines[-40:])), flush=True)
    return is_well


def _summary(lines: Iterable[str]) -> str:
    told = [line for line in lines if " cov: " in line]
    return told[-1] if told else "nothing was told"


def fuzz_guided(name: str, seconds: int, seed: int) -> int:
    """Never returns: libFuzzer ends the process."""
    atheris: Any = importlib.import_module("atheris")
    os.chdir(ROOT)
    with atheris.instrument_imports(include=list(_INSTRUMENTED)):
        target = load_targets()[name]
    from tests.fuzz import corpus
    from tests.fuzz.target import attempt

    seeds = target.seeds()

    def change(data: bytes, size_max_bytes: int, seed: int) -> bytes:
        """Half of the inputs keep their form; libFuzzer changes the others."""
        pick = corpus.by_chance(random.Random(seed))
        if target.mutate is corpus.mutated or pick(2):
            return bytes(atheris.Mutate(data, size_max_bytes))
        return target.mutate(pick, data, seeds, 1 + pick(4), size_max_bytes)

    options = [
        f"-max_total_time={seconds}", f"-seed={seed % 2**31 or 1}", "-timeout=20",
        f"-rss_limit_mb={_MEMORY_MAX_MB}", f"-max_len={min(target.size_max_bytes, 1 << 14)}",
        f"-artifact_prefix={RESULTS}/broken-{name}-", "-print_final_stats=1",
    ]  # fmt: skip
    atheris.Setup(
        [sys.argv[0], *options, str(RESULTS / name)],
        lambda data: bool(attempt(target, data)),
        custom_mutator=change,
    )
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
