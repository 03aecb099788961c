"""How keys, words, backups and the doctor's findings are shown. Spec: §18."""

from __future__ import annotations

from node.cli.client import Answer
from node.cli.output import Screen, moment

_WORDS_A_LINE = 6


def words(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    if not answer["words"]:
        screen.line(_("This computer has forgotten the words. Keep the paper safe."))
        return
    show_words(screen, answer["words"])
    if answer["is_by_guardians"]:
        _need_a_backup(screen)


def _need_a_backup(screen: Screen) -> None:
    """What words are good for that guardians' new keys came with. Spec: §18.4."""
    _ = screen.gettext
    screen.line()
    screen.line(
        _(
            "These words came with new keys. They open your backups: make one. Alone they would "
            "make you somebody new; without a backup, your guardians have to help again."
        )
    )


def show_words(screen: Screen, text: str) -> None:
    """The words in lines, and what they are for."""
    _ = screen.gettext
    screen.line(
        _("Write these words down on paper. With them you can begin again on another computer;")
    )
    screen.line(_("whoever else reads them can be you. Nobody will ever ask you for them."))
    screen.line()
    listed = text.split()
    for start in range(0, len(listed), _WORDS_A_LINE):
        chosen = enumerate(listed[start : start + _WORDS_A_LINE], start=start + 1)
        screen.line("  " + "  ".join(f"{number:2}. {word}" for number, word in chosen))
    screen.line()
    screen.line(_("When you have: openhouse words --written"))


def keys(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    guardians = ", ".join(guardian["name"] for guardian in answer["guardians"])
    needed = screen.ngettext(
        "{count} approval is needed", "{count} approvals are needed", answer["approvals_needed"]
    ).format(count=answer["approvals_needed"])
    screen.pairs(
        [
            (_("You"), answer["member"]),
            (_("This device"), answer["device"]),
            (_("Guardians"), f"{guardians} ({needed})" if guardians else _("none named yet")),
            (_("Revoked"), ", ".join(answer["revoked"]) or _("nothing")),
        ]
    )
    for guardian in answer["guardians"]:
        if guardian["is_renewed"]:
            text = _("{name} has new keys since, and cannot answer any more: name somebody else.")
            screen.line(text.format(name=guardian["name"]))
    if answer["is_frozen"]:
        screen.line(_("Your keys are frozen: nothing counts that your devices sign."))
    if answer["is_recalling"]:
        screen.line(_("This node waits for friends to give back what it has forgotten."))
    if answer["promises_wait_for"]:
        names = ", ".join(friend["name"] for friend in answer["promises_wait_for"])
        text = _("It promises nothing before the homes of {names} have been asked what they know.")
        screen.line(text.format(names=names))
    for claim in answer["claims"]:
        text = _("Somebody claims to be {name} with new keys, from {day} on: {key}")
        screen.line(
            text.format(name=claim["name"], day=moment(claim["counts_from"]), key=claim["key"])
        )
    if not guardians:
        screen.line()
        screen.line(
            _("Name two friends who could vouch for you: openhouse keys guardians MEMBER MEMBER")
        )


def approved(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    text = _("Send this to {name}, if you have heard their own voice ask for it:")
    screen.line(text.format(name=answer["name"]))
    screen.line()
    screen.line(answer["approval"])


def backed_up(screen: Screen, answer: Answer) -> None:
    text = screen.gettext("Everything is in {file} ({size} kB). Only your words open it.")
    screen.line(text.format(file=answer["file"], size=answer["size_bytes"] // 1000 + 1))


def restored(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    screen.line(_("Welcome back, {name}.").format(name=answer["name"]))
    screen.line(
        _("Switch it on (openhouse run): it asks your friends for what is newer, then goes on.")
    )
    screen.line(_("If no friend's home finds yours, ask one of them for an invitation and join."))


def asked_guardians(screen: Screen, answer: Answer) -> None:
    _ = screen.gettext
    show_words(screen, answer["words"])
    _need_a_backup(screen)
    screen.line()
    screen.line(_("Call your guardians, then send them this text:"))
    screen.line()
    screen.line(answer["request"])
    screen.line()
    screen.line(_("With what they send back: openhouse succession take TEXT TEXT"))


def doctor(screen: Screen, answer: Answer) -> None:
    marks = {True: "+", False: "!", None: "?"}
    for check in answer["checks"]:
        screen.line(f"{marks[check['ok']]} {check['message']}")
