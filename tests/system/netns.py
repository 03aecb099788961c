"""Homes in network namespaces: real routers, real address translation, real nodes.

A ``Net`` is a small internet: a switch in the middle, and places plugged into it. A
place on the switch is public; a ``Router`` on the switch has a home network behind it, with
nftables between the two. Everything is gone when the ``Net`` is closed.

Needs root, iproute2, nftables and a kernel that has both; ``missing()`` says what is not
there. Nothing of this machine's own network is touched.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "node.cli.main")
PEER_PORT = 7470
DEADLINE_S = 45.0

_NAT = """
table inet home {
    chain prerouting {
        type nat hook prerouting priority -100;
    }
    chain postrouting {
        type nat hook postrouting priority 100;
        %s
    }
    chain hole {
    }
    chain forward {
        type filter hook forward priority 0; policy drop;
        ct state established,related accept
        iifname "inside" accept
        jump hole
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, packet-too-big } accept
    }
}
"""


def missing() -> str:
    """Why this machine cannot make namespaces; empty when it can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "needs root on Linux"
    for tool, package in (("ip", "iproute2"), ("nft", "nftables")):
        if shutil.which(tool) is None:
            return f"needs {tool} (Debian: {package})"
    name = f"oh{os.getpid()}try"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    if made.returncode != 0:
        return f"the system makes no network namespaces: {made.stderr.decode().strip()}"
    tried = subprocess.run(
        ["ip", "netns", "exec", name, "nft", "-f", "-"],
        input=(_NAT % "masquerade").encode(),
        capture_output=True,
        check=False,
    )
    subprocess.run(["ip", "netns", "del", name], check=False)
    return "" if tried.returncode == 0 else f"the kernel translates no addresses: {tried.stderr!r}"


