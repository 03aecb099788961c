"""The charter: every number of the house rules, with its name, unit and range.

A house is the set of members who share one charter. The same numbers drive the
node and the simulator, so that a house can try its rules on a virtual population
before adopting them. They come from three places: the defaults below, a TOML file
that a founder wrote, and the signed charter record of a house that exists. Only
the last is hostile: what is wrong with it is a `RemoteProtocolError`, what is
wrong with a file is a `CharterError` that says which values are allowed.

Names end in their unit: ``_ms`` are durations in milliseconds, everything else is
a count. Limits that no house may vote on are in `protocol.limits`. The module
imports errors and limits only, and holds no state.

Spec: §13.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal, TypeAlias

from protocol import limits
from protocol.errors import Malformed, OpenHouseError, UnknownCritical

Unit: TypeAlias = Literal["count", "day", "hour", "minute", "second", "millisecond"]
Group: TypeAlias = Literal["circles", "cooptation", "loans", "trust", "time"]

_SECOND_MS: Final = 1000
_MINUTE_MS: Final = 60 * _SECOND_MS
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS
_YEAR_MS: Final = 365 * _DAY_MS

_UNITS_MS: Final[dict[Unit, int]] = {
    "day": _DAY_MS,
    "hour": _HOUR_MS,
    "minute": _MINUTE_MS,
    "second": _SECOND_MS,
    "millisecond": 1,
}
_DURATION: Final = re.compile(r"(0|[1-9][0-9]{0,8})(ms|s|m|h|d)")
_SUFFIXES_MS: Final = {
    "ms": 1, "s": _SECOND_MS, "m": _MINUTE_MS, "h": _HOUR_MS, "d": _DAY_MS,
}  # fmt: skip


class CharterError(OpenHouseError):
    """A charter that no house can have: which key is wrong, and what it may be.

    Args:
        key: the parameter's name as it was written.
        allowed: what may stand there, as a clause ("a whole number from 1 to 4").
        possible: the same for who says it in another language: ``("number", low, high)``,
            ``("duration", low, high)``, ``("less", other parameter, its value)``,
            ``("unknown", the nearest parameter there is)``, and of changes ``("fixed", value)``
            and ``("same", value)``.
    """

    key: str
    allowed: str
    possible: tuple[str | int, ...]

    def __init__(self, key: str, allowed: str, possible: tuple[str | int, ...]) -> None:
        super().__init__(key, allowed, possible)
        self.key = key
        self.allowed = allowed
        self.possible = possible

    def __str__(self) -> str:
        if self.possible[0] == "unknown":
            return f"The charter has no {self.key!r}; allowed: {self.allowed}."
        return f"The charter's {self.key!r} is not possible; allowed: {self.allowed}."


@dataclass(frozen=True, slots=True)
class Explanation:
    """One number of the charter in words.

    Args:
        name: the parameter.
        message: an English sentence and the key of its translations; it may
            contain ``{value}``, where the caller puts the number with its unit.
        value: in ``unit``.
        unit: ``count`` for a bare number, else the largest unit without a remainder.
        group: what the rule is about.
    """

    name: str
    message: str
    value: int
    unit: Unit
    group: Group


@dataclass(frozen=True, slots=True)
class Charter:
    """The numbers of one house. Spec §13 says what each one does.

    Raises:
        CharterError: a number is outside its range, or two contradict each other.
    """

    max_circles: int = limits.CIRCLES_DEFAULT_MAX
    seats: int = 2
    amendment_approvals: int = 3
    amendment_founders: int = 1
    cooptations_per_year_max: int = limits.COOPTATIONS_PER_YEAR_MAX
    sponsor_house_min: int = 10
    sponsor_after_ms: int = 90 * _DAY_MS
    sponsor_exchanges: int = 3
    sponsor_seats: int = 6
    guest_trial_ms: int = _YEAR_MS
    seat_return_ms: int = 30 * _DAY_MS
    seat_lost_ms: int = 180 * _DAY_MS
    sponsor_pause_ms: int = _YEAR_MS
    circle_2_exchanges: int = 2
    circle_3_exchanges: int = 5
    circle_4_exchanges: int = 0
    circle_3_sides: int = 2
    far_exchanges_max: int = 1
    confiance_half_life_ms: int = 730 * _DAY_MS
    failed_exchange_cost: int = 1
    failed_half_life_ms: int = 180 * _DAY_MS
    friendship_lease_ms: int = limits.FRIENDSHIP_LEASE_MS
    friendship_renewal_ms: int = limits.FRIENDSHIP_RENEWAL_MS
    listing_lease_ms: int = limits.LISTING_LEASE_MS
    sharing_grace_ms: int = 183 * _DAY_MS
    sharing_window_ms: int = 365 * _DAY_MS
    sharing_closing_ms: int = 91 * _DAY_MS
    sharing_waivers: int = 2
    open_requests_max: int = 5
    request_window_ms: int = 14 * _DAY_MS
    other_way_ms: int = 4 * _DAY_MS
    other_ways_max: int = 2
    request_ahead_max_ms: int = _YEAR_MS
    loan_length_max_ms: int = 92 * _DAY_MS
    loan_lease_ms: int = 90 * _DAY_MS
    pass_on_unasked_circles: int = 0
    recommended_circles: int = 1
    first_loans_from_friends: int = 3
    newcomer_ms: int = 183 * _DAY_MS
    young_house_members: int = 10
    open_loans_beyond_max: int = 1
    capacity_new: int = 1
    capacity_max: int = 3
    burnt_ms: int = 90 * _DAY_MS
    reliability_min_percent: int = 60
    respect_raters_min: int = 3
    respect_usual: int = 7
    respect_prior: int = 2
    rating_window_ms: int = 14 * _DAY_MS
    mediation_ms: int = 14 * _DAY_MS
    rating_lease_ms: int = 3 * _YEAR_MS
    unanswered_ms: int = 14 * _DAY_MS
    succession_delay_ms: int = 14 * _DAY_MS

    def __post_init__(self) -> None:
        for parameter in PARAMETERS:
            value: int = getattr(self, parameter.name)
            if not parameter.low <= value <= parameter.high:
                raise parameter.error()
        if self.friendship_renewal_ms >= self.friendship_lease_ms:
            other, lease = "friendship_lease_ms", _written(self.friendship_lease_ms)
            allowed = f"less than {other} ({lease})"
            raise CharterError("friendship_renewal_ms", allowed, ("less", other, lease))

    @property
    def steps_lease_ms(self) -> int:
        """How long the steps of a loan are kept, from its first request on. Spec: §11.1."""
        return self.request_ahead_max_ms + self.loan_length_max_ms + self.loan_lease_ms

    def circle_exchanges(self, circle: int) -> int:
        """Good exchanges that open ``circle`` (2..4); 0 = exchanges never open it."""
        return (
            self.circle_2_exchanges,
            self.circle_3_exchanges,
            self.circle_4_exchanges,
        )[circle - 2]

    def to_parameters(self) -> tuple[tuple[str, int], ...]:
        """All numbers as ``(name, value)`` sorted by name, for a charter record. Spec: §5.6."""
        return tuple(sorted((field.name, getattr(self, field.name)) for field in fields(self)))

    @classmethod
    def from_parameters(cls, parameters: Iterable[tuple[str, int]]) -> Charter:
        """Read the numbers of a charter record; one that is absent has its default.

        Raises:
            UnknownCritical: a rule that this program does not know, made by a newer one.
            Malformed: outside its range.

        Spec: §13.
        """
        given = dict(parameters)
        for name in given:
            if name not in _BY_NAME:
                # Spec 13: "A node MUST refuse a charter with a parameter that it does not know"
                raise UnknownCritical(f"the charter's parameter {name!r} is unknown", "13")
        try:
            return cls(**given)
        except CharterError as error:
            detail = f"the charter's {error.key} must be {error.allowed}"
            raise Malformed(detail, "13") from error

    @classmethod
    def from_toml(cls, data: Mapping[str, object]) -> Charter:
        """Read the numbers a founder wrote; one that is absent has its default.

        Raises:
            CharterError: unknown key, wrong type or outside its range.
        """
        return cls(**cls.numbers_from_toml(data))

    @staticmethod
    def numbers_from_toml(data: Mapping[str, object]) -> dict[str, int]:
        """Read those numbers that somebody wrote.

        Args:
            data: a parsed TOML table. Durations are texts ("30d", "48h", "90m",
                "20s", "500ms") or whole numbers of milliseconds.

        Raises:
            CharterError: unknown key or wrong type.
        """
        given: dict[str, int] = {}
        for key, value in data.items():
            parameter = _BY_NAME.get(key)
            if parameter is None:
                nearest = difflib.get_close_matches(key, sorted(_BY_NAME), 1, 0.0)[0]
                raise CharterError(key, f"such as {nearest!r}", ("unknown", nearest))
            given[key] = parameter.read(value)
        return given

    def explain(self) -> tuple[Explanation, ...]:
        """Every number as a sentence, in the order a newcomer would ask."""
        return tuple(
            _BY_NAME[name].explain(getattr(self, name), group)
            for group, names in GROUPS.items()
            for name in names
        )


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a number of the charter may be, and how it is said."""

    name: str
    low: int
    high: int
    message: str
    zero_message: str = ""

    @property
    def is_duration(self) -> bool:
        return self.name.endswith("_ms")

    def allowed(self) -> str:
        """What may stand in a charter file, as a clause."""
        if self.is_duration:
            return f'a duration from "{_written(self.low)}" to "{_written(self.high)}"'
        return f"a whole number from {self.low} to {self.high}"

    def error(self) -> CharterError:
        """What to say of a value that cannot stand there."""
        if self.is_duration:
            possible = ("duration", _written(self.low), _written(self.high))
            return CharterError(self.name, self.allowed(), possible)
        return CharterError(self.name, self.allowed(), ("number", self.low, self.high))

    def explain(self, value: int, group: Group) -> Explanation:
        """The sentence that this number makes."""
        message = self.zero_message if value == 0 and self.zero_message else self.message
        amount, unit = _in_words(value) if self.is_duration else (value, "count")
        return Explanation(self.name, message, amount, unit, group)

    def read(self, value: object) -> int:
        """Give the number that a charter file means. Raises CharterError."""
        number = value
        if self.is_duration and isinstance(value, str):
            match = _DURATION.fullmatch(value)
            number = int(match[1]) * _SUFFIXES_MS[match[2]] if match else None
        # A bool is an int in Python; in a charter it is a mistake.
        if not isinstance(number, int) or isinstance(number, bool):
            raise self.error()
        return number


