"""The core has no clock, no chance and no I/O, and never depends on the order of a set.

import-linter keeps the modules apart; here the source is read for what it cannot see:
calls that act or draw without an import of their own, and iteration over sets, whose
order changes with ``PYTHONHASHSEED``. Names are followed within a function, attributes and
return types across the core by their annotations: enough to catch an honest slip. Where an
iteration over a set cannot matter, end its line with ``# order-free: why``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CORE = tuple(
    path
    for folder in ("protocol", "node/engine", "node/trust")
    for path in sorted((REPOSITORY / folder).rglob("*.py"))
)

ACTING_MODULES = frozenset(
    "aiohttp asyncio concurrent datetime http io jinja2 logging multiprocessing os pathlib "
    "platformdirs queue random sched secrets select selectors shutil signal socket socketserver "
    "sqlite3 ssl subprocess sys tempfile threading time tqdm urllib uuid zeroconf".split()
)
ACTING_BUILTINS = frozenset("breakpoint eval exec input open print __import__".split())
# hash() of text and id() differ from one process to the next.
UNSTABLE_BUILTINS = frozenset({"hash", "id"})
# Drawing methods of the libraries that the core may import (keys come from entropy passed in).
DRAWING_METHODS = frozenset({"generate", "generate_key", "generate_private_key", "urandom"})

SET_TYPES = frozenset({"set", "frozenset", "Set", "AbstractSet", "MutableSet", "FrozenSet"})
SET_OPERATORS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Sub)
SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference"})
# Functions that turn an iterable into something whose value keeps the iterable's order.
ORDERED_READERS = frozenset(
    "list tuple iter enumerate zip map filter reversed next bytes bytearray".split()
)
# Functions whose result is the same whatever the order (min and max: without a key).
ORDERLESS_READERS = frozenset("sorted any all sum len min max set frozenset".split())


@dataclass(frozen=True)
class Declarations:
    """Which attributes and functions of the core hold or return sets, by their annotations."""

    attributes: frozenset[str]
    functions: frozenset[str]


@dataclass
class Votes:
    """For each name, whether every annotation of it seen so far is a set."""

    is_set: dict[str, bool] = field(default_factory=dict)

    def add(self, name: str, vote: bool) -> None:
        self.is_set[name] = self.is_set.get(name, True) and vote

    def names(self) -> frozenset[str]:
        return frozenset(name for name, is_set in self.is_set.items() if is_set)


def is_set_annotation(node: ast.expr | None) -> bool:
    """``set``, ``frozenset[MemberId]``, ``collections.abc.Set[...]`` and the like."""
    if isinstance(node, ast.Subscript):
        return is_set_annotation(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr in SET_TYPES
    return isinstance(node, ast.Name) and node.id in SET_TYPES


def declarations(trees: list[ast.Module]) -> Declarations:
    """Collects annotated attributes and return types over all of the core."""
    attributes, functions = Votes(), Votes()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                functions.add(node.name, is_set_annotation(node.returns))
                if any(isinstance(d, ast.Name) and "property" in d.id for d in node.decorator_list):
                    attributes.add(node.name, is_set_annotation(node.returns))
            elif isinstance(node, ast.ClassDef):
                for line in node.body:
                    if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                        attributes.add(line.target.id, is_set_annotation(line.annotation))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute):
                attributes.add(node.target.attr, is_set_annotation(node.annotation))
    return Declarations(attributes.names(), functions.names())


class SetOrderReader(ast.NodeVisitor):
    """Finds iterations whose order is a set's."""

    def __init__(self, declared: Declarations) -> None:
        self.declared = declared
        self.scopes: list[dict[str, bool]] = [{}]
        self.lines: list[int] = []

    def is_set(self, node: ast.expr) -> bool:
        """Whether an expression is, as far as the source tells, a set."""
        match node:
            case ast.Set() | ast.SetComp():
                return True
            case ast.Name(id=name):
                return next(
                    (scope[name] for scope in reversed(self.scopes) if name in scope), False
                )
            case ast.Attribute(attr=name):
                return name in self.declared.attributes
            case ast.BinOp(left=left, op=operator, right=right):
                return isinstance(operator, SET_OPERATORS) and (
                    self.is_set(left) or self.is_set(right)
                )
            case ast.IfExp(body=body, orelse=orelse):
                return self.is_set(body) or self.is_set(orelse)
            case ast.Call(func=ast.Name(id=name)):
                return name in {"set", "frozenset"} or name in self.declared.functions
            case ast.Call(func=ast.Attribute(value=value, attr=name)):
                return name in self.declared.functions or (
                    name in SET_METHODS | {"copy"} and self.is_set(value)
                )
        return False

    def read(self, node: ast.expr) -> None:
        if self.is_set(node):
            self.lines.append(node.lineno)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self.scopes.append({a.arg: is_set_annotation(a.annotation) for a in arguments})
        self.generic_visit(node)
        self.scopes.pop()

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scopes[-1][target.id] = self.is_set(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            self.scopes[-1][node.target.id] = is_set_annotation(node.annotation)

    def visit_For(self, node: ast.For) -> None:
        self.read(node.iter)
        self.generic_visit(node)

    def visit_Starred(self, node: ast.Starred) -> None:
        self.read(node.value)
        self.generic_visit(node)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        self.read(node.value)
        self.generic_visit(node)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self.read_generators(node.generators)
        self.generic_visit(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self.read_generators(node.generators)
        self.generic_visit(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self.read_generators(node.generators)
        self.generic_visit(node)

    def read_generators(self, generators: list[ast.comprehension]) -> None:
        for generator in generators:
            self.read(generator.iter)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in ORDERED_READERS or method in {"join", "extend", "fromkeys"}:
            for argument in node.args:
                self.read(argument)
        if method == "pop" and not node.args and isinstance(node.func, ast.Attribute):
            self.read(node.func.value)
        if name in {"min", "max"} and any(k.arg == "key" for k in node.keywords):
            for argument in node.args:
                self.read(argument)
        elif name in ORDERLESS_READERS and len(node.args) == 1:
            only = node.args[0]
            if isinstance(only, ast.GeneratorExp | ast.ListComp):
                # What a set is read for here does not keep its order; look only inside.
                for child in ast.iter_child_nodes(only):
                    self.generic_visit(child)
                for keyword in node.keywords:
                    self.visit(keyword)
                return
        self.generic_visit(node)


def set_order_lines(source: str, declared: Declarations) -> list[int]:
    """The lines of a source that iterate over a set where the order could matter."""
    reader = SetOrderReader(declared)
    reader.visit(ast.parse(source))
    text = source.splitlines()
    return sorted({n for n in reader.lines if "# order-free:" not in text[n - 1]})


def acting_lines(source: str) -> Iterator[tuple[int, str]]:
    """The lines of a source that import or call what acts, draws or changes by process."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    if alias.name.split(".")[0] in ACTING_MODULES:
                        yield node.lineno, f"import {alias.name}"
            case ast.ImportFrom(module=str(module)):
                if module.split(".")[0] in ACTING_MODULES:
                    yield node.lineno, f"from {module} import"
            case ast.Call(func=ast.Name(id=name)):
                if name in ACTING_BUILTINS | UNSTABLE_BUILTINS:
                    yield node.lineno, f"{name}()"
            case ast.Call(func=ast.Attribute(attr=name)):
                if name in DRAWING_METHODS:
                    yield node.lineno, f".{name}()"


@pytest.fixture(scope="module")
def declared() -> Declarations:
    return declarations([ast.parse(path.read_text(encoding="utf-8")) for path in CORE])


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_core_module_neither_acts_nor_draws(path: Path) -> None:
    """Nothing in the core reads a clock, a file, a socket or a generator of its own."""
    found = [f"line {n}: {what}" for n, what in acting_lines(path.read_text(encoding="utf-8"))]

    assert found == []


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_core_module_never_iterates_a_set(path: Path, declared: Declarations) -> None:
    """The same events give the same effects under every ``PYTHONHASHSEED``."""
    assert set_order_lines(path.read_text(encoding="utf-8"), declared) == []


NOTHING = Declarations(frozenset(), frozenset())


@pytest.mark.parametrize(
    "source",
    [
        "for x in {1, 2}: pass",
        "for x in set(y): pass",
        "[x for x in {f(y) for y in z}]",
        "seen = set(y)\nlist(seen)",
        "def f(seen: frozenset[int]) -> None:\n    return tuple(seen - {1})",
        "def f(a: set[str]) -> str:\n    return ','.join(a.union('b'))",
        "def f(a: set[str]) -> str:\n    return a.pop()",
        "f(*{1, 2})",
        "max(set(y), key=len)",
        "{x: 1 for x in frozenset(y)}",
    ],
)
def test_reading_a_set_in_its_own_order_is_found(source: str) -> None:
    """The reader finds the ways in which the order of a set leaks."""
    assert len(set_order_lines(source, NOTHING)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "for x in sorted({1, 2}): pass",
        "x in {1, 2}",
        "any(x for x in set(y))",
        "sorted(x.name for x in set(y))",
        "{x + 1 for x in set(y)}",
        "seen = set(y)\nseen = sorted(seen)\nfor x in seen: pass",
        "a, b = 5 & 3, 5 - 3\nlist(range(a - b))",
        "for x in {1, 2}: pass  # order-free: nothing is kept",
    ],
)
def test_reading_a_set_where_order_cannot_matter_is_left_alone(source: str) -> None:
    """The reader does not cry wolf."""
    assert set_order_lines(source, NOTHING) == []


def test_sets_are_followed_through_annotated_attributes_and_functions() -> None:
    """A set declared in one module of the core is known in another."""
    declared = declarations(
        [
            ast.parse(
                "class A:\n"
                "    seen: set[int]\n"
                "    both: set[int]\n"
                "    def ball(self) -> frozenset[int]: ...\n"
                "class B:\n"
                "    both: list[int]\n"
            )
        ]
    )
    source = "for x in a.seen: pass\nfor x in a.ball(): pass\nfor x in a.both: pass"

    assert set_order_lines(source, declared) == [1, 2]


@pytest.mark.parametrize(
    "source",
    ["import os", "from time import monotonic", "import os.path", "print(1)", "hash('a')",
     "Ed25519PrivateKey.generate()"],
)  # fmt: skip
def test_acting_is_found(source: str) -> None:
    """The reader finds clocks, chance, files and process-dependent values."""
    assert len(list(acting_lines(source))) == 1
