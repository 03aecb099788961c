"""``simulate sweep``, ``report`` and ``compare``: equal results whoever does the runs."""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as parquet
import pytest

from node.cli.main import main
from simulations.charter_file import CharterFileError
from simulations.intervals import Measure
from simulations.provenance import AUTHORS, TITLE
from simulations.scenario import ScenarioError
from simulations.sweeps import SweepError
from simulations.sweeps.compare import compare
from simulations.sweeps.plan import Plan, read_plan
from simulations.sweeps.report import write_report
from simulations.sweeps.results import LINES, TABLE, Done, Folder, open_results
from simulations.sweeps.run import run_sweep
from simulations.sweeps.summary import mean_of
from simulations.sweeps.tasks import Task, run_task
from simulations.sweeps.words import key_words, unit_of, words_of

SMALL = """
description = "A very small world."
instrument = "world"
seeds = 3
[scenario]
duration = "1h"
[scenario.population]
members = 6
degree = 2
[scenario.actions]
listings_at_start = 1
[vary]
"charter.max_circles" = [1, 2]
"actions.add" = [0.0, 4.0]
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "small.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def plan(written: Callable[[str], Path]) -> Plan:
    return read_plan(written(SMALL))


def table_of(folder: Path) -> bytes:
    return (folder / TABLE).read_bytes()


class TestPlans:
    def test_every_combination_of_the_values_is_a_cell(self, plan: Plan) -> None:
        assert [dict(cell.values) for cell in plan.cells] == [
            {"charter.max_circles": circles, "actions.add": add}
            for circles in (1, 2)
            for add in (0.0, 4.0)
        ]
        assert plan.scenario(plan.cells[2]).charter.max_circles == 2
        assert plan.seeds == (1, 2, 3)

    def test_a_house_s_own_rules_are_read_from_its_file(
        self, written: Callable[[str], Path], tmp_path: Path
    ) -> None:
        (tmp_path / "ours.toml").write_text("max_circles = 1\n")
        (tmp_path / "theirs.toml").write_text("max_circles = 2\n")
        varied = SMALL.replace(
            '"charter.max_circles" = [1, 2]', 'charter = ["ours.toml", "theirs.toml"]'
        )

        plan = read_plan(written(varied))

        assert [plan.scenario(cell).charter.max_circles for cell in plan.cells] == [1, 1, 2, 2]

    def test_what_is_wrong_with_a_file_of_rules_names_the_file(
        self, written: Callable[[str], Path], tmp_path: Path
    ) -> None:
        for text, told in (
            ("max_circle = 1\n", "ours.toml is no charter: The charter has no 'max_circle'"),
            ("[charter]\nmax_circles = 1\n", r"without \[charter\] above them"),
            ("max_circles = 1,5\n", r"at line 1, column 16"),
        ):
            (tmp_path / "ours.toml").write_text(text)
            with pytest.raises(CharterFileError, match=told):
                read_plan(written(SMALL.replace("seeds = 3", 'seeds = 3\ncharter = "ours.toml"')))

    def test_the_rest_of_a_whole_may_be_left_to_one(self, written: Callable[[str], Path]) -> None:
        text = (
            'instrument = "society"\nbase = "street"\n[vary]\n'
            '"people.behaviours.defector" = [0.0, 0.2]'
        )

        plan = read_plan(written(text))

        shares = [dict(plan.scenario(cell).customs.behaviours) for cell in plan.cells]
        assert [round(share["sharer"], 9) for share in shares] == [0.58, 0.38]

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ('"actions.add" = [0.0, 4.0]', '"actions.sing" = [1]', "actions.sing"),
            ('"actions.add" = [0.0, 4.0]', "actions.add = [0.0, 4.0]", "quote a key that has dots"),
            ('"actions.add" = [0.0, 4.0]', '"actions.add" = []', "vary.actions.add"),
            ('"actions.add" = [0.0, 4.0]', '"actions.add" = [1, 1]', "different"),
            ('"actions.add" = [0.0, 4.0]', '"duration.add" = [1]', "'duration' is no table"),
            ("[1, 2]", "[1, 9]", "charter.max_circles"),
            ("actions.add", "people.year.moves_away", "people of a world act at random"),
            ("seeds = 3", 'base = "town"', "town is for simulate population"),
            ("seeds = 3", "seeds = 0", "seeds"),
            ("seeds = 3", "sedes = 3", "sedes"),
            ("seeds = 3", 'base = "nowhere"', "nowhere"),
            ("seeds = 3", 'charter = "none.toml"', "none.toml"),
            ('"world"', '"dream"', "population"),
            ('"world"', '"population"', "7d"),
            ('"world"', '"society"', "7d"),
        ],
    )
    def test_what_cannot_be_run_is_named_before_anything_runs(
        self, written: Callable[[str], Path], old: str, new: str, told: str
    ) -> None:
        assert old in SMALL
        with pytest.raises((ScenarioError, CharterFileError), match=told.replace(".", r"\.")):
            read_plan(written(SMALL.replace(old, new)))

    @pytest.mark.parametrize(
        ("table", "told"),
        [
            ("scenario.people]\nneeds = 2", "people.needs"),
            ("scenario.faults]\ndrop = 0.1", "faults"),
            ("scenario.people.behaviours]\nsharer = 0.5", "add up to 1"),
            ('scenario.people.behaviours]\nsharer = "rest"\ncareful = "rest"', "one may be"),
        ],
    )
    def test_what_people_on_engines_would_not_look_at_is_refused(
        self, written: Callable[[str], Path], table: str, told: str
    ) -> None:
        with pytest.raises(ScenarioError, match=told):
            read_plan(written(f'instrument = "society"\n[scenario]\nduration = "7d"\n[{table}\n'))

    def test_a_population_does_not_know_behaviours(self, written: Callable[[str], Path]) -> None:
        text = 'base = "town"\n[scenario.people.behaviours]\nsharer = 1.0\n'
        with pytest.raises(ScenarioError, match="take instrument"):
            read_plan(written(text))


@pytest.mark.slow
class TestRuns:
    def test_results_are_the_same_byte_by_byte_whoever_does_the_runs(
        self, plan: Plan, tmp_path: Path
    ) -> None:
        alone = run_sweep(plan, tmp_path / "alone", jobs=1)
        run_sweep(plan, tmp_path / "two", jobs=2)

        assert table_of(tmp_path / "alone") == table_of(tmp_path / "two")
        assert len(alone) == 12
        table = parquet.read_table(tmp_path / "two" / TABLE)
        assert table.column_names == [
            "cell", "charter.max_circles", "actions.add", "seed", "figure", "value",
        ]  # fmt: skip
        assert b'"commit"' in table.schema.metadata[b"openhouse"]

    def test_a_cluster_of_two_workers_gives_the_same(self, plan: Plan, tmp_path: Path) -> None:
        from distributed import LocalCluster

        run_sweep(plan, tmp_path / "here", jobs=1)
        with LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster:
            run_sweep(plan, tmp_path / "there", dask=cluster.scheduler_address)

        assert table_of(tmp_path / "here") == table_of(tmp_path / "there")

    def test_a_sweep_that_was_killed_goes_on_where_it_was(self, plan: Plan, tmp_path: Path) -> None:
        out = tmp_path / "out"
        command = ["sweep", str(tmp_path / "small.toml"), "--out", str(out), "--jobs", "1"]
        program = [sys.executable, "-m", "node.cli.main", "simulate", *command]
        running = subprocess.Popen(program, start_new_session=True)
        try:
            until = time.monotonic() + 60
            while not (out / LINES).exists() or (out / LINES).read_bytes().count(b"\n") < 3:
                assert time.monotonic() < until
                assert running.poll() is None
                time.sleep(0.02)
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        with (out / LINES).open("ab") as lines:
            lines.write(b'{"cell": 3, "seed"')  # the power went, too
        before = len(open_results(out)[1])
        seen: list[int] = []
        run_sweep(plan, out, jobs=1, told=lambda done, of: seen.append(done))
        run_sweep(plan, tmp_path / "whole", jobs=1)

        assert seen[0] == before >= 2
        assert seen[-1] == 12
        assert table_of(out) == table_of(tmp_path / "whole")

    def test_whoever_stops_it_is_told_how_to_go_on(self, plan: Plan, tmp_path: Path) -> None:
        def told(done: int, of: int) -> None:
            if done == 2:
                raise KeyboardInterrupt

        with pytest.raises(SweepError, match="2 of 12 runs done and kept"):
            run_sweep(plan, tmp_path / "out", jobs=1, told=told)
        assert len(open_results(tmp_path / "out")[1]) == 2

    def test_a_worker_that_is_replaced_is_nothing_to_tell_anybody(
        self, plan: Plan, tmp_path: Path
    ) -> None:
        """In the words of joblib, which are an error in this test run as all warnings are."""

        def told(done: int, of: int) -> None:
            del of
            if done:
                warnings.warn(
                    "A worker stopped while some jobs were given to the executor.", stacklevel=1
                )

        assert len(run_sweep(plan, tmp_path / "out", jobs=1, told=told)) == len(plan.cells) * 3

    def test_the_commands_say_what_they_did(
        self, plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file, out = str(tmp_path / "small.toml"), str(tmp_path / "out")

        assert main(["simulate", "sweep", file, "--out", out, "--jobs", "1"]) == 0
        assert main(["simulate", "report", out]) == 0
        assert main(["simulate", "compare", out, out]) == 0
        assert main(["simulate", "report", str(tmp_path)]) == 1

        said = capsys.readouterr()
        assert "12 runs are in" in said.out
        assert "In none of" in said.out
        assert "holds no sweep" in said.err

    def test_people_on_engines_give_figures_for_each_behaviour(
        self, written: Callable[[str], Path]
    ) -> None:
        plan = read_plan(
            written(
                'instrument = "society"\nbase = "street"\n[scenario]\nduration = "7d"\n'
                "[scenario.population]\nmembers = 10\n"
                "[scenario.people.behaviours]\nsharer = 0.8\ndefector = 0.2\n"
            )
        )

        [cell] = plan.cells
        figures = run_task(Task("society", 0, 1, cell.data, plan.name, str(plan.folder)))

        assert figures["violations"] == 0
        assert figures["sharer.names"] == 1
        assert "defector.kept" in figures


class TestFolders:
    def test_another_sweep_s_results_are_not_mixed_in(self, plan: Plan, tmp_path: Path) -> None:
        Folder(tmp_path / "out", plan).close()
        other = replace(plan, cells=plan.cells[:2])

        with pytest.raises(SweepError, match="another folder"):
            Folder(tmp_path / "out", other)

    def test_a_folder_holds_all_that_its_plan_names(
        self, written: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Rules and behaviours of one's own are kept, and part of what a sweep is."""
        monkeypatch.setattr(sys, "path", list(sys.path))
        monkeypatch.delitem(sys.modules, "guests", raising=False)
        code = "from simulations.behaviours import Sharer\n"
        code += "class Guest(Sharer):\n    name = 'guest'\n"
        (tmp_path / "guests.py").write_text(code)
        (tmp_path / "ours.toml").write_text("capacity_max = 5\n")
        text = (
            'instrument = "society"\nbase = "street"\ncharter = "ours.toml"\n'
            '[scenario.people.behaviours]\nsharer = "rest"\n'
            '[vary]\n"people.behaviours.guests:Guest" = [0.0, 0.5]\n'
        )
        plan = read_plan(written(text))

        assert [source.name for source in plan.files] == ["street", "ours.toml", "guests.py"]
        changed = replace(plan.files[2], text=code + "# something else\n")
        assert replace(plan, files=(*plan.files[:2], changed)).digest != plan.digest

        out = tmp_path / "out"
        Folder(out, plan).close()
        assert (out / "guests.py").read_text() == code
        assert open_results(out)[0].files == plan.files
        assert open_results(out)[0].size == "60 members, 30 weeks"
        assert read_plan(out / "sweep.toml").digest == plan.digest

    def test_seeds_can_be_added_later(self, plan: Plan, tmp_path: Path) -> None:
        Folder(tmp_path / "out", plan).close()
        Folder(tmp_path / "out", replace(plan, seeds=(1, 2, 3, 4))).close()

    def test_what_is_no_file_of_results_is_said(self, tmp_path: Path) -> None:
        (tmp_path / LINES).write_text("once upon a time\n")
        with pytest.raises(SweepError, match="damaged"):
            open_results(tmp_path)


