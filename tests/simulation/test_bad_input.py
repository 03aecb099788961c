"""What cannot be run: one sentence with the key and what may stand there, before anything runs."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from simulations import cli

WEEK = 'duration = "7d"\n'
FILE_OF = WEEK + '[population]\ngraph = "edges"\nedges = "{}"\n'
GRAPHML = (
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed">'
    '<node id="a"/><node id="b"/><edge source="a" target="b"/></graph></graphml>'
)
FILES: dict[str, bytes] = {
    "varied.toml": b'[vary]\n"charter.seats" = [2, 3]\n',
    "ring.edges": b"".join(b"%d %d\n" % (one, (one + 1) % 8) for one in range(8)),
    "apart.edges": b"1 2\n2 3\n3 1\n8 9\n",
    "directed.graphml": GRAPHML.encode(),
    "self.edges": b"1 1\n",
    "empty.edges": b"",
    "bytes.edges": bytes(range(256)),
}
SCENARIOS = {
    "duraton = '7d'": ("duraton", "one of actions, charter, description, duration"),
    "seed = -1": ("seed", "a whole number from 0 to"),
    "[population]\nmembers = 1e9": ("population.members", "a whole number from 3 to"),
    "[population]\nmembers = 2": ("population.members", "a whole number from 3 to"),
    "[population]\nrewiring = -0.1": ("population.rewiring", "a share from 0 to 1"),
    "[charter]\nmax_circles = 9": ("charter.max_circles", "a whole number from 1 to 4"),
    "[people.tempers]\nsharer = -0.2\nclumsy = 1.2": ("people.tempers.sharer", "a share from 0"),
    "[people.tempers]\nsharer = 0.2": ("people.tempers", "shares that add up to 1 (these: 0.2)"),
    "[people.year]\nsummer = 1": ("people.year.summer", "one of first_week, moves_away, seasons"),
    "[people.year]\nmoves_away = -0.1": ("people.year.moves_away", "a share from 0 to 1"),
    "[people.year]\nseasons = [1, -1]": ("people.year.seasons", "at most 52 numbers from 0 to 10"),
    "[people.year]\nseasons = 1.5": ("people.year.seasons", "a list of at most 52 numbers"),
    "[people.sybils]\nshape = 'star'": ("people.sybils.shape", '"path" or "cycle" or "clique"'),
    "[people.sybils]\nat = 'moon'": ("people.sybils.at", '"hubs" or "newcomers" or "sponsors"'),
    "[people.sybils]\nnumber = -1": ("people.sybils.number", "a whole number from 0 to"),
    "[people.sybils]\nnumber = 1\nattack_edges = 25": (
        "people.sybils.attack_edges",
        "at most population.members (24)",
    ),
    "[people.sybils]\nat = 'sponsors'\nattack_edges = 2": (
        "people.sybils.attack_edges",
        'with at = "sponsors" nothing, or 0',
    ),
    "[faults]\ndrop = 7": ("faults.drop", "a share from 0 to 1"),
    "= 3": ("bad.toml", "a TOML file"),
    FILE_OF.format("nowhere.edges"): ("population.edges", "a file that is there"),
    FILE_OF.format("apart.edges"): ("population.pieces", '"largest" (which has 3 of 5 members)'),
    FILE_OF.format("directed.graphml"): ("directed.graphml", "is directed: keep the pairs"),
    FILE_OF.format("self.edges"): ("self.edges, line 1", "cannot be a friend of itself"),
    FILE_OF.format("empty.edges"): ("empty.edges", "holds no friendships"),
    FILE_OF.format("bytes.edges"): ("bytes.edges, line 1", "two whole numbers"),
}
PLANS = {
    "sed = 1": ("sed", "one of base, charter, description, first_seed"),
    "instrument = 'moon'": ("instrument", '"population" or "society" or "world"'),
    "base = 'nowhere'": ("nowhere", "a path to a scenario file, or one of town"),
    "charter = 'nowhere.toml'": ("nowhere.toml", "cannot be read: No such file"),
    "seeds = 0": ("seeds", "a whole number from 1 to"),
    "[vary]\npeople.needs = [1]": ("vary.people", "quote a key that has dots"),
    "[vary]\n'people.needs' = [-1]": ("people.needs", "a number from 0 to 1000"),
    "[vary]\n'population.edges' = ['ring.edges', 'apart.edges']\n[scenario]\nduration = '7d'\n"
    "[scenario.population]\ngraph = 'edges'": ("population.pieces", "falls into 2 pieces"),
    "instrument = 'society'\n[scenario]\nduration = '7d'\n[scenario.population]\n"
    "graph = 'edges'\nedges = 'directed.graphml'": ("directed.graphml", "is directed"),
    "instrument = 'society'\n[scenario]\nduration = '7d'\n[scenario.people.sybils]\nnumber = 2": (
        "people.sybils",
        "what people on real engines do is up to their behaviours",
    ),
    "instrument = 'society'\n[scenario]\nduration = '7d'\n[scenario.people.behaviours]\n"
    "nobody = 1": ("nobody", "known are sharer, careful"),
}
GRAPHS = {
    "directed.graphml": "is directed: keep the pairs that are friends both ways",
    "self.edges": "cannot be a friend of itself",
    "empty.edges": "holds no friendships",
    "bytes.edges": "a friendship is two whole numbers",
    "nowhere.edges": "cannot be read: No such file",
}
OTHERS: dict[tuple[str, ...], str] = {
    ("run", "nowhere"): "a path to a scenario file, or one of calm, faulty",
    ("population", "nowhere"): "a path to a scenario file, or one of town",
    ("reach", "--graph", "ring.edges", "--circles", "9"): "--circles must be 1 to 4",
    ("reach", "--graph", "ring.edges", "--circles", "1", "--holders", "9"): "must be 1 to 8",
    ("attack", "--graph", "ring.edges", "--edges", "9"): "give 1 to 8 attack edges",
    ("attack", "--graph", "ring.edges", "--at", "sponsors", "--edges", "1"): "give no number",
    ("society", "--mix", "sharer=-1,careful=2"): "write name=0.25, from 0 to 1",
    ("society", "--mix", "sharer=0.4"): "they must add up to 1",
    ("run", "town"): "town is for simulate population",
    ("replay", "varied.toml"): "a file that varies is for simulate sweep",
    ("society", "--charter", "folder"): "cannot be read: Is a directory",
    ("society", "--charter", "bytes.edges"): "is no charter: it is not a text",
    ("society", "--plot", "folder"): "folder cannot be written: Is a directory",
    ("shock", "--plot", "ring.edges/x.svg"): "cannot be written",
    ("spread", "--plot", "folder"): "folder cannot be written: Is a directory",
    ("replay", "calm", "--plot", "folder"): "folder cannot be written: Is a directory",
    ("trust", "--replay", "nowhere"): "nowhere cannot be read",
    ("trust", "--replay", "empty.edges"): "holds nothing to predict",
    ("graph", "make", "town", "--members", "9", "--set", "town.far=-1", "--out", "x.edges"): (
        "'population.town.far' is not possible; allowed: a number from 0 to 1000"
    ),
    ("graph", "fit", "ring.edges", "--fix", "x"): "KEY=VALUE, such as town.far=1",
    ("report", "folder"): "folder holds no sweep",
    ("compare", "folder", "nowhere"): "folder holds no sweep",
    ("experiments", "nobody"): "there are circles-opening",
}
USAGE: dict[tuple[str, ...], str] = {
    ("run", "calm", "--seeds", "0"): "--seeds: '0' is not a whole number from 1 to",
    ("reach", "--graph", "x", "--circles", "x"): "--circles: 'x' is not a whole number from 1",
    ("reach", "--graph", "x", "--circles", "1", "--end", "-1"): "--end: '-1' is not a share from 0",
    ("attack", "--graph", "x", "--shape", "star"): "--shape: invalid choice: 'star' (choose from",
    ("attack", "--graph", "x", "--at", "moon"): "--at: invalid choice: 'moon' (choose from",
    ("attack", "--graph", "x", "--sybils", "0"): "--sybils: '0' is not a list of whole numbers",
    ("attack", "--graph", "x", "--seed", "-1"): "--seed: '-1' is not a whole number from 0 to",
    ("attack", "--graph", "x", "--circles", "1"): "--circles: '1' is not a whole number from 2",
    ("society", "--seasons", "1,-1"): "--seasons: '1,-1' is not a list of at most 52 numbers",
    ("society", "--moves-away", "2"): "--moves-away: '2' is not a share from 0 to 1",
    ("society", "--weeks", "0"): "--weeks: '0' is not a whole number from 1 to",
    ("shock", "--members", "3"): "--members: '3' is not a whole number from 4 to",
    ("hidden", "--seeds", "x"): "--seeds: 'x' is not a whole number from 1 to",
    ("population", "town", "--threads", "0"): "--threads: '0' is not a whole number from 1",
    ("graph", "make", "moon", "--members", "9", "--out", "x"): "invalid choice: 'moon'",
    ("graph", "make", "ring", "--members", "2", "--out", "x"): "--members: '2' is not a whole",
    ("spread", "--plot", "x", "--members", "1"): "--members: '1' is not a whole number from 8",
    ("replay", "calm", "--record", "zz"): "--record: 'zz' is not the beginning of an id",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files that are good and bad, in which the commands are given."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The last line, when a command is refused with 1 and prints nothing else."""
    parser = argparse.ArgumentParser()
    cli.configure(parser.add_subparsers(dest="verb", required=True))
    assert cli.main(parser.parse_args(arguments)) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.endswith((".", "'"))
    return last


