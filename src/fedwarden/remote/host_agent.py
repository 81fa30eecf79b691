"""One party's agent on another host: installed, its key made there, started, ended, removed; each step repeatable."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import RemoteError
from fedwarden.remote import scripts
from fedwarden.remote.bundle import Bundle
from fedwarden.remote.command import Command, script
from fedwarden.remote.facts import Facts
from fedwarden.remote.session import Session
from fedwarden.remote.unit import unit_text

INSTALL_SECONDS = 300.0
READY_SECONDS = 45
END_SECONDS = 30.0
#: An environment has some 10,000 files; a busy disk takes its time.
REMOVE_SECONDS = 180.0

_INIT = """umask 077
mkdir -p "$2" && cd / || exit 1
"$1/bin/python" -P -m fedwarden.party.init --home "$2" --party "$3" >/dev/null && cat "$2/csr.pem"
"""
_INSTALLED = 'cat "$1/.fedwarden" 2>/dev/null; exit 0'


@dataclass(frozen=True)
class Seat:
    """Where the agent of one party lives on its host."""

    root: str
    deployment: str
    party: int
    environment: str  # the bundle's name

    @property
    def home(self) -> str:
        return f"{self.root}/agents/{self.deployment}/party-{self.party}"

    @property
    def env(self) -> str:
        return f"{self.root}/envs/{self.environment}"

    @property
    def unit(self) -> str:
        return unit_name(self.deployment, self.party)


@dataclass(frozen=True)
class Installed:
    """``sent`` in bytes: 0 when the bundle was there already."""

    sent: int
    seconds: float


def unit_name(deployment: str, party: int) -> str:
    return f"fedwarden-{deployment}-party-{party}.service"


def place_command(seat: Seat, python: str) -> Command:
    words = (seat.root, seat.environment, python, seat.home)
    return script("install the bundle", scripts.text("place.sh"), *words, seconds=INSTALL_SECONDS)


def init_command(seat: Seat) -> Command:
    return script("make the party's key", _INIT, seat.env, seat.home, str(seat.party), seconds=30)


def agent_words(bind: str, ports: tuple[int, int, int], *, any_port: bool) -> tuple[str, ...]:
    """The agent's own options; ``ports`` are control, data and serving."""
    words = ["--bind", bind]
    for name, port in zip(("control", "data", "serving"), ports, strict=True):
        words += [f"--{name}-port", str(port)]
    return (*words, "--any-port") if any_port else tuple(words)


def start_command(seat: Seat, facts: Facts, words: tuple[str, ...], *, keep: bool = False) -> Command:
    """``keep``: an environment that the agent leaves stays, with a note of it, until ``settle_command``."""
    run = (f"{seat.env}/bin/python", "-P", "-m", "fedwarden.party.agent", "--home", seat.home, *words)
    unit = unit_text(seat.party, run, f"{seat.home}/agent.out.log", root=facts.uid == 0)
    how = "systemd" if facts.systemd else "daemon"
    body = scripts.text("ours.sh") + scripts.text("start.sh") + scripts.text("tidy.sh")
    given = (seat.home, seat.unit, seat.env, str(READY_SECONDS), how, "keep" if keep else "", *words)
    return script("start the agent", body, *given, stdin=unit.encode(), seconds=READY_SECONDS + 15)


def stop_command(home: str, unit: str, *, forget_ports: bool) -> Command:
    """``forget_ports``: an agent otherwise listens where it did before, whatever it is told."""
    body = scripts.text("ours.sh") + scripts.text("stop.sh")
    return script("stop the agent", body, home, unit, "forget" if forget_ports else "", seconds=END_SECONDS)


def before_command(home: str) -> Command:
    """Prints the environment that the agent ran from before a change that has not been settled; else its own."""
    body = 'cat "$1/environment.before" 2>/dev/null || cat "$1/environment"'
    return script("look for the environment before", body, home)


def settle_command(root: str, home: str) -> Command:
    body = 'rm -f "$2/environment.before"\n' + scripts.text("tidy.sh")
    return script("remove environments that nothing uses", body, root, home, seconds=REMOVE_SECONDS)


def remove_command(root: str, home: str, unit: str) -> Command:
    body = scripts.text("ours.sh") + scripts.text("remove.sh")
    return script("remove the agent", body, home, unit, root, seconds=REMOVE_SECONDS)


async def install(session: Session, facts: Facts, seat: Seat, bundle: Bundle) -> Installed:
    """Sends the bundle where it is not yet installed. Raises RemoteError, FW-SSH-060 when the host cannot use it."""
    begin = time.monotonic()
    there = await session.run(script("look for the bundle", _INSTALLED, seat.env))
    sent = 0
    if there.text != seat.environment:
        tar = Path(bundle.path)
        await session.send("copy the bundle", tar, f"{seat.root}/incoming/{seat.environment}.tar", seconds=900.0)
        sent = bundle.size
    python = facts.python.path if facts.python else ""
    command = place_command(seat, python)
    output = await session.run(command, check=False)
    if output.status:
        raise RemoteError("FW-SSH-060", host=session.login.address, why=output.last_words or output.status)
    return Installed(sent, round(time.monotonic() - begin, 1))


async def initialise(session: Session, seat: Seat) -> bytes:
    """The certificate request (PEM) of the party's key, which is made on the host and stays there."""
    return (await session.run(init_command(seat))).stdout


async def give_certificate(session: Session, seat: Seat, ca: bytes, certificate: bytes) -> None:
    await session.send("give the authority's certificate", ca, f"{seat.home}/ca.pem")
    await session.send("give the party's certificate", certificate, f"{seat.home}/cert.pem")


async def start(session: Session, seat: Seat, facts: Facts, words: tuple[str, ...], *, keep: bool = False) -> AgentInfo:
    """What the agent says of itself once it listens; an agent that runs already is left alone.

    Raises RemoteError FW-SSH-061 with the agent's own last words.
    """
    output = await session.run(start_command(seat, facts, words, keep=keep), check=False)
    if output.status:
        raise RemoteError("FW-SSH-061", host=session.login.address, party=seat.party, why=output.last_words or "-")
    try:
        return msgspec.json.decode(output.stdout, type=AgentInfo)
    except msgspec.MsgspecError as error:
        raise RemoteError("FW-SSH-061", host=session.login.address, party=seat.party, why=str(error)) from None


async def restore(session: Session, seat: Seat, facts: Facts, words: tuple[str, ...]) -> AgentInfo:
    """The agent as it was before a change: from its earlier environment, at the ports that ``words`` name."""
    before = (await session.run(before_command(seat.home))).text.strip().rpartition("/")[2]
    seat = Seat(seat.root, seat.deployment, seat.party, before)
    await session.run(stop_command(seat.home, seat.unit, forget_ports=True))
    info = await start(session, seat, facts, words)
    await session.run(settle_command(seat.root, seat.home))
    return info


async def remove(session: Session, root: str, home: str, unit: str) -> None:
    """Ends the agent, removes its folder and unit, and with the host's last agent the installation; then looks.

    Safe to repeat. Raises RemoteError FW-SSH-062 naming what is left.
    """
    output = await session.run(remove_command(root, home, unit))
    left = [line.removeprefix("left ") for line in output.text.splitlines() if line.startswith("left ")]
    if left:
        raise RemoteError("FW-SSH-062", host=session.login.address, left=left)