def N_(message: str) -> str:
    """Mark a message for translation; it is looked up where it is shown."""
    return message


PARAMETERS: Final = (
    Parameter(
        "max_circles", 1, limits.CIRCLES_HARD_MAX,
        N_("Things can be shown as far as circle {value} (friends of friends of friends are 3)."),
    ),
    Parameter(
        "seats", 2, 8,
        N_("A newcomer becomes a member when {value} members have co-opted them."),
    ),
    Parameter(
        "amendment_approvals", 2, 100,
        N_("The rules change when {value} members have signed the change."),
    ),
    Parameter(
        "amendment_founders", 0, 2,
        N_("Founders who must be among those who sign a change of the rules: {value}."),
        N_("No founder need be among those who sign a change of the rules."),
    ),
    Parameter(
        "cooptations_per_year_max", 1, 100,
        N_("One member can co-opt at most {value} people a year."),
    ),
    Parameter(
        "sponsor_house_min", 0, 1000,
        N_("As long as you see fewer than {value} members, whoever is one can co-opt others."),
        N_("However small the house is, newcomers do not co-opt others."),
    ),
    Parameter(
        "sponsor_after_ms", 0, 5 * _YEAR_MS,
        N_("Who has been a member for {value} can co-opt others."),
        N_("Who is a member can co-opt others from the first day."),
    ),
    Parameter(
        "sponsor_exchanges", 0, 100,
        N_("Who co-opts others has had good exchanges with {value} different people."),
        N_("Who co-opts others need not have lent or borrowed before."),
    ),
    Parameter(
        "sponsor_seats", 1, 1000,
        N_("Each member can answer for {value} newcomers in all; some of these seats come back."),
    ),
    Parameter(
        "guest_trial_ms", 0, 5 * _YEAR_MS,
        N_("You answer for your guest for {value}; if it goes well, your seat comes back then."),
        N_("You answer for your guest no longer than for the moment you co-opt them."),
    ),
    Parameter(
        "seat_return_ms", 0, _YEAR_MS,
        N_("At most one of your seats comes back every {value}."),
        N_("Several of your seats can come back at once."),
    ),
    Parameter(
        "seat_lost_ms", 0, 5 * _YEAR_MS,
        N_("If your guest stops being reliable, you have a seat less for {value}."),
        N_("If your guest stops being reliable, it costs you no seat."),
    ),
    Parameter(
        "sponsor_pause_ms", 0, 5 * _YEAR_MS,
        N_("If two of your guests stop being reliable, you co-opt nobody for {value}."),
        N_("However many of your guests stop being reliable, you can go on co-opting."),
    ),
    Parameter(
        "circle_2_exchanges", 0, 100,
        N_("Circle 2 opens after good exchanges with {value} different people."),
        N_("Circle 2 never opens by exchanges."),
    ),
    Parameter(
        "circle_3_exchanges", 0, 100,
        N_("Circle 3 opens after good exchanges with {value} different people."),
        N_("Circle 3 never opens by exchanges."),
    ),
    Parameter(
        "circle_4_exchanges", 0, 100,
        N_("Circle 4 opens after good exchanges with {value} different people."),
        N_("Circle 4 never opens by exchanges."),
    ),
    Parameter(
        "circle_3_sides", 1, 8,
        N_("For circle 3, they must be known through at least {value} different friends."),
    ),
    Parameter(
        "far_exchanges_max", 0, 100,
        N_("Good exchanges with people beyond circle 2 that count for opening circles: {value}."),
        N_("Good exchanges with people beyond circle 2 open nothing."),
    ),
    Parameter(
        "confiance_half_life_ms", _DAY_MS, 10 * _YEAR_MS,
        N_("A good exchange counts half for opening circles after {value}."),
    ),
    Parameter(
        "failed_exchange_cost", 0, 10,
        N_("Good exchanges that one bad exchange takes away: {value}."),
        N_("A bad exchange takes nothing away."),
    ),
    Parameter(
        "failed_half_life_ms", _DAY_MS, 10 * _YEAR_MS,
        N_("A bad exchange takes half as much away after {value}."),
    ),
    Parameter(
        "friendship_lease_ms", _SECOND_MS, _YEAR_MS,
        N_("A friendship is believed for {value} after it was last renewed."),
    ),
    Parameter(
        "friendship_renewal_ms", 100, _YEAR_MS,
        N_("Your node renews your friendships every {value}."),
    ),
    Parameter(
        "listing_lease_ms", _SECOND_MS, limits.LISTING_LEASE_MS,
        N_("A thing stays listed for {value} after its holder's node last ran."),
    ),
    Parameter(
        "sharing_grace_ms", 0, 10 * _YEAR_MS,
        N_("A newcomer who shares nothing yet can ask for things during {value}."),
        N_("Only who shares something can ask for things, from the first day."),
    ),
    Parameter(
        "sharing_window_ms", _SECOND_MS, 10 * _YEAR_MS,
        N_("What you shared counts for {value}."),
    ),
    Parameter(
        "sharing_closing_ms", 0, 10 * _YEAR_MS,
        N_("Who shares nothing any more loses the farthest circle, and one more every {value}."),
        N_("Who shares nothing any more can ask their friends only, from that day on."),
    ),
    Parameter(
        "sharing_waivers", 0, 20,
        N_(
            "Who shares nothing keeps all circles while {value} friends answer for them: for as "
            "long again as what was shared counts, and not longer."
        ),
        N_("Friends cannot answer for who shares nothing."),
    ),
    Parameter(
        "open_requests_max", 1, 100,
        N_("At most {value} of your requests can wait for an answer at once."),
    ),
    Parameter(
        "request_window_ms", _SECOND_MS, 90 * _DAY_MS,
        N_("A request that nobody answers ends after {value}."),
    ),
    Parameter(
        "other_way_ms", _SECOND_MS, 90 * _DAY_MS,
        N_("A request that nobody passes on for {value} can go another way."),
    ),
    Parameter(
        "other_ways_max", 0, 8,
        N_("Other ways a request may try by itself, if you let it: {value}."),
        N_("No request tries another way by itself."),
    ),
    Parameter(
        "request_ahead_max_ms", _DAY_MS, 5 * _YEAR_MS,
        N_("Things can be asked for at most {value} ahead."),
    ),
    Parameter(
        "loan_length_max_ms", _HOUR_MS, 5 * _YEAR_MS,
        N_("A loan lasts at most {value}."),
    ),
    Parameter(
        "loan_lease_ms", _SECOND_MS, _YEAR_MS,
        N_("A loan's messages are kept for at least {value} after its end."),
    ),
    Parameter(
        "pass_on_unasked_circles", 0, limits.CIRCLES_HARD_MAX,
        N_("Your node passes requests on without asking you as far as circle {value}."),
        N_("You are asked before a request of two other people is passed on."),
    ),
    Parameter(
        "recommended_circles", 0, limits.CIRCLES_HARD_MAX - 1,
        N_("Circles beyond the open ones that the word of all in between opens: {value}."),
        N_("Nobody's word opens a circle."),
    ),
    Parameter(
        "first_loans_from_friends", 0, 100,
        N_("Loans that a newcomer borrows from friends before any from others: {value}."),
        N_("A newcomer can borrow beyond friends from the first loan on."),
    ),
    Parameter(
        "newcomer_ms", 0, 10 * _YEAR_MS,
        N_("Somebody counts as a newcomer for {value}."),
        N_("Nobody counts as a newcomer."),
    ),
    Parameter(
        "young_house_members", 0, 1000,
        N_("While fewer than {value} members are known, nobody counts as a newcomer."),
        N_("Newcomers are newcomers in the smallest house too."),
    ),
    Parameter(
        "open_loans_beyond_max", 0, 100,
        N_("Loans from beyond friends that one can have open on the same days: {value}."),
        N_("Nobody counts how many loans from beyond friends one has open."),
    ),
    Parameter(
        "capacity_new", 1, 20,
        N_("For a new friend you answer for {value} open loans with others at once."),
    ),
    Parameter(
        "capacity_max", 0, 20,
        N_("With good exchanges you answer for up to {value} open loans of a friend at once."),
        N_("Nobody counts how many open loans they answer for."),
    ),
    Parameter(
        "burnt_ms", 0, 5 * _YEAR_MS,
        N_("After a loan that went wrong, what you answered with is used up for {value}."),
        N_("What you answered with for a loan that went wrong comes back at once."),
    ),
    Parameter(
        "reliability_min_percent", 0, 100,
        N_("Who is likely to do as agreed by less than {value} % borrows from friends only."),
        N_("However badly somebody's loans went, they can ask beyond their friends."),
    ),
    Parameter(
        "respect_raters_min", 1, 100,
        N_("Respect is shown, and moves, whenever {value} more people have said how it was."),
    ),
    Parameter(
        "respect_usual", 0, 10,
        N_("The Respect that most exchanges are taken to deserve: {value} of 10."),
        N_("Nobody is taken to deserve any Respect before it is given."),
    ),
    Parameter(
        "respect_prior", 0, 100,
        N_("The usual Respect weighs as much as the word of {value} more people."),
        N_("The usual Respect weighs nothing once somebody has spoken."),
    ),
    Parameter(
        "rating_window_ms", _SECOND_MS, 90 * _DAY_MS,
        N_("Ratings are shown when both people have rated, or after {value}."),
    ),
    Parameter(
        "mediation_ms", 0, 90 * _DAY_MS,
        N_("Whoever mediates after unkindness or danger has {value}."),
        N_("Nobody mediates before what was unkind or unsafe is told."),
    ),
    Parameter(
        "rating_lease_ms", _DAY_MS, 10 * _YEAR_MS,
        N_("A rating counts for {value}."),
    ),
    Parameter(
        "unanswered_ms", 0, _YEAR_MS,
        N_("A loan counts as without answer when its lender says nothing for {value} after it."),
        N_("A loan counts as without answer as soon as it should be over."),
    ),
    Parameter(
        "succession_delay_ms", _SECOND_MS, 90 * _DAY_MS,
        N_("Someone who lost all keys gets new ones by their guardians' word after {value}."),
    ),
)  # fmt: skip
"""All parameters. Spec: §13 has the same table, in the same order."""