def swept(folder: Path, plan: Plan, shift: float) -> Path:
    """Results with two figures, one of which is moved."""
    opened = Folder(folder, plan)
    for cell in plan.cells:
        for seed in plan.seeds:
            figures = {"a<b": seed + shift, "same": float(cell.number), "violations": 0.0}
            opened.add(Done(cell.number, cell.values, seed, {**figures, "none": None}))
    opened.close()
    return folder


class TestReading:
    def test_differences_are_taken_seed_by_seed(self, plan: Plan, tmp_path: Path) -> None:
        found = compare(swept(tmp_path / "a", plan, 0.0), swept(tmp_path / "b", plan, 0.5))

        clear = [one for one in found if one.is_clear]
        assert [(one.figure, one.difference, one.low, one.high) for one in clear] == [
            ("a<b", 0.5, 0.5, 0.5)
        ] * 4
        assert len(found) == 12

    def test_a_report_needs_nothing_else(self, plan: Plan, tmp_path: Path) -> None:
        page = write_report(swept(tmp_path / "a", plan, 0.0)).read_text()

        assert "<svg" in page
        assert "No oracle found anything in 12 runs." in page
        assert "a&lt;b" in page
        assert "a<b" not in page
        assert "src=" not in page
        assert page.count("href=") == page.count('href="data:')

    def test_a_report_is_ready_for_a_paper(self, plan: Plan, tmp_path: Path) -> None:
        folder = swept(tmp_path / "a", plan, 0.0)
        page = write_report(folder).read_text()

        assert "Things can be shown as far as circle …" in page
        assert "With 3 seeds the bars are long" in page
        assert f"title   = {{{{{TITLE}}}}}" in page
        assert "digest " + plan.digest[:16] in page
        figure = (folder / "figures" / "same.svg").read_text()
        assert figure.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
        assert quote(figure) in page
        rows = list(csv.DictReader((folder / "means.csv").read_text().splitlines()))
        assert len(rows) == 4 * len(plan.cells)
        assert rows[0]["charter.max_circles"] == "1"
        assert rows[0]["seeds"] == "3"

    def test_it_is_cited_as_the_project_asks(self) -> None:
        asked = (Path(__file__).parents[2] / "CITATION.cff").read_text()
        assert f'title: "{TITLE}"' in asked
        assert f'name: "{AUTHORS}"' in asked

    def test_every_figure_of_a_population_has_words_and_a_unit(self) -> None:
        figures = ["crowd_far", "friendships", "last_week.moved_away", "last_week.agreed_2"]
        figures += [f"within_2_circles.{what}" for what in ("largest", "ninetieth", "tenth")]

        assert [figure for figure in figures[:1] + figures[2:] if words_of(figure) == figure] == []
        assert [figure for figure in figures if not unit_of(figure)] == []
        assert unit_of("sharer.lost") == "things a person"
        assert key_words("people.behaviours.guests:Free-Rider").startswith("Share of free riders")

    def test_a_report_says_first_what_must_not_have_happened(
        self, plan: Plan, tmp_path: Path
    ) -> None:
        opened = Folder(tmp_path / "a", plan)
        opened.add(Done(0, plan.cells[0].values, 7, {"violations": 2.0}))
        opened.close()

        assert "in 1 of 1 runs, first in seed 7" in write_report(tmp_path / "a").read_text()

    def test_an_interval_holds_the_mean_and_is_wider_where_seeds_differ_more(self) -> None:
        close, far = mean_of([9.0, 10.0, 11.0]), mean_of([0.0, 10.0, 20.0, None])

        assert close.value == far.value == 10
        for one in (close, far):
            assert one.low is not None
            assert one.high is not None
            assert one.low < 10 < one.high
        assert close.low is not None
        assert far.low is not None
        assert far.low < close.low
        assert Measure(10.0, None, None) == mean_of([10.0]), "of a single seed nothing is known"
        assert 1.0 == mean_of([0.9, 1.0], is_share=True).high

    def test_five_seeds_hold_the_true_mean_as_often_as_is_said(self) -> None:
        """Resamples of five would hold it in 85 of 100 sweeps."""
        chance = random.Random(5)
        sweeps = [mean_of([chance.gauss(10.0, 1.0) for _ in range(5)]) for _ in range(2000)]
        held = [s for s in sweeps if s.low is not None and s.high is not None]

        assert 0.94 < sum(s.low < 10 < s.high for s in held if s.low and s.high) / 2000 < 0.96

    def test_figures_have_words_for_people(self) -> None:
        assert words_of("last_week.open_2").startswith("share of members to whom circle 2")
        assert words_of("free-rider.kept") == "things that one of the free riders kept"
        assert words_of("my_own:Figure") == "my_own:Figure"
