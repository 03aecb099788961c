"""The notebook of the documentation, run without Jupyter: what its cells print is kept in it.

    python3 -m simulations.notebook docs/tutorial.ipynb            # write what comes out
    python3 -m simulations.notebook docs/tutorial.ipynb --check    # is it still true?

A notebook for people opens in Jupyter as any other. Jupyter's own runner would bring twenty-eight
packages; what is needed of it here is ``exec`` and a file of JSON (nbformat 4.5).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ran:
    """A cell of code that was run.

    Args:
        number: among the cells of code, from 1.
        before, now: what it had printed when it was written, and prints today.
    """

    number: int
    source: str
    before: str
    now: str


def run(notebook: dict[str, Any]) -> list[Ran]:
    """Execute the cells of code one after the other, in one namespace, and write what they print.

    Raises:
        Exception: whatever a cell raises.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    ran: list[Ran] = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(source, f"cell {len(ran) + 1}", "exec"), names)
        before = "".join(line for output in cell["outputs"] for line in output["text"])
        ran.append(Ran(len(ran) + 1, source, before, out.getvalue()))
        cell["execution_count"] = len(ran)
        cell["outputs"] = [_printed(out.getvalue())] if out.getvalue() else []
    return ran


def _printed(text: str) -> dict[str, Any]:
    return {"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("file", type=Path, metavar="FILE.ipynb")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if it would differ")
    options = parser.parse_args()
    notebook = json.loads(options.file.read_text(encoding="utf-8"))
    differing = [cell for cell in run(notebook) if cell.before != cell.now]
    for cell in differing if options.check else []:
        print(f"Cell {cell.number} prints something else now:\n{cell.now}", file=sys.stderr)
    if options.check:
        return 1 if differing else 0
    text = json.dumps(notebook, indent=1, ensure_ascii=False)
    options.file.write_text(text + "\n", encoding="utf-8")
    told = f"{len(differing)} of them now something else" if differing else "all of them as before"
    print(f"Every cell was run and has printed, {told}: {options.file}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
