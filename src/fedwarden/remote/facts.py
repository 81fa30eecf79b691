"""What a host is, as data: asked with one shell script that only reads."""

from __future__ import annotations

import time

import msgspec

from fedwarden.remote import scripts
from fedwarden.remote.command import Command, script
from fedwarden.remote.session import Session

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 13)


class Python(msgspec.Struct, frozen=True):
    """An interpreter of the host. ``venv`` tells whether environments can be made with it."""

    path: str
    version: tuple[int, int, int]
    venv: bool

    @property
    def usable(self) -> bool:
        return OLDEST_PYTHON <= self.version[:2] <= NEWEST_PYTHON


class Listener(msgspec.Struct, frozen=True):
    """Who listens on a port; program and process id only where the asking user may see them."""

    port: int
    program: str = ""
    pid: int = 0


class Facts(msgspec.Struct, kw_only=True):
    """Sizes in bytes, times in seconds. ``root`` is where fedwarden is installed, ``regulator`` the address from
    which this machine's connection arrives there (behind a NAT: the NAT's)."""

    user: str = ""
    uid: int = -1
    home: str = ""
    name: str = ""
    system: str = ""
    arch: str = ""
    glibc: str = ""
    regulator: str = ""
    root: str = ""
    writable: bool = False
    disk: int = 0
    memory: int = 0
    agents: list[str] = []
    unruled: list[str] = []  # homes of agents whose policy.yaml names no dataset folders
    systemd: str = ""  # "system", "user" or none
    addresses: list[str] = []
    pythons: list[Python] = []
    missing_tools: list[str] = []
    listeners: list[Listener] = []
    clock_offset: float = 0.0  # the host's clock minus ours
    clock_error: float = 0.0  # half the round trip: how sure that is
    round_trip: float = 0.0

    @property
    def python(self) -> Python | None:
        """The interpreter to install with: the newest usable one that can make environments, else any usable one."""
        usable = [one for one in self.pythons if one.usable]
        return max(usable, key=lambda one: (one.venv, one.version), default=None)

    def holder(self, port: int) -> Listener | None:
        return next((one for one in self.listeners if one.port == port), None)


def facts_command(root: str = "") -> Command:
    return script("look at the host", scripts.text("facts.sh"), root, seconds=20)


def clock_command() -> Command:
    return Command("read the clock", ("date", "+%s.%N"), seconds=5)


async def gather(session: Session, root: str = "") -> Facts:
    """Raises RemoteError when the host does not answer."""
    facts = parse((await session.run(facts_command(root))).text)
    best: tuple[float, float] | None = None
    for _ in range(3):  # the quickest of three tells most
        begin, wall = time.monotonic(), time.time()
        answer = await session.run(clock_command())
        trip = time.monotonic() - begin
        if best is None or trip < best[0]:
            best = trip, float(answer.text) - (wall + trip / 2)
    if best is not None:
        facts.round_trip, facts.clock_offset, facts.clock_error = best[0], best[1], best[0] / 2
    return facts


def parse(text: str) -> Facts:
    """``Facts`` of what facts.sh printed; lines that are not its own (a talkative login shell) are passed over."""
    facts = Facts()
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        words = value.split()
        if name in ("user", "home", "name", "system", "arch", "glibc", "regulator", "root", "systemd"):
            setattr(facts, name, value.strip())
        elif name == "uid" and value.isdigit():
            facts.uid = int(value)
        elif name == "writable":
            facts.writable = value == "yes"
        elif name in ("disk_kb", "memory_kb") and value.isdigit():
            setattr(facts, name.removesuffix("_kb"), int(value) * 1024)
        elif name == "agents":
            facts.agents = words
        elif name == "unruled":
            facts.unruled.append(value)
        elif name == "address" and words:
            facts.addresses.append(words[0])
        elif name == "no_tool" and words:
            facts.missing_tools.append(words[0])
        elif name == "python" and len(words) == 3:
            _python(facts, words)
        elif name in ("listen", "listen_hex") and words:
            _listener(facts, words, 16 if name == "listen_hex" else 10)
    return facts


def _python(facts: Facts, words: list[str]) -> None:
    numbers = words[1].split(".")
    if len(numbers) == 3 and all(number.isdigit() for number in numbers):
        version = (int(numbers[0]), int(numbers[1]), int(numbers[2]))
        facts.pythons.append(Python(words[0], version, words[2] == "venv"))


def _listener(facts: Facts, words: list[str], base: int) -> None:
    try:
        port = int(words[0], base)
    except ValueError:
        return
    if any(one.port == port for one in facts.listeners):
        return
    if len(words) == 3 and words[2].isdigit():
        facts.listeners.append(Listener(port, words[1], int(words[2])))
    else:
        facts.listeners.append(Listener(port))