class Net:
    """A switch, and namespaces plugged into it."""

    def __init__(self) -> None:
        self._prefix = f"oh{os.getpid()}"
        self._names: list[str] = []
        self._cables = 0
        self.switch = self.place("sw")
        self.run(self.switch, "ip", "link", "add", "switch", "type", "bridge")
        self.run(self.switch, "ip", "link", "set", "switch", "up")

    def place(self, name: str) -> str:
        """A namespace; gives its full name."""
        full = f"{self._prefix}{name}"
        subprocess.run(["ip", "netns", "add", full], check=True)
        self._names.append(full)
        self.run(full, "ip", "link", "set", "lo", "up")
        return full

    def run(self, place: str, *command: str, text: str = "") -> None:
        done = subprocess.run(
            ["ip", "netns", "exec", place, *command],
            input=text.encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"{place}: {command}: {done.stderr.decode()}"

    def cable(self, one: str, port: str, other: str, other_port: str) -> None:
        """Connect two namespaces."""
        ends = ["name", port, "netns", one, "type", "veth"]
        peer = ["peer", "name", other_port, "netns", other]
        subprocess.run(["ip", "link", "add", *ends, *peer], check=True)
        self.run(one, "ip", "link", "set", port, "up")
        self.run(other, "ip", "link", "set", other_port, "up")

    def plug_in(self, place: str, *addresses: str) -> None:
        """Connect a namespace to the switch."""
        self._cables += 1
        port = f"port{self._cables}"
        self.cable(place, "outside", self.switch, port)
        self.run(self.switch, "ip", "link", "set", port, "master", "switch")
        self.address(place, "outside", *addresses)

    def address(self, place: str, port: str, *addresses: str) -> None:
        for address in addresses:
            # Without waiting for somebody else to claim an IPv6 address.
            flags = ["nodad"] if ":" in address else []
            self.run(place, "ip", "addr", "add", address, "dev", port, *flags)

    def home(self, name: str, outside: str, router: str, inside: str) -> Router:
        """A router on the switch and one computer behind it.

        Args:
            outside: the router's address on the switch, with its prefix length.
            router, inside: addresses in the home network, with prefix length.
        """
        place, computer = self.place(f"{name}r"), self.place(name)
        self.plug_in(place, outside)
        self.cable(place, "inside", computer, "home")
        self.address(place, "inside", router)
        self.address(computer, "home", inside)
        is_six = ":" in inside
        self.run(computer, "ip", "route", "add", "default", "via", router.partition("/")[0])
        for setting in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            path = "/proc/sys/" + setting.replace(".", "/")
            self.run(place, "sh", "-c", f"echo 1 > {path}")
        # IPv6 homes translate nothing: their routers only let nobody in.
        rule = "" if is_six else 'oifname "outside" masquerade'
        self.run(place, "nft", "-f", "-", text=_NAT % rule)
        return Router(self, place, computer, inside.partition("/")[0], is_six)

    def close(self) -> None:
        for name in self._names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


@dataclass(frozen=True, slots=True)
class Router:
    """A home's router.

    Args:
        place: its namespace.
        computer: the namespace behind it.
    """

    net: Net
    place: str
    computer: str
    inside: str
    is_six: bool

    def open_hole(self) -> None:
        """Let calls for the peer port in, as somebody who knows how would set it up."""
        hole = f"add rule inet home hole tcp dport {PEER_PORT} accept\n"
        if not self.is_six:
            hole += (
                f'add rule inet home prerouting iifname "outside" tcp dport {PEER_PORT} '
                f"dnat ip to {self.inside}\n"
            )
        self.net.run(self.place, "nft", "-f", "-", text=hole)

    def close_hole(self) -> None:
        text = "flush chain inet home hole\nflush chain inet home prerouting\n"
        self.net.run(self.place, "nft", "-f", "-", text=text)


@dataclass
class Home:
    """One member's node in a namespace, and what its owner types there."""

    name: str
    place: str
    directory: Path
    advertise: str = ""
    member: str = ""
    process: subprocess.Popen[bytes] | None = None
    flags: list[str] = field(default_factory=list)
    port: int = PEER_PORT
    lan: bool = False

    @property
    def data(self) -> Path:
        return self.directory / self.name

    @property
    def stderr_file(self) -> Path:
        return self.directory / f"{self.name}.stderr"

    def move_in(self) -> None:
        self.member = self.openhouse("setup", "--name", self.name)["member"]
        self.start()

    def start(self) -> None:
        flags = ["run", "--peer-port", str(self.port), "--web-port", "0", *self.flags]
        if not self.lan:
            flags.append("--no-lan")
        with self.stderr_file.open("ab") as stderr:
            self.process = subprocess.Popen(
                self._command(*flags),
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=self._environment(),
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.name} did not start: {self.stderr_file.read_text()}"

    def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def openhouse(self, *arguments: str) -> Any:
        """Type a command; it must succeed."""
        done = subprocess.run(
            self._command("--json", *arguments),
            capture_output=True,
            env=self._environment(),
            timeout=DEADLINE_S,
            check=False,
        )
        assert done.returncode == 0, f"{self.name}: {arguments}: {done.stdout!r} {done.stderr!r}"
        return json.loads(done.stdout)

    def typed(self, command: str, answer: str) -> subprocess.Popen[str]:
        """Type a command that asks something, and the answer ahead."""
        process = subprocess.Popen(
            self._command("--language", "en", command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment(),
        )
        assert process.stdin is not None
        process.stdin.write(answer)
        process.stdin.flush()
        return process

    def sees(self) -> list[str]:
        return sorted(thing["title"] for thing in self.openhouse("browse"))

    def linked(self) -> list[str]:
        """Names of the friends with whom a link stands."""
        rows = self.openhouse("friends")
        return sorted(row["name"] for row in rows if row["link"] == "up")

    def items_kept(self, recipient: Home) -> int:
        """How many sealed items wait here for somebody."""
        path = self.data / "mailbox.db"
        if not path.exists():
            return 0
        query = "SELECT count(*) FROM item WHERE recipient = ?"
        with (
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database,
            suppress(sqlite3.OperationalError),  # it is made at this very moment
        ):
            row = database.execute(query, (bytes.fromhex(recipient.member),)).fetchone()
            return int(row[0])
        return 0

    def can_call(self, address: str) -> bool:
        """Whether a connection to an address and the peer port comes about."""
        code = f"import socket; socket.create_connection(({address!r}, {PEER_PORT}), 1)"
        done = subprocess.run(
            ["ip", "netns", "exec", self.place, sys.executable, "-c", code],
            capture_output=True,
            check=False,
        )
        return done.returncode == 0

    def _command(self, *arguments: str) -> list[str]:
        return ["ip", "netns", "exec", self.place, *COMMAND, "--home", str(self.data), *arguments]

    def _environment(self) -> dict[str, str]:
        dropped = ("LANG", "LC_", "OPENHOUSE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        return {**kept, "OPENHOUSE_ADVERTISE": self.advertise, "OPENHOUSE_LOG_LEVEL": "debug"}


def wait(
    homes: list[Home], what: str, expected: object, look: Callable[..., object], *arguments: object
) -> None:
    """Call ``look(*arguments)`` again and again until it gives what is expected."""
    ends_at = time.monotonic() + DEADLINE_S
    while (found := look(*arguments)) != expected:
        if time.monotonic() > ends_at:
            written = [f"--- {h.name} ---\n{_last_lines(h.stderr_file)}" for h in homes]
            raise AssertionError(
                f"{what}: after {DEADLINE_S:g} s still {found!r}, expected {expected!r}\n"
                + "\n".join(written)
            )
        time.sleep(0.2)


def _last_lines(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-30:])
