#!/usr/bin/env python3
"""One short command for everything: ``make run`` and ``make test`` end here.

    python3 do.py run   [ARGS]   set up, then start a node with its page
    python3 do.py demo           set up, then a street of seven homes to look around in
    python3 do.py lab            set up what simulations need, and say how to begin
    python3 do.py test           set up, then every check and every test
    python3 do.py test  ARGS     set up, then pytest with these arguments alone
    python3 do.py nightly        set up, then the same with far more examples, worlds and figures
    python3 do.py check          style, types and import rules, without the tests
    python3 do.py fmt            put the code into the project's style
    python3 do.py bench [NAME]   the benchmarks, or one of them
    python3 do.py sim   [ARGS]   openhouse simulate ARGS; without any, every scenario
    python3 do.py fuzz  [ARGS]   break readers of bytes for long: [--seconds N] [TARGET ...]
    python3 do.py shots DIR      pictures of every page, phone and desk, light and dark
    python3 do.py clean [--venv] remove what the tools made (and the virtual environment)

It needs Python 3.11 or newer with pip and venv, and nothing else: no make, no activated
environment. Everything is installed into ``.venv`` beside this file, through pip as it is
configured on this machine; a second run installs nothing unless ``pyproject.toml`` changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed-by-do"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")

PYTHON_MIN = (3, 11)
NIGHTLY_WORLDS = 20
NIGHTLY_TEST_MAX_S = 2 * 3600
COVERAGE_MIN_PERCENT = 85
COVERAGE_PROTOCOL_MIN_PERCENT = 95
APT_TIMEOUT_S = 240
LEVELS = {"run": ".", "lab": ".[sim]", "dev": ".[dev]"}
"""What can be installed; each has all that those before it have."""
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
TEST_TOOLS = (
    ("ip", ("iproute2",)),
    ("nft", ("nftables",)),
    ("node", ("nodejs",)),
    ("cc", ("gcc", "libc6-dev")),
)


def main(arguments: list[str]) -> int:
    """Runs one command. Returns the exit code."""
    commands = {
        "run": run,
        "demo": demo,
        "lab": lab,
        "test": test,
        "nightly": nightly,
        "check": check,
        "fmt": fmt,
        "bench": bench,
        "sim": sim,
        "fuzz": fuzz,
        "shots": shots,
        "clean": clean,
    }
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(__doc__)
        return 0
    name, *rest = arguments
    if name not in commands:
        print(f"There is no command {name!r}; these exist: {', '.join(commands)}.", file=sys.stderr)
        return 2
    os.chdir(ROOT)
    return commands[name](rest)


def run(arguments: list[str]) -> int:
    """Sets up and becomes the node, so that signals reach it directly."""
    install("run")
    return become([str(BIN / "openhouse"), "run", *arguments])


def demo(arguments: list[str]) -> int:
    """A street of seven homes on this machine, with a past, to look around in."""
    install("run")
    return become([str(BIN / "openhouse"), "demo", *arguments])


def lab(_arguments: list[str]) -> int:
    """What simulations need (numpy, numba, joblib, pyarrow), and where to begin."""
    install("lab")
    inside = f". {BIN / 'activate'}" if os.name != "nt" else str(BIN / "activate")
    print(f"The laboratory is ready. In any folder:\n\n    {inside}")
    print("    openhouse simulate --help\n\nWhere to begin: docs/sweeps.md.")
    return 0


def shots(arguments: list[str]) -> int:
    """Pictures of every page, phone and desk, light and dark: make shots ARGS=DIRECTORY."""
    install("dev")
    return become([str(PYTHON), "-m", "tests.browser.shots", *arguments])


def test(arguments: list[str]) -> int:
    """Everything that must hold before a change lands; with arguments, pytest alone."""
    install("dev")
    environment = {"HYPOTHESIS_PROFILE": "ci", **os.environ}
    if arguments:
        return subprocess.call([str(PYTHON), "-m", "pytest", *arguments], env=environment)
    return check_and_test(environment)


def nightly(_arguments: list[str]) -> int:
    """Every check and test with ten thousand examples and every language, then worlds and figures.

    What is drawn is drawn anew each night, from a seed that is printed: the same
    ``HYPOTHESIS_SEED`` draws the same again.
    """
    install("dev")
    seed = os.environ.get("HYPOTHESIS_SEED") or str(time.time_ns() % 2**32)
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "nightly", "HYPOTHESIS_SEED": seed}
    return check_and_test(environment, night_steps(seed))


def check_and_test(environment: dict[str, str], after: Sequence[Step] = ()) -> int:
    """Checks, then tests, then what else there is to run."""
    *quick, types = check_steps()
    # Types take one core for a minute: packages come meanwhile, and the tests begin.
    beside = Beside(types, environment)
    offer_packages()
    for stale in ROOT.glob(".coverage*"):
        stale.unlink()
    return run_steps([*quick, *test_steps(environment), *after], environment, beside)


def check(_arguments: list[str]) -> int:
    """Style, types and import rules."""
    install("dev")
    return run_steps(check_steps(), dict(os.environ))


def fmt(_arguments: list[str]) -> int:
    """Sorts imports, mends what can be mended, formats."""
    install("dev")
    ruff = [str(PYTHON), "-m", "ruff"]
    mended = subprocess.call([*ruff, "check", "--fix", "--exit-zero", "."])
    return mended or subprocess.call([*ruff, "format", "."])


def bench(arguments: list[str]) -> int:
    """Each script of ``benchmarks/`` in turn, or the one named with its own arguments."""
    install("dev")
    if arguments:
        script = ROOT / "benchmarks" / f"{arguments[0].removesuffix('.py')}.py"
        return become([str(PYTHON), str(script), *arguments[1:]])
    scripts = [p for p in sorted((ROOT / "benchmarks").glob("*.py")) if p.name[0] not in "_."]
    return run_steps([(p.stem, [str(PYTHON), str(p)]) for p in scripts], dict(os.environ))


def sim(arguments: list[str]) -> int:
    """``openhouse simulate`` with these arguments; without any, every scenario we keep."""
    install("dev")
    simulate = [str(BIN / "openhouse"), "simulate"]
    if arguments:
        return become([*simulate, *arguments])
    scenarios = sorted((ROOT / "simulations" / "scenarios").glob("*.toml"))
    return run_steps([(p.stem, [*simulate, "run", str(p)]) for p in scenarios], dict(os.environ))


def fuzz(arguments: list[str]) -> int:
    """Every reader of bytes, for a minute each; guided by coverage where atheris is there."""
    install("dev")
    if not quiet([str(PYTHON), "-c", "import atheris"]):
        print("Installing atheris (make fuzz works without it, and finds less) ...", flush=True)
        options = ["install", "--disable-pip-version-check", "--editable", ".[fuzz]"]
        quiet([str(PYTHON), "-m", "pip", *options])
    return become([str(PYTHON), "-m", "tests.fuzz.run", *arguments])


def clean(arguments: list[str]) -> int:
    """Removes caches, reports and builds; the virtual environment only when asked to."""
    made = [".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache",
            "htmlcov", "test-results", "dist", "build"]  # fmt: skip
    made += [".venv"] if "--venv" in arguments else []
    folders = [ROOT / name for name in made]
    for package in ("protocol", "node", "simulations", "tests", "benchmarks"):
        folders += (ROOT / package).rglob("__pycache__")
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    for report in ROOT.glob(".coverage*"):
        report.unlink()
    return 0


# ── What is checked ──────────────────────────────────────────────────────────────


Step = tuple[str, list[str]]


def check_steps() -> list[Step]:
    """Style, import rules, catalogues and types, quickest first."""
    python = str(PYTHON)
    catalogues = [("catalogues", [python, "-m", "node.locales", "--check"])]
    return [
        ("style", [python, "-m", "ruff", "check", "--output-format=concise", "."]),
        ("format", [python, "-m", "ruff", "format", "--check", "."]),
        ("import rules", [str(BIN / "lint-imports"), "--no-cache", "--no-logo"]),
        *(catalogues if (ROOT / "node" / "locales" / "__main__.py").exists() else []),
        ("types", [python, "-m", "mypy"]),
    ]


def test_steps(environment: dict[str, str]) -> list[Step]:
    """The tests, with coverage (in most processes that they start as well), and its least."""
    python = str(PYTHON)
    processes = max(2, min(4, os.cpu_count() or 2))
    pytest = [python, "-m", "pytest", "-n", str(processes), "--dist", "loadfile"]
    pytest += ["--no-loadscope-reorder"]  # tests/conftest.py puts the longest first.
    if environment["HYPOTHESIS_PROFILE"] == "nightly":
        # Every worker must draw alike, and a failing night must be repeatable.
        seed = environment.get("HYPOTHESIS_SEED") or str(time.time_ns() % 2**32)
        print(f"HYPOTHESIS_SEED={seed}", flush=True)
        # Fifty times the examples take longer than a test that hangs is waited for by day.
        pytest += [f"--hypothesis-seed={seed}", f"--timeout={NIGHTLY_TEST_MAX_S}"]
    report = [python, "-m", "coverage", "report"]
    protocol = ["--include=protocol/*", f"--fail-under={COVERAGE_PROTOCOL_MIN_PERCENT}"]
    pytest += ["--durations=20"]
    return [
        ("tests", [*pytest, "--cov", "--cov-report="]),
        ("coverage", [*report, f"--fail-under={COVERAGE_MIN_PERCENT}"]),
        ("coverage of protocol/", [*report, *protocol]),
    ]


def night_steps(seed: str) -> list[Step]:
    """Worlds with every fault, and with liars, under all oracles; and every figure of the docs."""
    simulate = [str(BIN / "openhouse"), "simulate"]
    many = ["--seeds", str(NIGHTLY_WORLDS)]
    return [
        ("worlds", [*simulate, "run", "faulty", "--seed", seed, *many]),
        ("worlds with liars", [*simulate, "hunt", "--first", seed, *many]),
        ("figures", [*simulate, "experiments", "--check"]),
    ]


class Beside:
    """A step that runs while others do; what it says is kept until it is waited for."""

    def __init__(self, step: Step, environment: dict[str, str]) -> None:
        self.name, command = step
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def succeeds(self) -> bool:
        """Waits for its end, says what it said, and whether all was well."""
        said, _ = self._process.communicate()
        print(said.decode(errors="replace"), end="", flush=True)
        return self._process.returncode == 0


def run_steps(steps: list[Step], environment: dict[str, str], beside: Beside | None = None) -> int:
    """Runs all steps, whatever some of them say, and ends with the list of those that failed."""
    failed = []
    for name, command in steps:
        say_step(name)
        started = time.monotonic()
        if subprocess.call(command, env=environment) != 0:
            failed.append(name)
        print(f"({name}: {time.monotonic() - started:.1f} s)", flush=True)
    if beside is not None:
        say_step(beside.name)
        if not beside.succeeds():
            failed.append(beside.name)
    if not steps:
        print("There is nothing here to run yet.")
    print("\nFailed: " + ", ".join(failed) + "." if failed else "\nAll passed.", flush=True)
    return 1 if failed else 0


def say_step(name: str) -> None:
    print(f"\n── {name} " + "─" * max(0, 76 - len(name)), flush=True)


# ── Setting up ───────────────────────────────────────────────────────────────────


def install(level: str) -> None:
    """Makes ``.venv`` hold the project: what a node needs (``run``), simulations, or all of it."""
    wanted = f"{ROOT}\n{hashlib.sha256((ROOT / 'pyproject.toml').read_bytes()).hexdigest()}\n"
    have = STAMP.read_text(encoding="utf-8") if STAMP.exists() and PYTHON.exists() else ""
    names = list(LEVELS)
    if have in [f"{wanted}{enough}" for enough in names[names.index(level) :]]:
        return
    if have and not have.startswith(f"{ROOT}\n"):
        shutil.rmtree(VENV)  # The folder was moved: a virtual environment does not follow.
    pip = make_environment()
    STAMP.unlink(missing_ok=True)
    print("Installing into .venv (a minute or two the first time) ...", file=sys.stderr, flush=True)
    options = ["install", "--quiet", "--disable-pip-version-check", "--editable", LEVELS[level]]
    if subprocess.call([*pip, *options], stdin=subprocess.DEVNULL, stdout=sys.stderr) != 0:
        sys.exit("The installation failed; the lines above say why. Run the command again after.")
    STAMP.write_text(f"{wanted}{level}", encoding="utf-8")


def make_environment() -> list[str]:
    """Creates ``.venv`` unless it works already. Returns the pip that installs into it."""
    inside = [str(PYTHON), "-m", "pip"]
    if PYTHON.exists() and quiet([*inside, "--version"]):
        return inside
    python = a_new_enough_python()
    shutil.rmtree(VENV, ignore_errors=True)
    if quiet([python, "-m", "venv", str(VENV)]) and quiet([*inside, "--version"]):
        return inside
    # Debian splits ensurepip off into python3-venv; a pip outside can do its work.
    shutil.rmtree(VENV, ignore_errors=True)
    outside = [python, "-m", "pip", "--python", str(PYTHON)]
    if quiet([python, "-m", "venv", "--without-pip", str(VENV)]) and quiet([*outside, "list"]):
        return outside
    shutil.rmtree(VENV, ignore_errors=True)
    sys.exit(
        f"{python} cannot make a virtual environment: its modules venv and pip are missing or "
        "incomplete.\nOn Debian, Ubuntu and Raspberry Pi OS: sudo apt install python3-venv"
    )


def a_new_enough_python() -> str:
    """The interpreter to build on: this one, or a newer one found on the path."""
    if sys.version_info >= PYTHON_MIN:
        return sys.executable
    for minor in range(20, PYTHON_MIN[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return found
    have = ".".join(str(part) for part in sys.version_info[:3])
    sys.exit(f"Open House needs Python 3.11 or newer; this is {have}, and no newer one was found.")


def offer_packages() -> None:
    """Installs what some tests need of Debian, where that is ours to do: chromium for those
    in a browser, iproute2 and nftables for those with networks of their own, Node.js for the
    second implementation of the protocol, a C compiler for the recorder of writes.

    Only as root on Debian; any failure is left alone, and those tests are then reported
    as skipped with the reason.
    """
    missing = [] if any(shutil.which(name) for name in CHROMIUM_NAMES) else ["chromium"]
    for tool, packages in TEST_TOOLS:
        missing += packages if shutil.which(tool) is None else ()
    if not missing or not may_use_apt():
        return
    names = ", ".join(missing)
    print(f"Installing {names} with apt-get for the tests ...", file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=30", "-o", "Acquire::Retries=1"]
    deadline = time.monotonic() + APT_TIMEOUT_S
    for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        try:
            done = subprocess.run(
                [*apt, *command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=max(1.0, deadline - time.monotonic()),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            done = None
        if command[0] == "install" and (done is None or done.returncode != 0):
            print("That failed: tests that need them will be skipped.", file=sys.stderr)


def may_use_apt() -> bool:
    """Whether this is Debian (whose chromium is a plain package), apt is there and we are root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    release = Path("/etc/os-release")
    return release.exists() and "\nID=debian\n" in f"\n{release.read_text(encoding='utf-8')}\n"


def quiet(command: list[str]) -> bool:
    """Whether a command succeeds; what it says is not shown."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def become(command: list[str]) -> int:
    """Turns this process into another program (on Windows: runs it and waits)."""
    sys.stdout.flush()
    if os.name == "nt":
        return subprocess.call(command)
    try:
        os.execv(command[0], command)
    except OSError as problem:
        sys.exit(f"{command[0]} cannot be started: {problem.strerror}.")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
