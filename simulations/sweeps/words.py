"""What the figures of a sweep are called by people; the names of columns stay as they are."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    "members": "members",
    "friendships": "friendships",
    "events": "events that engines handled",
    "messages": "messages between homes",
    "violations": "what an oracle found",
    "steps_checked": "judgements of the bounds",
    "agreed": "loans agreed, in the whole time",
    "lost": "things lost, in the whole time",
    "last_week.week": "the number of the last week",
    "last_week.wanted": "people who wanted something, in the last week",
    "last_week.shared_nothing": "of them, those who share nothing and may not ask",
    "last_week.found_nothing": "of them, those who saw nothing to ask for",
    "last_week.no_unit": "requests for which no unit of capacity was free, in the last week",
    "last_week.thing_gone": "requests that came too late for the thing, in the last week",
    "last_week.circle_shut": "requests that a closed circle stopped, in the last week",
    "last_week.unreliable": "requests of people not held reliable, in the last week",
    "last_week.unwilling": "requests that somebody did not want to pass on or grant",
    "last_week.back": "loans that came to an end, in the last week",
    "last_week.lost": "things lost, in the last week",
    "last_week.bad_words": "ratings of 0, in the last week",
    "last_week.engaged": "units of capacity engaged, at the end",
}
_CIRCLES: Final = {
    "last_week.open": "share of members to whom circle {} is open, at the end",
    "last_week.asked": "requests in circle {}, in the last week",
    "last_week.agreed": "loans agreed in circle {}, in the last week",
}
_REACH: Final = {
    "median": "people within {} circles: half of the members have at most",
    "tenth": "people within {} circles: a tenth of the members have at most",
    "mean": "people within {} circles: on average",
}
_LIVES: Final = {
    "names": "names that one of the {} has had",
    "wants": "things that one of the {} wanted",
    "borrowed": "things that one of the {} borrowed",
    "lent": "things that one of the {} lent",
    "kept": "things that one of the {} kept",
    "lost": "things that one of the {} lost by lending",
    "victims": "people from whom one of the {} kept something",
    "mistrusted": "share of the wants of the {} that came to nothing because nobody trusted them",
    "made_to_wait": "share of the wants of the {} that a rule for everybody stopped",
    "lasted_weeks": "weeks from what one of the {} first kept to what they were last lent",
}


def words_of(figure: str) -> str:
    """A figure in words; its name where there are none."""
    if figure in _WORDS:
        return _WORDS[figure]
    stem, _, circle = figure.rpartition("_")
    if stem in _CIRCLES and circle.isdecimal():
        return _CIRCLES[stem].format(circle)
    before, _, last = figure.rpartition(".")
    if before.startswith("within_") and last in _REACH:
        return _REACH[last].format(before.removeprefix("within_").removesuffix("_circles"))
    if before and last in _LIVES:
        return _LIVES[last].format(_people(before))
    return figure


def _people(behaviour: str) -> str:
    """Those who behave like that: ``free-rider`` gives free riders."""
    name = behaviour.replace("-", " ")
    return name if name.endswith("s") else f"{name} people" if name in _ADJECTIVES else f"{name}s"


_ADJECTIVES: Final = ("careful", "clumsy")
