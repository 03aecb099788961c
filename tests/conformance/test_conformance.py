"""A second implementation, in JavaScript, agrees with every vector; and would notice a changed one.

``node tests/conformance/verify.mjs`` was written from ``protocol/spec.md`` and shares no code with
the product. Here it is run over the vectors, and over vectors that were changed on purpose: in
each kind of change every case of every file is changed, and every case must be seen otherwise.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
VECTORS = sorted((ROOT / "protocol" / "vectors").glob("*.json"))
VERIFIER = ROOT / "tests" / "conformance" / "verify.mjs"
NODE = shutil.which("node")
NODE_VERSION_MIN = 18
Case = dict[str, Any]
Mutate = Callable[[Case], Case | None]


@pytest.fixture(scope="module")
def node() -> str:
    if NODE is None:
        pytest.skip("the second implementation needs Node.js 18 or newer, which is not installed")
    answer = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout
    major = int(answer.lstrip("v").split(".")[0])
    if major < NODE_VERSION_MIN:
        pytest.skip(f"the second implementation needs Node.js 18 or newer, not {answer.strip()}")
    return NODE


def run(node: str, *files: Path) -> tuple[int, dict[str, list[str]], str]:
    command = [node, str(VERIFIER), "--json", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    return done.returncode, json.loads(done.stdout or "{}"), done.stderr


def test_the_second_implementation_agrees_with_every_vector(node: str) -> None:
    assert (0, {}, "") == run(node)


# --- what would be noticed -----------------------------------------------------------------


def other_result(case: Case) -> Case:
    """Valid for invalid, and the other way round."""
    return {**case, "result": "invalid" if case["result"] == "valid" else "valid"}


def other_error(case: Case) -> Case:
    """Another code, or one where there is none."""
    return {**case, "error": "expired" if case["error"] != "expired" else "malformed"}


def other_decoded(case: Case) -> Case | None:
    """One leaf of what it means."""
    key = next(key for key in ("decoded", "lacking", "fingerprint", "steps", "id") if key in case)
    if key == "id" or case[key] is None:
        return {**case, "decoded": {"something": 1}}
    changed = change_leaf(copy.deepcopy(case[key]))
    return None if changed is None else {**case, key: changed}


def change_leaf(value: Any) -> Any:
    """The same with its first leaf changed, or None where there is no leaf."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return value + "0"
    if value is None:
        return 7
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs:
        changed = change_leaf(item)
        if changed is not None:
            value[key] = changed
            return value
    return {"more": 1} if value == {} else [*value, 1] if value == [] else None


def flipped_input(case: Case) -> Case | None:
    """One bit of the first long byte string that is read."""
    # Half of all keys are good ones: another is as valid as the one that was given. And whoever
    # gives no contact commits to nothing in every house.
    if case["result"] != "valid" or {"PublicKey", "Nothing"} & set(case["flags"]):
        return None
    changed = copy.deepcopy(case)
    key = "input" if "input" in case else "steps" if "steps" in case else "fingerprint"
    place = changed[key][-1:] if key == "steps" else changed[key]
    found = flip(place)
    if found is None:
        return None
    changed[key] = [*changed[key][:-1], *found] if key == "steps" else found
    return changed


def flip(value: Any) -> Any:
    if isinstance(value, str):
        if len(value) < 2 or not re.fullmatch(r"(?:[0-9a-f]{2})+", value):
            return None
        place = len(value) // 2
        return value[:place] + f"{int(value[place], 16) ^ 1:x}" + value[place + 1 :]
    if not isinstance(value, dict | list):
        return None
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        changed = flip(item)
        if changed is not None:
            value[key] = changed
            return value
    return None


MUTATIONS: list[Mutate] = [other_result, other_error, other_decoded, flipped_input]


@pytest.mark.parametrize("mutate", MUTATIONS, ids=[mutate.__name__ for mutate in MUTATIONS])
@pytest.mark.parametrize("file", VECTORS, ids=[file.stem for file in VECTORS])
def test_a_changed_vector_is_seen_otherwise(
    file: Path, mutate: Mutate, node: str, tmp_path: Path
) -> None:
    document = json.loads(file.read_text("utf-8"))
    changed = [(case, mutate(case)) for case in document["cases"]]
    mutants = [case for _, case in changed if case is not None]
    if not mutants:
        pytest.skip("no case of this file can be changed so")
    document["cases"] = mutants
    copied = tmp_path / file.name
    copied.write_text(json.dumps(document), "utf-8")

    code, seen, problems = run(node, copied)

    survivors = sorted({case["id"] for case in mutants} - set(seen.get(file.stem, [])))
    assert (1, [], "") == (code, survivors, problems)
