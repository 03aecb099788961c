"""What a person filled in, as text, kept to be shown again when it is refused.

Browsers send text; here it becomes what commands take. Reading refuses like the
engine does, with a code that has a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from protocol.errors import Refused

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class File:
    """A file that was chosen; its name is the browser's word for it."""

    name: str
    data: bytes


class Form:
    """The fields of one form, each a list of texts.

    Args:
        fields: name to values; what is not given reads as empty.
        files: name to the files chosen there.
    """

    def __init__(
        self,
        fields: Mapping[str, Iterable[str]] | None = None,
        files: Mapping[str, Iterable[File]] | None = None,
    ) -> None:
        self._fields = {name: list(values) for name, values in (fields or {}).items()}
        self._files = {name: tuple(chosen) for name, chosen in (files or {}).items()}

    @classmethod
    def of(cls, **values: str | int | Iterable[str]) -> Form:
        """A form as if somebody had filled it in, to edit what exists."""
        return cls({
            name: [str(value)] if isinstance(value, str | int) else value
            for name, value in values.items()
        })  # fmt: skip

    def filled_in(self, **values: str) -> Form:
        """The same with these fields, where nothing was written."""
        fresh = {name: [value] for name, value in values.items() if not self.text(name)}
        return Form({**self._fields, **fresh}, self._files)

    def text(self, name: str, default: str = "") -> str:
        """The field's text without blanks around it."""
        values = self._fields.get(name)
        return values[0].strip() if values else default

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field that may stand several times (boxes that are ticked)."""
        return tuple(self._fields.get(name, ()))

    def files(self, name: str) -> tuple[File, ...]:
        return self._files.get(name, ())

    def has(self, name: str, value: str) -> bool:
        return value in self._fields.get(name, ())

    def given(self, name: str) -> str | None:
        """The field's text, or None when nothing was written."""
        return self.text(name) or None

    def number(self, name: str, low: int, high: int) -> int:
        """A whole number within bounds. Raises Refused."""
        text = self.text(name)
        if not text:
            raise Refused("missing-field", field=name)
        # int() alone takes underscores, other scripts and minutes for a million digits.
        if (
            not (text.isascii() and text.isdecimal())
            or len(text) > 9
            or not low <= int(text) <= high
        ):
            raise Refused("out-of-range", field=name, low=low, high=high)
        return int(text)

    def choice(self, name: str, choices: Mapping[str, T]) -> T:
        """One of the offered values. Raises Refused."""
        text = self.text(name)
        if text not in choices:
            raise Refused("not-a-choice", field=name, choices=sorted(choices))
        return choices[text]
