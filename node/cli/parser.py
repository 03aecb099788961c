"""The words of the command line: every command, its arguments and its help.

Names and meanings are spec §10.4; scripts rely on them. Options that hold for all
commands may stand before or after the command.
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeAlias

from node.cli.flatmates import add_flatmate_commands
from node.cli.parser_keys import add_key_commands
from node.i18n import LANGUAGES, translator
from node.wording.thing_words import CATEGORIES

EXIT_DONE = 0
EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_NOT_RUNNING = 3

Say = Callable[[str], str]
Option: TypeAlias = Any
"""What argparse takes as keyword arguments."""


class Parser(argparse.ArgumentParser):
    """argparse, without guessing at abbreviated options, and with one line on errors."""

    def __init__(self, **options: Option) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def build_parser(arguments: Sequence[str], language: str) -> Parser:
    """The parser of all commands.

    Args:
        arguments: what will be parsed: the simulator's options are loaded only when asked for.
        language: language of the help.
    """
    _ = translator(language).gettext
    parser = Parser(
        prog="openhouse",
        description=_("Open House: friends, and friends of friends, lend each other their things."),
        epilog=_("Exit codes: 0 done, 1 refused, 2 wrong usage, 3 the node is not running."),
    )
    _global_options(parser, _, is_first=True)
    parser.add_argument("--version", action="store_true", help=_("show the version and end"))
    shared = Parser(add_help=False)
    _global_options(shared, _, is_first=False)
    commands = parser.add_subparsers(
        dest="command", metavar=_("COMMAND"), title=_("commands"), parser_class=Parser
    )

    def add(name: str, text: str, **options: Option) -> Parser:
        added: Parser = commands.add_parser(
            name, help=text, description=text, parents=[shared], **options
        )
        return added

    _add_node_commands(add, _)
    _add_house_commands(add, shared, _)
    _add_thing_commands(add, shared, _)
    _add_loan_commands(add, _)
    add_key_commands(add, shared, Parser, _)
    add_flatmate_commands(add, shared, Parser, _)
    _add_simulate(add, arguments, _)
    return parser


def _global_options(parser: Parser, _: Say, *, is_first: bool) -> None:
    # After the command the options have no default: it would hide what stood before.
    hidden: dict[str, Option] = {} if is_first else {"default": argparse.SUPPRESS}
    parser.add_argument("--home", metavar=_("DIR"), help=_("the data directory"), **hidden)
    parser.add_argument("--json", action="store_true", help=_("answer in JSON"), **hidden)
    parser.add_argument(
        "--language", choices=LANGUAGES, help=_("language of the answers"), **hidden
    )


Add = Callable[..., Parser]


def _add_node_commands(add: Add, _: Say) -> None:
    setup = add("setup", _("set up your home: your name"))
    setup.add_argument("--name", required=True, help=_("the name others see"))
    setup.add_argument("--email", default="", help=_("your e-mail address; it is never sent out"))
    setup.add_argument(
        "--phone", default="", help=_("your phone number with the country's prefix; the same")
    )
    run = add("run", _("switch your home on, and its page"))
    run.add_argument("--peer-port", type=_port, metavar="N", help=_("port for friends (0: any)"))
    run.add_argument("--web-port", type=_port, metavar="N", help=_("port of the page (0: any)"))
    run.add_argument("--no-lan", action="store_true", help=_("do not look for friends nearby"))
    run.add_argument(
        "--map-port", action="store_true", help=_("ask the router to let friends call this node")
    )
    page = add("page", _("a link that opens the page, signed in; it works once"))
    page.add_argument("--open", action="store_true", help=_("open it in the browser"))
    demo = add("demo", _("a street of seven homes on this machine, to look around in"))
    demo.add_argument("--web-port", type=_port, metavar="N", help=_("port of Ana's page (0: any)"))
    demo.add_argument("--no-browser", action="store_true", help=_("do not open the page"))
    add("status", _("who you are, where you stand, and who is connected"))


def _add_house_commands(add: Add, shared: Parser, _: Say) -> None:
    house = add("house", _("found a house, or show yours"))
    verbs = house.add_subparsers(dest="verb", metavar=_("VERB"), parser_class=Parser)
    found = verbs.add_parser("found", help=_("found a new house"), parents=[shared])
    found.add_argument("name", metavar=_("NAME"))
    found.add_argument("--charter", metavar=_("FILE"), help=_("a TOML file with the house's rules"))
    verbs.add_parser("show", help=_("show the house and its rules in words"), parents=[shared])
    verbs.add_parser("proposals", help=_("show proposed changes of the rules"), parents=[shared])
    propose = verbs.add_parser(
        "propose", help=_("propose a change of the rules, and sign it"), parents=[shared]
    )
    propose.add_argument("file", metavar=_("FILE"), help=_("a TOML file with what changes"))
    approve = verbs.add_parser(
        "approve", help=_("sign a proposed change of the rules"), parents=[shared]
    )
    approve.add_argument("proposal", metavar=_("PROPOSAL"))
    for signing in (propose, approve):
        signing.add_argument(
            "--yes", action="store_true", help=_("sign without being asked once more")
        )

    accept = verbs.add_parser(
        "accept", help=_("two members share an address or a number, rightly"), parents=[shared]
    )
    accept.add_argument("member", metavar=_("MEMBER"))

    invite = add("invite", _("make an invitation for one person"))
    invite.add_argument("--email", help=_("the e-mail address of whom it is for"))
    invite.add_argument("--ttl", metavar="48h", help=_("how long it works: 48h, 2d, 90m"))
    checked = verbs.add_parser(
        "checked",
        help=_("say that you met your guest, and checked their number or address"),
        parents=[shared],
    )
    checked.add_argument("member", metavar=_("MEMBER"))
    checked.add_argument("--phone", metavar="+336…", default="", help=_("the number you called"))
    checked.add_argument("--email", metavar="E", default="", help=_("the address you saw"))

    join = add("join", _("accept an invitation"))
    join.add_argument("link", metavar=_("LINK"))
    join.add_argument(
        "--discreet", action="store_true", help=_("tell nobody else of the friendship")
    )

    befriend = add("befriend", _("befriend a home nearby by comparing six digits"))
    befriend.add_argument(
        "--address",
        default="",
        metavar="HOST:PORT",
        help=_("where the other home is, if the network does not say"),
    )

    friends = add("friends", _("show your friends, or change or end a friendship"))
    verbs = friends.add_subparsers(dest="verb", metavar=_("VERB"), parser_class=Parser)
    show = verbs.add_parser(
        "show", help=_("let others know of a friendship, or not"), parents=[shared]
    )
    show.add_argument("member", metavar=_("MEMBER"))
    show.add_argument("shown", choices=("yes", "no"))
    capacity = verbs.add_parser(
        "capacity", help=_("how many open loans of a friend's you answer for"), parents=[shared]
    )
    capacity.add_argument("member", metavar=_("MEMBER"))
    capacity.add_argument("units", metavar="N|auto", type=_units)
    rule = verbs.add_parser(
        "rule", help=_("always or never pass a friend's requests on"), parents=[shared]
    )
    rule.add_argument("member", metavar=_("MEMBER"))
    rule.add_argument("rule", choices=("always", "never", "ask"))
    admit = verbs.add_parser(
        "admit", help=_("let in again a friend whose home sent nonsense"), parents=[shared]
    )
    admit.add_argument("member", metavar=_("MEMBER"))
    end = verbs.add_parser("end", help=_("end a friendship"), parents=[shared])
    end.add_argument("member", metavar=_("MEMBER"))

    validate = add("validate", _("answer for a friend: their requests go on from you unasked"))
    validate.add_argument("member", metavar=_("MEMBER"))
    validate.add_argument("--end", action="store_true", help=_("take it back"))

    pass_on = add("pass-on", _("let requests of people with enough Confiance pass on unasked"))
    pass_on.add_argument("confiance", metavar="N|off", type=_threshold)

    away = add("away", _("be away, with your home switched off"))
    away.add_argument(
        "--until", required=True, metavar=_("DATE"), type=_date,
        help=_("the last day: 2026-12-14"),
    )  # fmt: skip
    add("back", _("be back"))

    goodbye = add("goodbye", _("leave the house: withdraw your things, end your friendships"))
    goodbye.add_argument("name", metavar=_("NAME"), help=_("your own name: you mean it"))

    trust = add("trust", _("how you, or another member, stand"))
    trust.add_argument("member", metavar=_("MEMBER"), nargs="?")


def _add_thing_commands(add: Add, shared: Parser, _: Say) -> None:
    things = add("things", _("show, add, change or withdraw your things"))
    verbs = things.add_subparsers(dest="verb", metavar=_("VERB"), parser_class=Parser)
    added = verbs.add_parser("add", help=_("share a thing"), parents=[shared])
    added.add_argument("title", metavar=_("TITLE"))
    _thing_options(added, _)
    imported = verbs.add_parser(
        "import", help=_("share a list: a table with a column “title”"), parents=[shared]
    )
    imported.add_argument("file", metavar=_("FILE"))
    imported.add_argument(
        "--circles", type=_number(0, 4), metavar="N", help=_("how many circles may see them")
    )
    changed = verbs.add_parser("set", help=_("change a thing"), parents=[shared])
    changed.add_argument("thing", metavar=_("THING"))
    changed.add_argument("--title", metavar=_("TITLE"))
    _thing_options(changed, _)
    changed.add_argument(
        "--no-photos", action="store_true", help=_("take away the photos that there are")
    )
    changed.add_argument("--no-file", action="store_true", help=_("take away the file"))
    for verb, words in (
        ("block", _("keep dates of a thing for yourself: nobody can ask for them")),
        ("unblock", _("let dates that you kept for yourself be asked for again")),
    ):
        blocked = verbs.add_parser(verb, help=words, parents=[shared])
        blocked.add_argument("thing", metavar=_("THING"))
        _date_options(blocked, _, required=True)
    withdrawn = verbs.add_parser("withdraw", help=_("stop sharing a thing"), parents=[shared])
    withdrawn.add_argument("thing", metavar=_("THING"))

    wanted = add("looking-for", _("tell your circles what you would like to borrow"))
    wanted.add_argument("title", metavar=_("TITLE"))
    wanted.add_argument(
        "--circles", type=_number(0, 4), metavar="N", help=_("how many circles may see it")
    )
    wanted.add_argument("--text", metavar=_("TEXT"), help=_("what a lender should know"))
    wanted.add_argument("--for", dest="lease", metavar="30d", help=_("how long: 30d, 48h"))

    browse = add("browse", _("what the others share"))
    browse.add_argument("--query", metavar=_("WORDS"), help=_("words that must all occur"))
    _date_options(browse, _, required=False)
    browse.add_argument(
        "--circles", type=_number(1, 4), metavar="N", help=_("only so many circles away")
    )
    browse.add_argument("--category", choices=tuple(CATEGORIES), help=_("only this sort"))
    why = add("why", _("why you can see a thing, and the proof"))
    why.add_argument("thing", metavar=_("THING"))


def _thing_options(parser: argparse.ArgumentParser, _: Say) -> None:
    parser.add_argument(
        "--kind", choices=("object", "stay", "spot", "copy"), help=_("how it is lent")
    )
    parser.add_argument(
        "--circles", type=_number(0, 4), metavar="N", help=_("how many circles may see it")
    )
    parser.add_argument("--text", metavar=_("TEXT"), help=_("what a borrower should know"))
    parser.add_argument("--category", choices=tuple(CATEGORIES), help=_("what sort of thing it is"))
    parser.add_argument(
        "--conditions", metavar=_("TEXT"), help=_("what a borrower agrees to by asking")
    )
    parser.add_argument(
        "--licence",
        metavar=_("NAME"),
        help=_("of what is copied: what may be done with a copy, as in “CC BY”"),
    )
    parser.add_argument("--file", metavar=_("FILE"), help=_("of what is copied: the file itself"))
    parser.add_argument(
        "--only-through",
        metavar=_("MEMBER,…"),
        type=_list,
        help=_("the only friends who may see it and pass it on"),
    )
    parser.add_argument(
        "--when",
        metavar="sat,'sun 10:00-12:00'",
        type=_week,
        help=_("when it can be fetched, brought back or used; always: no such hours"),
    )
    parser.add_argument(
        "--photo", metavar=_("FILE"), action="append", help=_("a photo of it; may stand again")
    )
    parser.add_argument("--shortest", metavar="1d", help=_("how long a loan lasts at least"))
    parser.add_argument("--longest", metavar="14d", help=_("how long a loan lasts at most"))
    parser.add_argument("--buffer", metavar="1d", help=_("time kept free between two loans"))


def _add_loan_commands(add: Add, _: Say) -> None:
    ask = add("ask", _("ask for a thing"))
    ask.add_argument("thing", metavar=_("THING"))
    _date_options(ask, _, required=True)
    ask.add_argument("--message", metavar=_("TEXT"), help=_("only the holder can read it"))
    ask.add_argument(
        "--queue", action="store_true", help=_("also when it is taken then: in case it comes free")
    )
    ask.add_argument(
        "--happened", action="store_true", help=_("write down a loan that has begun already")
    )
    ask.add_argument(
        "--on-word",
        action="store_true",
        help=_("where the circle is closed: let them recommend you"),
    )
    ask.add_argument("--via", metavar=_("MEMBER"), help=_("the friend who is to pass it on"))
    ask.add_argument(
        "--other-ways",
        action="store_true",
        help=_("when nobody passes it on, ask again by another way"),
    )
    loans = add("loans", _("your loans, and the requests you pass on"))
    loans.add_argument("--open", action="store_true", help=_("only those that are not over"))

    add("files", _("the files of your loans, and how far each has come"))
    get = add("get", _("store the file of a loan in this folder, or fetch it now"))
    _loan(get, _)
    get.add_argument("--to", dest="target", metavar=_("FILE"), help=_("where to store it"))

    answer = add("answer", _("answer a request, or a proposal of other dates"))
    _loan(answer, _)
    answer.add_argument("answer", choices=("yes", "no", "counter"))
    _date_options(answer, _, required=False)
    answer.add_argument("--message", metavar=_("TEXT"), help=_("only the other can read it"))
    for name, text in (
        ("extend", _("ask to keep a borrowed thing longer")),
        ("recall", _("ask to have a lent thing back by another day")),
    ):
        moved = add(name, text)
        _loan(moved, _)
        moved.add_argument(
            "--to", dest="end", metavar=_("DATE"), required=True, type=_date,
            help=_("last day, included"),
        )  # fmt: skip
        moved.add_argument("--message", metavar=_("TEXT"), help=_("only the other can read it"))
    recommend = add("recommend", _("pass a request on to your friend, or not now"))
    _loan(recommend, _)
    recommend.add_argument("answer", choices=("yes", "no"))
    _loan(add("handover", _("say that the thing changed hands")), _)
    _loan(add("return", _("say that the thing is back")), _)
    report = add("report", _("say that a thing is lost, damaged, or a gift"))
    _loan(report, _)
    report.add_argument("what", choices=("lost", "damaged", "gift"))
    report.add_argument("--message", metavar=_("TEXT"), help=_("only the other can read it"))
    _loan(add("repaired", _("say that what went wrong was made good")), _)
    lend = add("lend-to", _("write down what somebody without a home here has"))
    lend.add_argument("name", metavar=_("NAME"))
    lend.add_argument("thing", metavar=_("THING"))
    _date_options(lend, _, required=False)
    cancel = add("cancel", _("take back a request, or cancel what was agreed"))
    _loan(cancel, _)
    cancel.add_argument("--message", metavar=_("TEXT"), help=_("only the other can read it"))
    rate = add("rate", _("rate the other person after a loan"))
    _loan(rate, _)
    rate.add_argument(
        "--confiance", type=_number(0, 1), required=True, metavar="0|1",
        help=_("1: it went as agreed; 0: it did not"),
    )  # fmt: skip
    rate.add_argument(
        "--respect", type=_number(0, 10), required=True, metavar="0..10",
        help=_("5: as agreed, nothing special; 10: wonderful"),
    )  # fmt: skip
    rate.add_argument(
        "--fault",
        choices=("not-returned", "late", "damaged", "rude", "unsafe", "other"),
        help=_("what did not go as agreed"),
    )
    rate.add_argument(
        "--mediator", metavar=_("MEMBER"), help=_("who is told first of what was rude or unsafe")
    )
    rate.add_argument(
        "--message", metavar=_("TEXT"), default="", help=_("only the mediator can read it")
    )
    mediate = add("mediate", _("what you are asked to mediate; say how it stands"))
    mediate.add_argument("loan", metavar=_("LOAN"), nargs="?")
    mediate.add_argument(
        "word", nargs="?", choices=("settled", "stands"), default="stands",
        help=_("settled: it is shown as made good; stands: it is shown as it was"),
    )  # fmt: skip
    reply = add("reply", _("reply once to what was said of you, for all who see it"))
    _loan(reply, _)
    reply.add_argument("--message", metavar=_("TEXT"), required=True, help=_("a sentence"))
    _loan(add("take-back", _("take back what you said of how a loan went")), _)


def _add_simulate(add: Add, arguments: Sequence[str], _: Say) -> None:
    simulate = add("simulate", _("try the rules on a virtual population"))
    if "simulate" in arguments:
        # The simulator brings numpy along; nobody else should wait for it.
        from simulations import cli

        verbs: Option = simulate.add_subparsers(
            dest="verb", metavar=_("VERB"), required=True, parser_class=Parser
        )
        cli.configure(verbs)


def _loan(parser: Parser, _: Say) -> None:
    parser.add_argument("loan", metavar=_("LOAN"))


def _date_options(parser: Parser, _: Say, *, required: bool) -> None:
    parser.add_argument(
        "--from", dest="start", metavar=_("DATE"), required=required, type=_date,
        help=_("first day: 2026-12-01, 2026-12-01T14:00, today, tomorrow, or +7: in 7 days"),
    )  # fmt: skip
    parser.add_argument(
        "--to", dest="end", metavar=_("DATE"), required=required, type=_date,
        help=_("last day, included"),
    )  # fmt: skip


def _port(text: str) -> int:
    return _number(0, 65_535)(text)


def _units(text: str) -> int | None:
    return None if text == "auto" else _number(0, 20)(text)


def _threshold(text: str) -> int | None:
    return None if text == "off" else _number(1, 100)(text)


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low} to {high}")
        return int(text)

    return read


def _date(text: str) -> str:
    """A day told from today, as the date that it is here; the node reads all others."""
    days = {"today": 0, "tomorrow": 1}.get(text.strip().lower())
    if re.fullmatch(r"\+[0-9]{1,3}", text.strip()):
        days = int(text)
    if days is None:
        return text
    return (datetime.date.today() + datetime.timedelta(days=days)).isoformat()


def _week(text: str) -> list[str]:
    return [] if text.strip() == "always" else _list(text)


def _list(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
