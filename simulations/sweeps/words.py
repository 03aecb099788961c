"""What figures and varied keys of a sweep are called by people, and in what figures are counted.

The names of columns stay as they are.
"""

from __future__ import annotations

from typing import Final

from protocol.charter import Charter

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
    "last_week.shared_nothing": "people who wanted something, and share nothing: they may not ask, "
    "in the last week",
    "last_week.found_nothing": "people who wanted something, and saw nothing to ask for, in the "
    "last week",
    "last_week.moved_away": "people who moved away, in the last week (nobody comes in their place)",
    "last_week.crowd_near": "things lent to invented people by friends, in the last week",
    "last_week.crowd_far": "things lent to invented people by others, in the last week",
    "crowd_far": "things lent to invented people from beyond friends, in the whole time",
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
    "ninetieth": "people within {} circles: nine in ten members have at most",
    "largest": "people within {} circles: the most that a member has",
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


_COUNTED: Final = {
    "members": "people", "friendships": "friendships", "events": "events", "messages": "messages",
    "violations": "violations", "steps_checked": "judgements", "agreed": "loans", "lost": "things",
    "crowd_far": "things", "crowd_near": "things", "week": "weeks", "wanted": "people",
    "shared_nothing": "people", "found_nothing": "people", "moved_away": "people",
    "no_unit": "requests", "thing_gone": "requests", "circle_shut": "requests",
    "unreliable": "requests", "unwilling": "requests", "back": "loans", "bad_words": "ratings",
    "engaged": "units", "open": "share of members (0 to 1)", "asked": "requests",
    "names": "names a person", "wants": "things a person", "borrowed": "things a person",
    "lent": "things a person", "kept": "things a person", "victims": "people a person",
    "mistrusted": "share of wants (0 to 1)", "made_to_wait": "share of wants (0 to 1)",
    "lasted_weeks": "weeks",
}  # fmt: skip


def unit_of(figure: str) -> str:
    """In what a figure is counted; nothing where nobody said."""
    before, _, last = figure.rpartition(".")
    if before.startswith("within_"):
        return "people"
    if last == "lost" and before not in ("", "last_week"):
        return "things a person"  # of a behaviour
    stem, _, circle = last.rpartition("_")
    return _COUNTED.get(stem if circle.isdecimal() else last, "")


def key_words(key: str) -> str:
    """A varied key in words; the key itself where there are none."""
    table, _, name = key.rpartition(".")
    if table == "charter" and (rule := _RULES.get(name)) is not None:
        return rule
    if table in ("people.tempers", "people.behaviours"):
        return f"Share of {_people(name.rpartition(':')[2].lower())} among the members"
    return _KEYS.get(key, key)


_RULES: Final = {
    rule.name: rule.message.replace("{value}", "…").removesuffix(".").removesuffix(": …")
    for rule in Charter(circle_4_exchanges=1, pass_on_unasked_circles=1).explain()
}
"""Where the number stands in the sentence, there are three dots."""
_KEYS: Final = {
    "charter": "The charter",
    "population.members": "Members of the town",
    "population.graph": "How friendships are made",
    "people.needs": "Wants, as a multiple of the usual",
    "people.willing": "Chance to pass on and to agree",
    "people.on_word": "People also ask one circle farther",
    "people.repairs": "What was lost is made good",
    "people.year.moves_away": "Share who move away within a year",
    "people.sybils.number": "Invented people",
    "people.sybils.shape": "What the invented are to each other",
    "people.sybils.at": "To whom the invented are joined",
    "people.sybils.attack_edges": "Friendships of the invented with members",
    "faults.drop": "Share of messages that are lost",
}


def _people(behaviour: str) -> str:
    """Those who behave like that: ``free-rider`` gives free riders."""
    name = behaviour.replace("-", " ")
    return name if name.endswith("s") else f"{name} people" if name in _ADJECTIVES else f"{name}s"


_ADJECTIVES: Final = ("careful", "clumsy")
