"""Who reaches whom: TCP, and TLS on it, tried from every host to every other host's ports, with real listeners."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fedwarden.common.errors import FedwardenError
from fedwarden.remote import scripts
from fedwarden.remote.command import Command
from fedwarden.remote.facts import Facts
from fedwarden.remote.fleet import Fleet
from fedwarden.remote.session import Session

DIAL_SECONDS = 3.0
#: The source of what this machine itself tried.
HERE = "regulator"

How = Literal["ok", "no-tls", "refused", "silent", "unreachable", "unknown"]


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """One direction: ``source`` is a host's place, ``target`` the ``host:port`` that it tried. ``no-tls``: TCP gets
    through and TLS does not, as with a filter that looks into connections."""

    source: str
    target: str
    how: How
    milliseconds: float | None = None


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """This machine in the matrix: it dials every host; ``ports`` at ``address`` are those that the hosts dial."""

    address: str = ""
    ports: Sequence[int] = ()


def listen_command(python: str, ports: Sequence[int], pem: bytes) -> Command:
    words = (python, "-c", scripts.text("probe_listen.py"), *map(str, ports))
    return Command("listen for the other hosts", words, stdin=pem + b".\n", seconds=60)


def dial_command(python: str, targets: Sequence[str]) -> Command:
    words = (python, "-c", scripts.text("probe_dial.py"), f"{DIAL_SECONDS:g}", *targets)
    return Command("try the other hosts' ports", words, seconds=DIAL_SECONDS * 2 + 12)


def throwaway_certificate() -> bytes:
    """A certificate and its key (PEM) for listeners that live for seconds; nobody trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "fedwarden probe")])
    today = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(today - datetime.timedelta(days=1))
    made = builder.not_valid_after(today + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return made.public_bytes(serialization.Encoding.PEM) + secret


def matrix(
    fleet: Fleet, facts: Mapping[str, Facts], ports: Mapping[str, Sequence[int]], own: Own | None = None
) -> list[Reach]:
    """Every ordered pair of hosts × ports, and with ``own`` this machine's rows and columns too. A port that is held
    already is tried as it is, by TCP alone; a host without Python neither listens nor tries: its directions are
    ``unknown``."""
    pythons = {place: found.pythons[0].path for place, found in facts.items() if found.pythons}
    pem = throwaway_certificate()
    listening = {
        place: listen_command(python, ports[place], pem) for place, python in pythons.items() if ports.get(place)
    }
    offered = {place: [f"{fleet.logins[place].host}:{port}" for port in wanted] for place, wanted in ports.items()}
    if own is not None and own.ports:
        offered[HERE] = [f"{own.address}:{port}" for port in own.ports]

    async def together(sessions: Mapping[str, Session]) -> list[Reach]:
        async with contextlib.AsyncExitStack() as stack:
            holds = {place: sessions[place].hold(command) for place, command in listening.items()}
            if HERE in offered and own is not None:
                holds[HERE] = _hold_here(listen_command(sys.executable, own.ports, pem))
            lines = await asyncio.gather(*(_enter(stack, hold) for hold in holds.values()))
            held = _held(dict(zip(holds, lines, strict=True)), offered)

            def wanted(source: str) -> list[str]:
                others = [target for place, targets in offered.items() if place != source for target in targets]
                return [f"{target}=tcp" if target in held else target for target in others]

            async def dial(session: Session) -> list[Reach]:
                place = session.login.place
                return await _dialled(place, wanted(place), pythons.get(place), session)

            rows = [dial(session) for session in sessions.values()]
            if own is not None:
                rows.append(_dialled(HERE, wanted(HERE), sys.executable, None))
            return [one for row in await asyncio.gather(*rows) for one in row]

    return fleet.gather(together)


def _held(lines: Mapping[str, str], offered: Mapping[str, Sequence[str]]) -> set[str]:
    """The targets whose port something else holds, as the listeners said."""
    out = set()
    for place, line in lines.items():
        taken = {word.partition("=")[0] for word in line.split() if word.endswith("=held")}
        out |= {target for target in offered[place] if target.rpartition(":")[2] in taken}
    return out


async def _dialled(source: str, wanted: Sequence[str], python: str | None, session: Session | None) -> list[Reach]:
    text = ""
    if python is not None and wanted:
        command = dial_command(python, wanted)
        with contextlib.suppress(FedwardenError, subprocess.SubprocessError):
            if session is not None:
                text = (await session.run(command)).text
            else:
                text = await asyncio.to_thread(_run_here, command)
    return parse(source, [word.partition("=")[0] for word in wanted], text)


def _run_here(command: Command) -> str:
    quiet = subprocess.DEVNULL
    done = subprocess.run(command.argv, stdin=quiet, stdout=subprocess.PIPE, timeout=command.seconds, check=False)
    return done.stdout.decode("utf-8", "replace")


@contextlib.asynccontextmanager
async def _hold_here(command: Command) -> AsyncGenerator[str]:
    """As ``Session.hold``, on this machine."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command.argv, stdin=pipe, stdout=pipe)
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(command.stdin)
        yield (await process.stdout.readline()).decode()
    finally:
        process.stdin.close()
        await process.wait()


async def _enter(stack: contextlib.AsyncExitStack, hold: contextlib.AbstractAsyncContextManager[str]) -> str:
    with contextlib.suppress(FedwardenError):  # nobody listens there then, which the others will see
        return await stack.enter_async_context(hold)
    return ""


def parse(source: str, wanted: Sequence[str], text: str) -> list[Reach]:
    """What probe_dial.py printed, in the order of ``wanted``; what it did not print is ``unknown``."""
    told: dict[str, Reach] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in ("ok", "no-tls", "refused", "silent", "unreachable"):
            how: How = words[1]  # type: ignore[assignment]
            told[words[0]] = Reach(source=source, target=words[0], how=how, milliseconds=float(words[2]))
    return [told.get(target) or Reach(source=source, target=target, how="unknown") for target in wanted]
