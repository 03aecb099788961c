"""``openhouse demo``: a street of seven real homes, and what has happened there so far.

Nothing is staged: seven processes with keys, databases and links of their own, and every
friendship, loan and rating made through them as their people would. Only the days are short.
"""

from __future__ import annotations

import datetime
import json
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Final
from urllib.parse import urlencode

from tqdm import tqdm

from node.demo import cast
from node.demo.homes import Home
from node.i18n import translator

_DONE: Final = "street.json"


def run(
    directory: Path | None, language: str, *, web_port: int, opens_browser: bool, json_: bool
) -> int:
    """Build the street, or start the one in ``directory`` again; until Ctrl-C.

    Args:
        directory: where it is kept; None for one that is gone afterwards.
        web_port: of Ana's page; 0 picks one.

    Raises:
        DemoFailed: a home did not start, or did not do its part in time.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    _ = translator(language).gettext
    with ExitStack() as stack:
        if directory is None:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="openhouse-")))
        else:
            place = directory
            place.mkdir(parents=True, exist_ok=True)
        street = Street(place, language, web_port)
        stack.callback(street.stop)
        try:
            street.start(_)
            if not (place / _DONE).exists():
                street.tell_story(_)
                (place / _DONE).write_text(json.dumps({"language": language}), "utf-8")
            street.show(_, json_=json_)
            if opens_browser:
                webbrowser.open(street.homes["Ana"].page)
            while True:
                signal.pause()
        except KeyboardInterrupt:
            print(_("The street goes to sleep …"), file=sys.stderr)
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class Street:
    """The homes by name, and their common past.

    Args:
        place: a directory for their data directories.
    """

    def __init__(self, place: Path, language: str, web_port: int) -> None:
        self.language = language
        self.homes = {
            name: Home(name, place / name, web_port if name == cast.NAMES[0] else 0)
            for name in cast.NAMES
        }
        self._titles = {thing.name: thing.title[language] for thing in cast.THINGS}

    def start(self, _: Callable[[str], str]) -> None:
        """All homes at once, as in a real street."""
        homes = list(self.homes.values())
        for home in homes:
            home.set_up(self.language)
            home.start()
        for home in tqdm(homes, desc=_("Seven homes start"), leave=False):
            home.wait_until_ready()

    def stop(self) -> None:
        for home in self.homes.values():
            home.stop()

    def show(self, _: Callable[[str], str], *, json_: bool) -> None:
        """Where the pages are; each link signs in one browser, once."""
        homes = list(self.homes.values())
        if json_:
            rows = [{"name": h.name, "member": h.member, "page": h.page} for h in homes]
            print(json.dumps({"event": "ready", "homes": rows}, ensure_ascii=False), flush=True)
            return
        print(_("The street is awake. You are Ana; each link opens one home, once:"))
        for home in homes:
            print(f"  {home.name:6} {home.page}")
        print(_("Ctrl-C ends it."), flush=True)

    # --- the story -----------------------------------------------------------------------

    def tell_story(self, _: Callable[[str], str]) -> None:
        chapters = (
            (_("They become friends"), self._befriend()),
            (_("They list what they share"), self._list_things()),
            (_("They lend and bring back"), self._lend()),
            (_("They ask again"), self._ask()),
        )
        for name, steps in chapters:
            for step in tqdm(steps, desc=name, leave=False):
                step()

    def _befriend(self) -> list[Callable[[], None]]:
        founder, second = cast.FOUNDERS
        seats = [(guest, sponsor) for guest, *sponsors in cast.SEATS for sponsor in sponsors]
        return [
            lambda: self.homes[founder].post("/house", name=cast.HOUSE[self.language]),
            *(
                partial(self._join, guest, sponsor)
                for guest, sponsor in [(second, founder), *seats]
            ),
        ]

    def _join(self, guest: str, inviter: str) -> None:
        one, other = self.homes[guest], self.homes[inviter]
        one.post("/join", link=other.post("/invitations")["link"])
        one.wait(f"for {inviter}", lambda: one.is_linked(other))
        other.wait(f"for {guest}", lambda: other.is_linked(one))

    def _list_things(self) -> list[Callable[[], None]]:
        def listed(thing: cast.Thing) -> Callable[[], None]:
            fields: dict[str, object] = {
                "title": thing.title[self.language],
                "text": thing.text[self.language],
                "conditions": thing.conditions[self.language],
                "circles": thing.circles,
                **thing.more,
            }
            return lambda: self._list_thing(thing, fields)

        who, what = cast.WANTED
        wanted = {"title": what[self.language], "circles": 2}
        return [
            *(listed(thing) for thing in cast.THINGS),
            lambda: self.homes[who].post("/wanted", **wanted),
        ]

    def _list_thing(self, thing: cast.Thing, fields: dict[str, object]) -> None:
        home = self.homes[thing.holder]
        if thing.file is not None:
            title, text = thing.file
            place = f"/files?{urlencode({'title': title})}"
            fields = {**fields, "file": home.client.send_file(place, text.encode())["file"]}
        home.post("/things", **fields)

    def _lend(self) -> list[Callable[[], None]]:
        """What opened circle 2 to Ana, and what is out now."""
        return [
            lambda: self._whole_loan("trailer", "Luc", "Ana", (9, 10)),
            lambda: self._whole_loan("sewing", "Marie", "Ana", (9, 8)),
            lambda: self._whole_loan("tent", "Ana", "Luc", (10, 9)),
            lambda: self._whole_loan("trailer", "Luc", "Marie", (8, 9)),
            self._lend_iron,
            lambda: self._copy("song", "Marie", "Ana"),
        ]

    def _whole_loan(self, thing: str, holder: str, borrower: str, respect: tuple[int, int]) -> None:
        loan = self._agreed(thing, holder, borrower, 0, 1)
        one, other = self.homes[holder], self.homes[borrower]
        one.post(f"/loans/{loan}/handover")
        other.await_loan(loan, "handed_over")
        other.post(f"/loans/{loan}/return")
        one.await_loan(loan, "returned")
        one.post(f"/loans/{loan}/rate", confiance=1, respect=respect[0])
        other.post(f"/loans/{loan}/rate", confiance=1, respect=respect[1])

    def _lend_iron(self) -> None:
        loan = self._agreed("iron", "Ana", "Marie", 0, 4)
        self.homes["Marie"].post(f"/loans/{loan}/handover")

    def _copy(self, thing: str, holder: str, borrower: str) -> None:
        self._agreed(thing, holder, borrower, 0, 6)
        home = self.homes[borrower]
        home.wait("for the file", lambda: home.client.get("/files")[0]["state"] == "here")

    def _agreed(self, thing: str, holder: str, borrower: str, first: int, last: int) -> str:
        loan = self._asked(thing, borrower, first, last)
        one = self.homes[holder]
        one.await_loan(loan, "asked")
        one.post(f"/loans/{loan}/answer", answer="yes")
        self.homes[borrower].await_loan(loan, "agreed")
        return loan

    def _asked(
        self, thing: str, borrower: str, first: int, last: int, words: str = "", **how: object
    ) -> str:
        home = self.homes[borrower]
        answer: Any = home.post(
            f"/things/{home.thing(self._titles[thing])}/ask",
            **{"from": _day(first), "to": _day(last)},
            message=cast.WORDS[words or thing][self.language],
            **how,
        )
        return str(answer["loan"])

    def _ask(self) -> list[Callable[[], None]]:
        """What waits for Ana: an answer, a word for somebody, a choice of dates."""
        return [self._hugo_asks, self._karim_needs_a_word, self._sofia_proposes]

    def _hugo_asks(self) -> None:
        self.homes["Marie"].post(f"/friends/{self.homes['Hugo'].member}/validation")
        hugo = self.homes["Hugo"]
        title = self._titles["drill"]
        hugo.wait("for Marie's word", lambda: self._can_ask(hugo, title))
        loan = self._asked("drill", "Hugo", 5, 7)
        self.homes["Ana"].await_loan(loan, "asked")

    def _karim_needs_a_word(self) -> None:
        via = self.homes["Ana"].member
        loan = self._asked("sewing", "Karim", 12, 14, "mending", on_word=True, via=via)
        self.homes["Ana"].await_loan(loan, "asked")

    def _sofia_proposes(self) -> None:
        ana = self.homes["Ana"]
        title = self._titles["projector"]
        ana.wait("for her second circle", lambda: self._can_ask(ana, title))
        loan = self._asked("projector", "Ana", 3, 3, via=self.homes["Luc"].member)
        luc, sofia = self.homes["Luc"], self.homes["Sofía"]
        luc.await_loan(loan, "asked")
        luc.wait("for what Ana's loans tell", lambda: not self._reasons(luc, loan))
        luc.post(f"/loans/{loan}/recommend", yes=True)
        sofia.await_loan(loan, "asked")
        sofia.wait("for what Ana's loans tell", lambda: not self._reasons(sofia, loan))
        sofia.post(
            f"/loans/{loan}/answer",
            answer="counter",
            **{"from": _day(10), "to": _day(10)},
            message=cast.WORDS["later"][self.language],
        )
        ana.await_loan(loan, "countered")

    def _can_ask(self, home: Home, title: str) -> bool:
        return any(t["can_ask"] for t in home.client.get("/browse") if t["title"] == title)

    def _reasons(self, home: Home, loan: str) -> list[Any]:
        rows = [row for row in home.client.get("/loans") if row["loan"] == loan]
        return [reason for row in rows for reason in row["reasons"]]


def _day(days_ahead: int) -> str:
    today = datetime.datetime.now().astimezone().date()
    return (today + datetime.timedelta(days=days_ahead)).isoformat()
