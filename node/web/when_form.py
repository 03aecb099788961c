"""When a thing is lent, as the fields of a form: days with hours, lengths with units.

Spec: §5.7.
"""

from __future__ import annotations

from typing import Any, Final

from node.engine.week import read_week
from node.web.forms import Form
from protocol.bodies import Availability

_UNIT_MINUTES: Final = {"day": 24 * 60, "hour": 60, "minute": 1}
LENGTHS: Final = ("shortest", "longest", "buffer")
_NUMBER_MAX: Final = 9999


def read_availability(form: Form) -> Availability:
    """What the form says. Raises Refused."""
    if form.text("week_is_kept"):
        # More openings a day than the form can show: it leaves them alone.
        weekly = read_week(form.all("week"))
    else:
        weekly = read_week(tuple(_day_text(form, day) for day in form.all("days")))
    return Availability(weekly, read_length(form, "shortest"), read_length(form, "longest"))


def _day_text(form: Form, day: str) -> str:
    begin, end = form.text(f"open_{day}"), form.text(f"close_{day}")
    if not begin and not end:
        return day
    return f"{day} {begin or '00:00'}-{end or '24:00'}"


def read_length(form: Form, name: str) -> int:
    """Minutes; 0 when nothing was written. Raises Refused."""
    if not form.text(name):
        return 0
    unit = form.choice(f"{name}_unit", _UNIT_MINUTES)
    return form.number(name, 0, _NUMBER_MAX) * unit


def written(thing: dict[str, Any]) -> dict[str, Any]:
    """The fields that say what a thing's listing and calendar say.

    Args:
        thing: an own one, as ``node.engine.views.things`` gives it.
    """
    given = thing["availability"]
    fields: dict[str, Any] = {}
    days = [text.partition(" ")[0] for text in given["weekly"]]
    if len(set(days)) < len(days):
        fields |= {"week_is_kept": "1", "week": given["weekly"]}
    else:
        fields["days"] = days
        for text in given["weekly"]:
            day, _, hours = text.partition(" ")
            begin, _, end = hours.partition("-")
            fields[f"open_{day}"] = begin
            fields[f"close_{day}"] = "" if end == "24:00" else end
    minutes = {**given, "buffer_minutes": thing["buffer_minutes"]}
    for name in LENGTHS:
        length = minutes[f"{name}_minutes"]
        if length:
            unit, size = next((u, s) for u, s in _UNIT_MINUTES.items() if length % s == 0)
            fields |= {name: length // size, f"{name}_unit": unit}
    return fields


def is_said(form: Form) -> bool:
    """Whether the form says anything of when: then that part of the page is open."""
    names = ("days", "week", *LENGTHS)
    return any(form.text(name) for name in names)
