"""Behaviours of one's own: found by file and class, and looked over before anybody lives by them.

``"borrowers:Grudge"`` is the class ``Grudge`` of ``borrowers.py``, in the folder where the command
is given, beside the sweep's file, or wherever Python looks. What is wrong with it is said in one
sentence, with the file and the line.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final

from protocol.errors import OpenHouseError
from simulations.behaviours.behaviour import Behaviour

_LIKE_FROM: Final = 0.75


class MixError(OpenHouseError):
    """No town can be made of it; its text is one sentence for people."""


def look_in(folder: Path) -> None:
    """Behaviours may lie in this folder too; behind all others, so that it hides no library."""
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.append(place)


def own_behaviour(name: str) -> type[Behaviour]:
    """The class that ``file:Class`` names.

    Raises:
        MixError: there is none that could live in a town.
    """
    file_name, class_name = name.split(":", 1)
    module_name = file_name.removesuffix(".py")
    look_in(Path())
    module = _module(name, module_name)
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, Behaviour)):
        raise MixError(
            f"{name!r} is not a class made from simulations.behaviours.Behaviour{_others(module)}."
        )
    _look_over(name, found)
    return found


def file_of(behaviour: type[Behaviour]) -> Path | None:
    """Where somebody wrote it; None for those that come with the program."""
    if behaviour.__module__.startswith("simulations."):
        return None
    file = getattr(sys.modules.get(behaviour.__module__), "__file__", None)
    return Path(file) if file else None


def where(error: BaseException, file: Path | None) -> str | None:
    """The last line of this file that an error went through: ``borrowers.py, line 10``."""
    if file is None:
        return None
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename) == file:
        return f"{file.name}, line {error.lineno}"
    line: int | None = None
    trace = error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename) == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return None if line is None else f"{file.name}, line {line}"


def told(error: BaseException) -> str:
    """``ZeroDivisionError: division by zero``."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    kind = type(error).__name__
    return f"{kind}: {text}".removesuffix(".") if text else kind


def _module(name: str, module_name: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name == module_name:
            raise MixError(
                f"{name!r} cannot be imported: there is no {module_name}.py here. "
                "Write file:Class, and give the command in the folder of that file."
            ) from error
        raise MixError(f"{name!r} cannot be imported: {error}{_at(error, module_name)}.") from error
    except ValueError as error:  # no name at all
        raise MixError(f"{name!r} cannot be imported: write file:Class.") from error
    except Exception as error:  # whatever a file of somebody else does when it is read
        raise MixError(
            f"{name!r} cannot be imported: {told(error)}{_at(error, module_name)}."
        ) from error


def _at(error: BaseException, module_name: str) -> str:
    for folder in sys.path:
        place = where(error, Path(folder or ".").resolve() / f"{module_name}.py")
        if place is not None:
            return f" ({place})"
    return ""


def _others(module: ModuleType) -> str:
    """Which behaviours there are in a file, where there is one."""
    names = [
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Behaviour)
        and value.__module__ == module.__name__
    ]
    place = Path(module.__file__).name if module.__file__ else module.__name__
    return f"; {place} has {', '.join(names)}" if names else f" ({place} has none)"


def _look_over(name: str, behaviour: type[Behaviour]) -> None:
    """Refuse what would only show, or hide, when people live."""
    if file_of(behaviour) is None:
        return
    called = vars(behaviour).get("name")
    if not isinstance(called, str) or not called:
        likely = behaviour.__name__.lower()
        raise MixError(
            f'{name!r} has no name of its own to stand in tables: write  name = "{likely}"  in it.'
        )
    for own in _written(vars(behaviour).items()):
        near = difflib.get_close_matches(own, DECISIONS, 1, _LIKE_FROM)
        if near and own not in DECISIONS and not hasattr(Behaviour, own):
            raise MixError(
                f"{name!r} decides {own!r}, which nobody asks for: did you mean {near[0]!r}? "
                "(What helps it alone begins with _.)"
            )
    try:
        behaviour()
    except Exception as error:
        place = where(error, file_of(behaviour))
        raise MixError(
            f"{name!r} cannot be made for a person: {told(error)}{f' ({place})' if place else ''}; "
            "__init__ takes nothing but self."
        ) from error


def _written(attributes: Iterable[tuple[str, object]]) -> list[str]:
    return [n for n, value in attributes if inspect.isfunction(value) and not n.startswith("_")]


DECISIONS: Final = tuple(_written(vars(Behaviour).items()))
"""What a behaviour is asked for."""
