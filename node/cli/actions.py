"""Each command as a request to the node.

A command that is here has a rendering of the same name in ``node.cli.render``.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import urlencode

from node.cli.actions_keys import ACTIONS as KEY_ACTIONS
from node.cli.client import Answer, Client, part
from node.cli.flatmates import ACTIONS as FLATMATE_ACTIONS
from node.file_names import safe_name
from node.i18n import DEFAULT_LANGUAGE, translator
from node.toml_files import read_toml
from protocol.errors import Refused

Action = Callable[[argparse.Namespace, Client], Answer]
_JOIN_WAITS_S: Final = 60
# Most answers come sooner; only who waits wonders what for.
_SAYS_WAITING_AFTER_S: Final = 1.0


def _status(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/status")


def _goodbye(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/goodbye", {"name": arguments.name})


def _house_found(arguments: argparse.Namespace, client: Client) -> Answer:
    charter = None if arguments.charter is None else read_charter(arguments.charter)
    return client.post("/house", {"name": arguments.name, "charter": charter})


def read_charter(path: str) -> dict[str, Any]:
    try:
        return read_toml(Path(path))
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused("file-unreadable", file=path, reason=reason) from error
    except ValueError as error:
        raise Refused("not-toml", file=path, reason=str(error)) from error


def _house_proposals(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/house/proposals")


def _house_show(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/house")


def _invite(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/invitations", {"email": arguments.email, "ttl": arguments.ttl})


def _join(arguments: argparse.Namespace, client: Client) -> Answer:
    client.get("/status")  # a home that does not run is told of at once, and ours is the language
    said = threading.Timer(_SAYS_WAITING_AFTER_S, _say_waiting, [client.answer_language])
    if not arguments.json:
        said.start()
    try:
        return client.post("/join", {"link": arguments.link, "discreet": arguments.discreet})
    finally:
        said.cancel()


def _say_waiting(language: str | None) -> None:
    text = translator(language or DEFAULT_LANGUAGE).gettext(
        "Waiting for the home of the person who invited you (at most {seconds} seconds) …"
    )
    print(text.format(seconds=_JOIN_WAITS_S), file=sys.stderr, flush=True)


def _friends(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/friends")


def _friends_admit(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post(f"/friends/{part(arguments.member)}/admit", {})


def _friends_show(arguments: argparse.Namespace, client: Client) -> Answer:
    shows = {"shows": arguments.shown == "yes"}
    return client.patch(f"/friends/{part(arguments.member)}", shows)


def _page(arguments: argparse.Namespace, client: Client) -> Answer:
    answer = client.post("/page")
    if arguments.open:
        import webbrowser

        webbrowser.open(answer["page"])
    return answer


def _house_accept(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/house/accept", {"member": arguments.member})


def _house_checked(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {"member": arguments.member, "phone": arguments.phone, "email": arguments.email}
    return client.post("/house/checked", body)


def _validate(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {"holds": not arguments.end}
    return client.post(f"/friends/{part(arguments.member)}/validation", body)


def _friends_capacity(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {"units": arguments.units}
    return client.post(f"/friends/{part(arguments.member)}/capacity", body)


def _friends_rule(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post(f"/friends/{part(arguments.member)}/rule", {"rule": arguments.rule})


def _pass_on(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/passing-on", {"confiance": arguments.confiance})


def _away(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/away", {"until": arguments.until})


def _back(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.delete("/away")


def _friends_end(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.delete(f"/friends/{part(arguments.member)}")


def _things(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/things")


def _things_add(arguments: argparse.Namespace, client: Client) -> Answer:
    photos = _sent_photos(arguments.photo, client)
    fields = {"title": arguments.title, **_thing_fields(arguments), "photos": photos or None}
    fields["file"] = _sent_file(arguments.file, client)
    return client.post("/things", fields)


def _things_import(arguments: argparse.Namespace, client: Client) -> Answer:
    circles = 1 if arguments.circles is None else arguments.circles
    return client.send_file(f"/things/import?circles={circles}", _read_file(arguments.file))


def _things_set(arguments: argparse.Namespace, client: Client) -> Answer:
    fields = {"title": arguments.title, **_thing_fields(arguments)}
    photos = _sent_photos(arguments.photo, client)
    if arguments.no_photos:
        fields["photos"] = photos
    elif photos:
        thing = client.get(f"/things/{part(arguments.thing)}")
        fields["photos"] = [photo["photo"] for photo in thing["photos"]] + photos
    fields["file"] = "" if arguments.no_file else _sent_file(arguments.file, client)
    return client.patch(f"/things/{part(arguments.thing)}", fields)


def _sent_photos(files: list[str] | None, client: Client) -> list[str]:
    """Send pictures to the node; what each is called there."""
    read = [_read_file(file) for file in files or ()]
    return [client.send_file("/photos", data)["photo"] for data in read]


def _sent_file(path: str | None, client: Client) -> str | None:
    """Send a file of any size to the node; what it is called there."""
    if path is None:
        return None
    try:
        with open(path, "rb") as source:
            title = urlencode({"title": Path(path).name})
            return str(client.send_file(f"/files?{title}", source)["file"])
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused("file-unreadable", file=path, reason=reason) from error


def _files(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/files")


def _get(arguments: argparse.Namespace, client: Client) -> Answer:
    """A file that has come is stored; one that has not is asked for, and it is said so."""
    place = f"/files/{part(arguments.loan)}"
    row = client.post(place)
    if row["state"] != "here":
        return row
    target = arguments.target or safe_name(row["file"])
    try:
        # Never over what is there.
        with open(target, "xb") as stored:
            _fill(stored, f"{place}/content", client)
    except FileExistsError as error:
        raise Refused("file-exists", file=target) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused("file-unwritable", file=target, reason=reason) from error
    return {**row, "stored": str(Path(target).absolute())}


def _fill(stored: BinaryIO, place: str, client: Client) -> None:
    try:
        client.fetch_file(place, stored)
    except BaseException:
        Path(stored.name).unlink()  # half a file is none
        raise


def _read_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused("file-unreadable", file=path, reason=reason) from error


def _thing_fields(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "kind": arguments.kind,
        "circles": arguments.circles,
        "text": arguments.text,
        "only_through": arguments.only_through,
        "weekly": arguments.when,
        "shortest": arguments.shortest,
        "longest": arguments.longest,
        "buffer": arguments.buffer,
        "category": arguments.category,
        "conditions": arguments.conditions,
        "licence": arguments.licence,
    }


def _things_block(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {"from": arguments.start, "to": arguments.end}
    return client.post(f"/things/{part(arguments.thing)}/blocked", body)


def _things_unblock(arguments: argparse.Namespace, client: Client) -> Answer:
    query = {"from": arguments.start, "to": arguments.end}
    return client.delete(f"/things/{part(arguments.thing)}/blocked", query)


def _things_withdraw(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.delete(f"/things/{part(arguments.thing)}")


def _browse(arguments: argparse.Namespace, client: Client) -> Answer:
    query = {
        "query": arguments.query,
        "from": arguments.start,
        "to": arguments.end,
        "circles": arguments.circles,
        "category": arguments.category,
    }
    return client.get("/browse", query)


def _why(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get(f"/things/{part(arguments.thing)}/why")


def _ask(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {
        "from": arguments.start,
        "to": arguments.end,
        "message": arguments.message,
        "queue": arguments.queue,
        "happened": arguments.happened,
        "on_word": arguments.on_word,
        "other_ways": arguments.other_ways,
    }
    if arguments.via:
        body["via"] = arguments.via
    return client.post(f"/things/{part(arguments.thing)}/ask", body)


def _move_end(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {"to": arguments.end, "message": arguments.message}
    return client.post(f"/loans/{part(arguments.loan)}/end", body)


def _report(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {"what": arguments.what, "message": arguments.message}
    return client.post(f"/loans/{part(arguments.loan)}/report", body)


def _repaired(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post(f"/loans/{part(arguments.loan)}/repaired")


def _lend_to(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {"name": arguments.name, "from": arguments.start, "to": arguments.end}
    return client.post(f"/things/{part(arguments.thing)}/lend-to", body)


def _looking_for(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {
        "title": arguments.title,
        "circles": arguments.circles,
        "text": arguments.text,
        "for": arguments.lease,
    }
    return client.post("/wanted", body)


def _loans(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/loans", {"open": arguments.open})


def _answer(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {
        "answer": arguments.answer,
        "from": arguments.start,
        "to": arguments.end,
        "message": arguments.message,
    }
    return client.post(f"/loans/{part(arguments.loan)}/answer", body)


def _recommend(arguments: argparse.Namespace, client: Client) -> Answer:
    passes = arguments.answer == "yes"
    answer = client.post(f"/loans/{part(arguments.loan)}/recommend", {"yes": passes})
    return {**answer, "passes": passes}


def _handover(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post(f"/loans/{part(arguments.loan)}/handover")


def _return(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post(f"/loans/{part(arguments.loan)}/return")


def _cancel(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post(f"/loans/{part(arguments.loan)}/cancel", {"message": arguments.message})


def _rate(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {"confiance": arguments.confiance, "respect": arguments.respect}
    if not arguments.confiance and not arguments.fault:
        # The node takes a script's silence for "something else"; a person is asked.
        raise Refused("fault-missing")
    for name in ("fault", "mediator", "message"):
        if getattr(arguments, name):
            body[name] = getattr(arguments, name)
    return client.post(f"/loans/{part(arguments.loan)}/rate", body)


def _reply(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {"message": arguments.message}
    return client.post(f"/loans/{part(arguments.loan)}/reply", body)


def _mediate(arguments: argparse.Namespace, client: Client) -> Answer:
    if arguments.loan is None:
        return client.get("/mediations")
    body = {"settled": arguments.word == "settled"}
    return client.post(f"/mediations/{part(arguments.loan)}", body)


def _take_back(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post(f"/loans/{part(arguments.loan)}/take-back")


def _trust(arguments: argparse.Namespace, client: Client) -> Answer:
    member = arguments.member
    return client.get("/trust" if member is None else f"/trust/{part(member)}")


ACTIONS: Final[dict[str, Action]] = {
    **FLATMATE_ACTIONS,
    "status": _status,
    "goodbye": _goodbye,
    "house": _house_show,
    "house found": _house_found,
    "house show": _house_show,
    "house proposals": _house_proposals,
    "invite": _invite,
    "join": _join,
    "friends": _friends,
    "friends admit": _friends_admit,
    "friends show": _friends_show,
    "friends capacity": _friends_capacity,
    "friends rule": _friends_rule,
    "pass-on": _pass_on,
    "validate": _validate,
    "house accept": _house_accept,
    "house checked": _house_checked,
    "page": _page,
    "friends end": _friends_end,
    "away": _away,
    "back": _back,
    "things": _things,
    "things add": _things_add,
    "things import": _things_import,
    "things set": _things_set,
    "things block": _things_block,
    "things unblock": _things_unblock,
    "things withdraw": _things_withdraw,
    "browse": _browse,
    "why": _why,
    "files": _files,
    "get": _get,
    "ask": _ask,
    "looking-for": _looking_for,
    "lend-to": _lend_to,
    "loans": _loans,
    "answer": _answer,
    "recommend": _recommend,
    "extend": _move_end,
    "recall": _move_end,
    "handover": _handover,
    "return": _return,
    "report": _report,
    "repaired": _repaired,
    "cancel": _cancel,
    "rate": _rate,
    "reply": _reply,
    "take-back": _take_back,
    "mediate": _mediate,
    "trust": _trust,
    **KEY_ACTIONS,
}
"""Commands that talk to the running node, by name."""
