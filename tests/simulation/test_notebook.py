"""The tutorial's notebook prints today what stands in it, and is one that Jupyter opens."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from simulations import notebook

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.ipynb"


@pytest.mark.slow
@pytest.mark.no_cover
def test_the_tutorial_prints_what_stands_in_it() -> None:
    made = json.loads(TUTORIAL.read_text(encoding="utf-8"))
    ran = notebook.run(made)

    assert [cell.now for cell in ran] == [cell.before for cell in ran]
    assert sum(bool(cell.now) for cell in ran) == len(ran) == 5


def test_the_tutorial_has_the_form_that_jupyter_reads() -> None:
    made = json.loads(TUTORIAL.read_text(encoding="utf-8"))
    ids = [cell["id"] for cell in made["cells"]]

    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
    assert len(ids) == len(dict.fromkeys(ids))
    for cell in made["cells"]:
        assert all(isinstance(line, str) for line in cell["source"])
        is_code = cell["cell_type"] == "code"
        assert is_code == ("outputs" in cell) == ("execution_count" in cell)


def test_a_notebook_is_written_anew_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "small.ipynb"
    cells = [
        {"cell_type": "markdown", "source": ["# Two cells"]},
        {"cell_type": "code", "execution_count": None, "outputs": [], "source": ["x = 2\n"]},
        {"cell_type": "code", "execution_count": None, "outputs": [], "source": ["print(x + 2)"]},
    ]
    file.write_text(json.dumps({"cells": cells}))

    def given(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["notebook", str(file), *words])
        return notebook.main()

    assert given("--check") == 1
    assert "Cell 2 prints something else now:\n4\n" in capsys.readouterr().err
    assert given() == 0
    written = json.loads(file.read_text())["cells"]
    assert written[1]["outputs"] == []
    assert written[2]["outputs"][0]["text"] == ["4\n"]
    assert given("--check") == 0
