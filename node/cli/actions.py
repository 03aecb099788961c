"""Each command as a request to the node.

A command that is here has a rendering of the same name in ``node.cli.render``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from node.cli.actions_keys import ACTIONS as KEY_ACTIONS
from node.cli.client import Answer, Client, part
from node.toml_files import read_toml
from protocol.errors import Refused

Action = Callable[[argparse.Namespace, Client], Answer]


def _status(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/status")


def _house_found(arguments: argparse.Namespace, client: Client) -> Answer:
    charter = None if arguments.charter is None else _read_charter(arguments.charter)
    return client.post("/house", {"name": arguments.name, "charter": charter})


def _read_charter(path: str) -> dict[str, Any]:
    try:
        return read_toml(Path(path))
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refused("file-unreadable", file=path, reason=reason) from error
    except ValueError as error:
        raise Refused("not-toml", file=path, reason=str(error)) from error


def _house_show(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/house")


def _invite(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/invitations", {"email": arguments.email, "ttl": arguments.ttl})


def _join(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/join", {"link": arguments.link, "discreet": arguments.discreet})


def _friends(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/friends")


def _friends_admit(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post(f"/friends/{part(arguments.member)}/admit", {})


def _friends_show(arguments: argparse.Namespace, client: Client) -> Answer:
    shows = {"shows": arguments.shown == "yes"}
    return client.patch(f"/friends/{part(arguments.member)}", shows)


def _friends_capacity(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {"units": arguments.units}
    return client.post(f"/friends/{part(arguments.member)}/capacity", body)


def _away(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/away", {"until": arguments.until})


def _back(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.delete("/away")


def _friends_end(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.delete(f"/friends/{part(arguments.member)}")


def _things(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.get("/things")


def _things_add(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post("/things", {"title": arguments.title, **_thing_fields(arguments)})


def _things_set(arguments: argparse.Namespace, client: Client) -> Answer:
    fields = {"title": arguments.title, **_thing_fields(arguments)}
    return client.patch(f"/things/{part(arguments.thing)}", fields)


def _thing_fields(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "kind": arguments.kind,
        "circles": arguments.circles,
        "text": arguments.text,
        "only_through": arguments.only_through,
    }


def _things_withdraw(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.delete(f"/things/{part(arguments.thing)}")


def _browse(arguments: argparse.Namespace, client: Client) -> Answer:
    query = {
        "query": arguments.query,
        "from": arguments.start,
        "to": arguments.end,
        "circles": arguments.circles,
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
    }
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
    body = {"yes": arguments.answer == "yes"}
    return client.post(f"/loans/{part(arguments.loan)}/recommend", body)


def _handover(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post(f"/loans/{part(arguments.loan)}/handover")


def _return(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post(f"/loans/{part(arguments.loan)}/return")


def _cancel(arguments: argparse.Namespace, client: Client) -> Answer:
    return client.post(f"/loans/{part(arguments.loan)}/cancel", {"message": arguments.message})


def _rate(arguments: argparse.Namespace, client: Client) -> Answer:
    body = {"confiance": arguments.confiance, "respect": arguments.respect}
    return client.post(f"/loans/{part(arguments.loan)}/rate", body)


def _trust(arguments: argparse.Namespace, client: Client) -> Answer:
    member = arguments.member
    return client.get("/trust" if member is None else f"/trust/{part(member)}")


ACTIONS: Final[dict[str, Action]] = {
    "status": _status,
    "house found": _house_found,
    "house show": _house_show,
    "invite": _invite,
    "join": _join,
    "friends": _friends,
    "friends admit": _friends_admit,
    "friends show": _friends_show,
    "friends capacity": _friends_capacity,
    "friends end": _friends_end,
    "away": _away,
    "back": _back,
    "things": _things,
    "things add": _things_add,
    "things set": _things_set,
    "things withdraw": _things_withdraw,
    "browse": _browse,
    "why": _why,
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
    "trust": _trust,
    **KEY_ACTIONS,
}
"""Commands that talk to the running node, by name."""
