"""Tables of a scenario file, read strictly: every key must be asked for, every value fit.

What is wrong is said in one sentence that names the key and what may stand there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, cast

from protocol.errors import OpenHouseError

UNITS_MS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION: Final = re.compile(r"(0|[1-9][0-9]{0,8})(ms|s|m|h|d)")
REST: Final = "rest"
FILE_SIZE_MAX_BYTES: Final = 32 * 1024
_SHARES_APART_MAX: Final = 1e-6


class ScenarioError(OpenHouseError):
    """A scenario that cannot be run; its text is one sentence for people.

    Args:
        key: the key as it is written, with its table ("faults.drop").
        allowed: what may stand there, as a clause.
    """

    key: str
    allowed: str

    def __init__(self, key: str, allowed: str) -> None:
        super().__init__(key, allowed)
        self.key = key
        self.allowed = allowed

    def __str__(self) -> str:
        return f"The scenario's {self.key!r} is not possible; allowed: {self.allowed}."


def read_toml(path: Path) -> tuple[bytes, dict[str, object]]:
    """A file as it is, and its tables.

    Raises:
        ScenarioError: it cannot be read, is too large, or is no TOML.
    """
    try:
        with path.open("rb") as file:
            text = file.read(FILE_SIZE_MAX_BYTES + 1)
        if len(text) > FILE_SIZE_MAX_BYTES:
            allowed = f"a file of at most {FILE_SIZE_MAX_BYTES // 1024} KiB"
            raise ScenarioError(str(path), allowed)
        return text, tomllib.loads(text.decode())
    except OSError as error:
        allowed = f"a readable file ({error.strerror or error})"
        raise ScenarioError(str(path), allowed) from error
    except UnicodeDecodeError as error:
        raise ScenarioError(str(path), "a TOML file (this is not a text)") from error
    # Arrays can be too deep for the library.
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ScenarioError(str(path), f"a TOML file ({error})") from error


class Table:
    """One table of the file, of which every key must be asked for."""

    def __init__(self, data: Mapping[str, object], name: str) -> None:
        self._data = data
        self._name = name
        self._known: dict[str, None] = {}

    def _path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def take(self, key: str, default: object, kind: type, allowed: str) -> dict[str, object]:
        """A sub-table as it is."""
        self._known[key] = None
        value = self._data.get(key, default)
        if not isinstance(value, kind):
            raise ScenarioError(self._path(key), allowed)
        return cast("dict[str, object]", value)

    def table(self, key: str) -> Table:
        return Table(self.take(key, {}, dict, "a table"), self._path(key))

    def over(self, defaults: Mapping[str, object]) -> Table:
        """The same with these where it says nothing; keys asked for before stay asked for."""
        merged = Table(_over(defaults, self._data), self._name)
        merged._known = dict(self._known)
        return merged

    def finish(self) -> None:
        """Refuse what nobody asked for."""
        for key in self._data:
            if key not in self._known:
                known = ", ".join(sorted(self._known))
                raise ScenarioError(self._path(key), f"one of {known}")

    def text(self, key: str, default: str) -> str:
        self._known[key] = None
        value = self._data.get(key, default)
        if not isinstance(value, str):
            raise ScenarioError(self._path(key), "a text")
        return value

    def choice(self, key: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise ScenarioError(self._path(key), " or ".join(f'"{word}"' for word in allowed))
        return value

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        self._known[key] = None
        value = self._data.get(key, default)
        # A bool is an int in Python; in a scenario it is a mistake.
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ScenarioError(self._path(key), f"a whole number from {low} to {high}")
        return value

    def share(self, key: str, default: float) -> float:
        return self._number(key, default, 1.0, "a share from 0 to 1")

    def rate(self, key: str, default: float) -> float:
        return self._number(key, default, 1e6, "a number a day, 0 or more")

    def number(self, key: str, default: float, low: float, high: float) -> float:
        return self._number(key, default, high, f"a number from {low:g} to {high:g}", low)

    def flag(self, key: str, default: bool) -> bool:
        self._known[key] = None
        value = self._data.get(key, default)
        if not isinstance(value, bool):
            raise ScenarioError(self._path(key), "true or false")
        return value

    def shares(
        self, key: str, names: Iterable[str], default: tuple[tuple[str, float], ...]
    ) -> tuple[tuple[str, float], ...]:
        """A table of shares of a whole, by name; those that are not named are 0.

        One may be ``"rest"``: what the others leave of the whole.
        """
        given = self.take(key, {}, dict, "a table of shares")
        rest = [name for name, share in given.items() if share == REST]
        table = Table({n: 0.0 if n in rest else s for n, s in given.items()}, self._path(key))
        shares = [(name, table.share(name, 0.0)) for name in names]
        table.finish()
        if key not in self._data:
            return default
        total = sum(share for _, share in shares)
        if len(rest) == 1 and total <= 1.0 + _SHARES_APART_MAX:
            left = max(0.0, 1.0 - total)
            shares = [(name, left if name in rest else share) for name, share in shares]
        elif rest or abs(total - 1.0) > _SHARES_APART_MAX:
            allowed = f'shares that add up to 1 (these: {total:g}), of which one may be "{REST}"'
            raise ScenarioError(self._path(key), allowed)
        return tuple((name, share) for name, share in shares if share > 0)

    def numbers(self, key: str, low: float, high: float, most: int) -> tuple[float, ...]:
        """A list of numbers, none of which need be given."""
        self._known[key] = None
        values = self._data.get(key, [])
        allowed = f"a list of at most {most} numbers from {low:g} to {high:g}"
        if not isinstance(values, list) or len(values) > most:
            raise ScenarioError(self._path(key), allowed)
        row = Table({str(place): value for place, value in enumerate(values)}, self._path(key))
        try:
            return tuple(row.number(str(place), 0.0, low, high) for place in range(len(values)))
        except ScenarioError as error:
            raise ScenarioError(self._path(key), allowed) from error

    def names(self, key: str) -> tuple[str, ...]:
        """The keys of a table whose names are not known before."""
        return tuple(self.take(key, {}, dict, "a table"))

    def _number(
        self, key: str, default: float, high: float, allowed: str, low: float = 0.0
    ) -> float:
        self._known[key] = None
        value = self._data.get(key, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # Not a number is neither above nor below.
        if not isinstance(value, int | float) or not is_number or not low <= value <= high:
            raise ScenarioError(self._path(key), allowed)
        return float(value)

    def duration(self, key: str, default_ms: int, high_ms: int) -> int:
        self._known[key] = None
        value = self._data.get(key)
        if value is None:
            return default_ms
        match = DURATION.fullmatch(value) if isinstance(value, str) else None
        duration_ms = int(match[1]) * UNITS_MS[match[2]] if match else -1
        if not 0 <= duration_ms <= high_ms:
            allowed = f'a duration such as "20s", "90m" or "2d", at most {high_ms // 1000} seconds'
            raise ScenarioError(self._path(key), allowed)
        return duration_ms


def _over(defaults: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    merged = {**defaults, **given}
    for key, value in defaults.items():
        own = given.get(key)
        if isinstance(value, Mapping) and isinstance(own, Mapping):
            merged[key] = _over(value, own)
    return merged
