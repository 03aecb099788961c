"""The node's counters in the text format of Prometheus (version 0.0.4)."""

from __future__ import annotations

from typing import Final

from node.api.protocols import NodeLike

TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def exposition(node: NodeLike) -> str:
    """All metrics of this node; nothing in them names a member."""
    lines = [
        "# HELP openhouse_rejects_total Messages and records refused since the start, by code.",
        "# TYPE openhouse_rejects_total counter",
    ]
    counters = node.counters
    lines += [
        f'openhouse_rejects_total{{code="{_label(code)}"}} {counters[code]}'
        for code in sorted(counters)
    ]
    engine = node.engine
    core = None if engine is None else engine.core
    friends = [] if core is None else core.live_friends()
    links_up = 0 if core is None else sum(core.link_of(friend) is not None for friend in friends)
    lines += _gauge("set_up", "1 once this node has a member.", int(core is not None))
    lines += _gauge("friends", "Live friendships.", len(friends))
    lines += _gauge("links_up", "Friends whose node is connected now.", links_up)
    lines += _gauge("records", "Records held.", 0 if core is None else len(core.registers))
    return "\n".join(lines) + "\n"


def _gauge(name: str, text: str, value: int) -> list[str]:
    return [
        f"# HELP openhouse_{name} {text}",
        f"# TYPE openhouse_{name} gauge",
        f"openhouse_{name} {value}",
    ]


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
