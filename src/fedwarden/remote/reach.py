"""Who can open a TCP connection to whom: tried from every host to every other host's ports, with real listeners."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from fedwarden.common.errors import FedwardenError
from fedwarden.remote import scripts
from fedwarden.remote.command import Command
from fedwarden.remote.facts import Facts
from fedwarden.remote.fleet import Fleet
from fedwarden.remote.session import Session

DIAL_SECONDS = 3.0

How = Literal["ok", "refused", "silent", "unreachable", "unknown"]


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """One direction: ``source`` is a host's place, ``target`` the ``host:port`` that it tried."""

    source: str
    target: str
    how: How
    milliseconds: float | None = None


def listen_command(python: str, ports: Sequence[int]) -> Command:
    words = (python, "-c", scripts.text("probe_listen.py"), *map(str, ports))
    return Command("listen for the other hosts", words, seconds=60)


def dial_command(python: str, targets: Sequence[str]) -> Command:
    words = (python, "-c", scripts.text("probe_dial.py"), f"{DIAL_SECONDS:g}", *targets)
    return Command("try the other hosts' ports", words, seconds=DIAL_SECONDS + 12)


def matrix(fleet: Fleet, facts: Mapping[str, Facts], ports: Mapping[str, Sequence[int]]) -> list[Reach]:
    """Every ordered pair of hosts × ports. A port that is held already is tried as it is; a host without Python
    neither listens nor tries: its directions are ``unknown``."""
    pythons = {place: found.pythons[0].path for place, found in facts.items() if found.pythons}
    listening = {place: listen_command(python, ports[place]) for place, python in pythons.items() if ports.get(place)}
    targets = {
        place: [f"{fleet.logins[other].host}:{port}" for other in ports if other != place for port in ports[other]]
        for place in fleet.logins
    }

    async def dial(session: Session) -> list[Reach]:
        place = session.login.place
        wanted = targets[place]
        if place not in pythons or not wanted:
            return [Reach(source=place, target=target, how="unknown") for target in wanted]
        try:
            answer = await session.run(dial_command(pythons[place], wanted))
        except FedwardenError:
            return [Reach(source=place, target=target, how="unknown") for target in wanted]
        return parse(place, wanted, answer.text)

    async def together(sessions: Mapping[str, Session]) -> list[Reach]:
        async with contextlib.AsyncExitStack() as stack:
            holds = [sessions[place].hold(command) for place, command in listening.items()]
            await asyncio.gather(*(_enter(stack, hold) for hold in holds))
            rows = await asyncio.gather(*(dial(session) for session in sessions.values()))
        return [one for row in rows for one in row]

    return fleet.gather(together)


async def _enter(stack: contextlib.AsyncExitStack, hold: contextlib.AbstractAsyncContextManager[str]) -> None:
    with contextlib.suppress(FedwardenError):  # nobody listens there then, which the others will see
        await stack.enter_async_context(hold)


def parse(source: str, wanted: Sequence[str], text: str) -> list[Reach]:
    """What probe_dial.py printed, in the order of ``wanted``; what it did not print is ``unknown``."""
    told: dict[str, Reach] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in ("ok", "refused", "silent", "unreachable"):
            how: How = words[1]  # type: ignore[assignment]
            told[words[0]] = Reach(source=source, target=words[0], how=how, milliseconds=float(words[2]))
    return [told.get(target) or Reach(source=source, target=target, how="unknown") for target in wanted]