READERS = [(verb, text) for text in SCENARIOS for verb in ("run", "replay", "population")]
# A hunt reads in other processes, which take their time to begin.
READERS += [("hunt", "seed = -1"), ("hunt", FILE_OF.format("apart.edges"))]


@pytest.mark.parametrize(("verb", "text"), READERS)
def test_every_command_that_reads_a_scenario_names_the_key_and_what_is_allowed(
    verb: str, text: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "bad.toml").write_text(text if WEEK in text else f"{_top(text)}", encoding="utf-8")
    key, allowed = SCENARIOS[text]
    sentence = said(capsys, verb, "bad.toml")

    assert key in sentence
    assert allowed in sentence


def _top(text: str) -> str:
    """Long enough for a population as well, where nothing is wrong with the time."""
    return text if "dura" in text or text.startswith("=") else WEEK + text


@pytest.mark.parametrize("text", PLANS)
def test_a_sweep_is_refused_before_any_of_its_runs(
    text: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "bad.toml").write_text(text, encoding="utf-8")
    key, allowed = PLANS[text]
    sentence = said(capsys, "sweep", "bad.toml", "--out", "results")

    assert key in sentence
    assert allowed in sentence
    assert not (here / "results").exists()


def test_a_population_does_not_pass_over_behaviours_that_it_does_not_know(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "bad.toml").write_text(f"{WEEK}[people.behaviours]\nsleeper = 1\n")
    sentence = said(capsys, "population", "bad.toml")

    assert "'people.behaviours' is not possible" in sentence
    assert "a population knows people.tempers" in sentence


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("verb", ["reach", "attack", "describe"])
def test_every_command_that_reads_a_graph_says_what_is_wrong_with_the_file(
    verb: str, graph: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {
        "reach": ("reach", "--circles", "1", "--graph"),
        "attack": ("attack", "--graph"),
        "describe": ("graph", "describe"),
    }[verb]
    sentence = said(capsys, *words, graph)

    assert sentence.startswith(graph)
    assert GRAPHS[graph] in sentence


@pytest.mark.parametrize("words", OTHERS)
def test_what_cannot_be_done_is_said_in_a_sentence(
    words: tuple[str, ...], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(here.iterdir())

    assert OTHERS[words] in said(capsys, *words)
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize("words", USAGE)
def test_an_option_that_cannot_be_is_wrong_usage_and_says_what_it_may_be(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    cli.configure(parser.add_subparsers(dest="verb", required=True))
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(words)

    assert ended.value.code == 2
    assert USAGE[words] in capsys.readouterr().err
