"""The words of the command line for keys, backups and new beginnings. Spec: §10.4, §18."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable

Say = Callable[[str], str]
Add = Callable[..., ArgumentParser]


def add_key_commands(
    add: Add, shared: ArgumentParser, parser_class: type[ArgumentParser], _: Say
) -> None:
    """``words``, ``keys``, ``backup``, ``restore``, ``succession`` and ``doctor``.

    Args:
        add: makes a command of the first level.
        shared: the options that hold for all commands.
    """
    words = add("words", _("show the words that stand for your keys, to write them down"))
    words.add_argument(
        "--written", action="store_true", help=_("they are on paper: forget them on this computer")
    )

    keys = add("keys", _("show your keys; name guardians, freeze, revoke, approve"))
    key_verbs = keys.add_subparsers(dest="verb", metavar=_("VERB"), parser_class=parser_class)

    def verb(name: str, text: str) -> ArgumentParser:
        return key_verbs.add_parser(name, help=text, parents=[shared])

    guardians = verb("guardians", _("name those who may approve new keys when all is lost"))
    guardians.add_argument("members", nargs="*", metavar=_("MEMBER"))
    guardians.add_argument(
        "--approvals", type=int, choices=(2, 3, 4), default=2, help=_("how many of them it takes")
    )
    verb("freeze", _("let nothing count that your devices sign, until you thaw"))
    verb("thaw", _("let it count again"))
    revoke = verb("revoke", _("take a lost device's right to sign, or veto somebody's claim"))
    revoke.add_argument("key", metavar=_("KEY"))
    approve = verb("approve", _("as a guardian: approve the new keys of a friend who lost theirs"))
    approve.add_argument("request", metavar=_("TEXT"))
    verb("go-on", _("after a restore: do not wait for more friends"))

    backup = add("backup", _("write a sealed copy of everything; only your words open it"))
    backup.add_argument("file", metavar=_("FILE"))

    restore = add("restore", _("bring a home back from a backup, or from your words alone"))
    restore.add_argument(
        "file", nargs="?", metavar=_("FILE"), help=_("the backup; none: words alone")
    )
    _words_options(restore, _)
    restore.add_argument(
        "--root", type=int, default=0, metavar="N",
        help=_("1 when a computer with your keys was stolen: the next root key takes over"),
    )  # fmt: skip

    succession = add(
        "succession", _("when the words are lost too: new keys by your guardians' word")
    )
    verbs = succession.add_subparsers(
        dest="verb", metavar=_("VERB"), required=True, parser_class=parser_class
    )
    text = _("begin: new words, and a text for your guardians")
    ask = verbs.add_parser("ask", help=text, parents=[shared])
    ask.add_argument(
        "member", metavar=_("MEMBER"), help=_("your whole member id; a friend knows it")
    )
    ask.add_argument("--name", required=True, help=_("the name others see"))
    text = _("your guardians have answered: go on as yourself")
    take = verbs.add_parser("take", help=text, parents=[shared])
    take.add_argument("approvals", nargs="+", metavar=_("TEXT"))

    add("doctor", _("look whether all is well with this home"))


def _words_options(parser: ArgumentParser, _: Say) -> None:
    parser.add_argument(
        "--words", metavar=_("FILE"), dest="words_file",
        help=_("read the words from a file; else they are asked for"),
    )  # fmt: skip
    parser.add_argument("--name", help=_("the name others see (with words alone)"))