GROUPS: Final[dict[Group, tuple[str, ...]]] = {
    "circles": (
        "max_circles", "circle_2_exchanges", "circle_3_exchanges", "circle_3_sides",
        "circle_4_exchanges", "far_exchanges_max", "confiance_half_life_ms",
        "pass_on_unasked_circles", "recommended_circles",
    ),
    "cooptation": (
        "seats", "cooptations_per_year_max", "sponsor_house_min", "sponsor_after_ms",
        "sponsor_exchanges", "sponsor_seats", "guest_trial_ms", "seat_return_ms", "seat_lost_ms",
        "sponsor_pause_ms", "sharing_grace_ms", "sharing_window_ms",
        "sharing_closing_ms", "sharing_waivers",
        "amendment_approvals", "amendment_founders",
    ),
    "loans": (
        "open_requests_max", "request_window_ms", "other_way_ms", "other_ways_max",
        "request_ahead_max_ms", "loan_length_max_ms", "capacity_new", "capacity_max",
        "first_loans_from_friends", "newcomer_ms", "young_house_members", "open_loans_beyond_max",
    ),
    "trust": (
        "failed_exchange_cost", "failed_half_life_ms", "reliability_min_percent", "burnt_ms",
        "respect_raters_min", "respect_usual", "respect_prior", "rating_window_ms",
        "mediation_ms", "rating_lease_ms", "unanswered_ms",
    ),
    "time": (
        "friendship_lease_ms", "friendship_renewal_ms", "listing_lease_ms", "loan_lease_ms",
        "succession_delay_ms",
    ),
}  # fmt: skip
"""What each rule is about, in the order a newcomer would ask."""

_BY_NAME: Final = {parameter.name: parameter for parameter in PARAMETERS}


def is_parameter(name: str) -> bool:
    """Whether this program knows a rule of this name."""
    return name in _BY_NAME


def _in_words(duration_ms: int) -> tuple[int, Unit]:
    """Amount and largest unit without a remainder; milliseconds always fit."""
    return next(
        (duration_ms // unit_ms, unit)
        for unit, unit_ms in _UNITS_MS.items()
        if duration_ms % unit_ms == 0
    )


def _written(duration_ms: int) -> str:
    """A duration as one writes it in a charter file."""
    amount, unit = _in_words(duration_ms)
    return f"{amount}{'ms' if unit == 'millisecond' else unit[0]}"
