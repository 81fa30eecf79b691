"""A party's agent: ``python -m fedwarden.party.agent --home H --bind 127.0.0.1 --control-port 9480 …``.

Runs in the foreground (whoever starts it puts it into the background) until SIGTERM or ``POST /v1/shutdown``. One agent
per home; ``agent.json`` is written when all three ports really listen.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog
import uvicorn
from starlette.types import ASGIApp

import fedwarden
from fedwarden.common.api import AgentInfo
from fedwarden.common.errors import DeployError, FedwardenError, IdentityError, StateError, UsageError
from fedwarden.common.files import locked, write_struct
from fedwarden.common.release import release
from fedwarden.common.usual_ports import USUAL
from fedwarden.identity.contexts import server_context
from fedwarden.identity.keys import fingerprint, fingerprint_of_pem, read_key
from fedwarden.identity.names import identity_of
from fedwarden.identity.revocation import read_book
from fedwarden.party import agent_log, ports
from fedwarden.party.audit import AuditLog
from fedwarden.party.control.audit_routes import audit_routes
from fedwarden.party.control.guard import Guard
from fedwarden.party.control.http_peer import PeerProtocol, PlainProtocol
from fedwarden.party.control.membership_routes import membership_routes
from fedwarden.party.control.model_routes import model_routes
from fedwarden.party.control.routes import core_routes, with_openapi
from fedwarden.party.control.web import ApiRoute, build
from fedwarden.party.home import Home
from fedwarden.party.jobs.queue import WORKER, JobBook
from fedwarden.party.membership import renewal
from fedwarden.party.membership.peers import PeerBook
from fedwarden.party.models.publishing import Publishing
from fedwarden.party.policy.rules import PolicyBook
from fedwarden.party.relay.offers import Offers
from fedwarden.party.relay.process import RelayProcess
from fedwarden.party.serving.calls import build as build_serving
from fedwarden.party.serving.door import Door
from fedwarden.party.tables.datasets import DatasetRegistry
from fedwarden.transport.listener import DataListener


class _Server(uvicorn.Server):
    """The agent has two of these and takes the signals itself."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Agent:
    """One party's agent. Raises IdentityError when its certificate is missing or does not fit its key."""

    def __init__(self, root: Path, worker: Sequence[str] = WORKER) -> None:
        self.home = Home(root)
        renewal.settle(self.home)
        self.party, self.fingerprint = _who(self.home)
        self.peers = PeerBook(self.home)
        self.policy = PolicyBook(self.home.policy_yaml)
        self.revoked = read_book(self.home.root)
        self.audit = AuditLog(self.home.audit_jsonl)
        self.datasets = DatasetRegistry(self.home, self.policy)
        self.jobs = JobBook(
            self.home,
            self.party,
            self.fingerprint,
            self.peers,
            self.datasets,
            self.policy,
            self.revoked,
            self.audit,
            worker,
        )
        self.published = Publishing(
            self.home, self.party, self.peers, self.datasets, self.policy, self.revoked, self.audit
        )
        self._offers = Offers(self.home, self.party, self.peers, lambda: (self.info().bind, self.info().control_port))
        self._relay: RelayProcess | None = None
        self._contexts: list[ssl.SSLContext] = []
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._known: AgentInfo | None = None

    def info(self) -> AgentInfo:
        if self._known is None:
            raise RuntimeError("the ports are not open yet")
        from msgspec.structs import replace

        return replace(self._known, busy=self.jobs.busy(), clock=time.time(), revocations=self.revoked.number)

    def run(self, wanted: ports.Wanted) -> None:
        """Until told to stop. Raises DeployError FW-DEP-061 … -064 and StateError."""
        with self._alone(), contextlib.ExitStack() as stack:
            # peers and regulator know the ports of the last run: the same ones or none
            sockets = ports.open_all(wanted, ports.remembered(self.home.agent_json), stack)
            numbers = [sock.getsockname()[1] for sock in sockets]
            self._known = AgentInfo(
                party=self.party,
                version=fedwarden.__version__,
                pid=os.getpid(),
                bind=wanted.bind,
                control_port=numbers[0],
                data_port=numbers[1],
                serving_port=numbers[2],
                relay_port=numbers[3] if wanted.relay else 0,
                fingerprint=self.fingerprint,
                release=release(),
            )
            self.audit.record("agent", "agent started", version=fedwarden.__version__)
            self.jobs.recover()
            if wanted.relay:
                self._relay = RelayProcess(self.home, self.party, sockets[3])
                stack.callback(self._relay.close)
            stack.callback(self._offers.close)
            asyncio.run(self._serve(sockets[0], sockets[1], sockets[2], self._open_door(stack)))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locked(self.home.agent_lock, 1.0))
            except StateError as error:
                if error.code == "FW-STATE-002":
                    raise DeployError("FW-DEP-063", home=str(self.home.root), pid=error.params["pid"]) from None
                raise
            yield

    async def _serve(
        self, control: socket.socket, data: socket.socket, serving: socket.socket, door: socket.socket | None = None
    ) -> None:
        loop = self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._tell_policy)
        log = structlog.get_logger()
        self._tell_policy()
        routes = core_routes(self.info, self.peers, self.datasets, self.jobs, self.shut_down)
        routes += [*model_routes(self.published), *self.membership(), *audit_routes(self.audit, self.home.agent_log)]
        api = Guard(build(with_openapi(routes), self.audit), self.revoked, self.audit)
        servers = [
            _Server(_config(api, PeerProtocol)),
            _Server(_config(build_serving(self.published.serving), PlainProtocol)),
        ]
        servers[0].config.ssl = self._context()
        served = [control, serving]
        if door is not None:
            keeper = Door(self.policy, self.home.tokens_json, self.revoked, self._key_of)
            servers.append(_Server(_config(build_serving(self.published.serving, keeper), PeerProtocol)))
            servers[-1].config.ssl = self._door_context()
            served.append(door)
        tasks = [asyncio.create_task(server.serve([sock])) for server, sock in zip(servers, served, strict=True)]
        self.published.warm()
        self._offers.start()
        with DataListener(data, self.jobs.route):
            while not all(server.started for server in servers):
                if any(task.done() for task in tasks):
                    break
                await asyncio.sleep(0.01)
            write_struct(self.home.agent_json, self.info())
            log.info("listening", **{name: getattr(self.info(), name) for name in ("party", "bind", "control_port")})
            await self._stop.wait()
            log.info("stopping")
            await asyncio.to_thread(self.jobs.close, {"code": "FW-JOB-069", "params": {"party": self.party}})
            for server in servers:
                server.should_exit = True
            await asyncio.gather(*tasks)
        self.published.close()
        self.audit.record("agent", "agent stopped")
        self.audit.close()
        log.info("stopped")

    def _context(self) -> ssl.SSLContext:
        """For a port of this agent; a new key goes into all of them."""
        self._contexts.append(server_context(self.home.cert, self.home.key, self.home.ca))
        return self._contexts[-1]

    def _open_door(self, stack: contextlib.ExitStack) -> socket.socket | None:
        """The socket of the serving port's door, where the policy wants one; a broken policy opens none."""
        try:
            listen = self.policy.now().serving.listen
        except StateError:
            return None
        host, _, port = (listen or "").rpartition(":")
        return stack.enter_context(contextlib.closing(ports.listen(host, int(port), search=False))) if host else None

    def _door_context(self) -> ssl.SSLContext:
        """The policy's certificate, or this agent's; a caller's certificate is looked at where one is shown."""
        rules = self.policy.now().serving
        if rules.certificate is None or rules.key is None:
            context = self._context()
        else:
            context = server_context(Path(rules.certificate), Path(rules.key), self.home.ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _key_of(self, party: int) -> str | None:
        """The fingerprint of this agent's own key, or of a peer's that is pinned here."""
        peer = self.peers.get(party)
        return self.fingerprint if party == self.party else peer.fingerprint if peer is not None else None

    def membership(self) -> list[ApiRoute]:
        return membership_routes(
            self.revoked, self.peers, self.jobs, lambda: renewal.begin(self.home, self.party), self.take_key
        )

    def take_key(self, certificate: bytes) -> AgentInfo:
        """Every connection from now on shows the new key. Raises JobError FW-JOB-523, IdentityError FW-ID-524."""
        from msgspec.structs import replace

        with self.jobs.quiet():
            renewal.finish(self.home, self.party, certificate)
            self.party, self.fingerprint = _who(self.home)
            for context in self._contexts:
                context.load_cert_chain(str(self.home.cert), str(self.home.key), password="")
            self.published.hosts.renew()
            if self._relay is not None:
                self._relay.restart()
            self.jobs.use_key(self.fingerprint)
            self._known = replace(self.info(), fingerprint=self.fingerprint, busy=[])
            write_struct(self.home.agent_json, self.info())
        structlog.get_logger().info("new key", fingerprint=self.fingerprint)
        return self.info()

    def _tell_policy(self) -> None:
        """Into the log: the policy in force, or why nothing is allowed."""
        try:
            structlog.get_logger().info("policy", rules=self.policy.now().model_dump(exclude_defaults=True))
        except StateError as error:
            structlog.get_logger().error("policy", **error.to_dict())

    def shut_down(self) -> AgentInfo:
        """From any thread: ends running jobs as failed, then lets ``run`` return."""
        last = self.info()
        self.jobs.close({"code": "FW-JOB-069", "params": {"party": self.party}})
        if self._loop is not None:
            # a moment later, so that the answer to whoever asked is on its way
            threading.Timer(0.1, self._loop.call_soon_threadsafe, [self._stop.set]).start()
        return last


def _config(app: ASGIApp, protocol: type[PeerProtocol] | type[PlainProtocol]) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=256,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=64 << 10,
    )
    config.load()
    return config


def _who(home: Home) -> tuple[int, str]:
    """This agent's party id and fingerprint: from its certificate, which must be its key's."""
    try:
        pem = home.cert.read_bytes()
    except OSError as error:
        raise IdentityError("FW-ID-001", path=str(home.cert), why=error.strerror or type(error).__name__) from None
    try:
        identity = identity_of(ssl.PEM_cert_to_DER_cert(pem.decode("ascii")))
    except ValueError:
        raise IdentityError("FW-ID-004", path=str(home.cert)) from None
    own = fingerprint(read_key(home.key))
    if identity.party is None or fingerprint_of_pem(pem) != own:
        raise IdentityError("FW-ID-004", path=str(home.cert))
    return identity.party, own


def _address(option: str, text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise UsageError("FW-USE-062", what=option, found=text[:40]) from None


def main(arguments: Sequence[str] | None = None, worker: Sequence[str] = WORKER) -> int:
    parser = argparse.ArgumentParser(prog="python -m fedwarden.party.agent")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--data-bind", help="another address for the data port (and the relay's)")
    parser.add_argument("--control-port", type=int, default=USUAL["control"])
    parser.add_argument("--data-port", type=int, default=USUAL["data"])
    parser.add_argument("--serving-port", type=int, default=USUAL["serving"])
    parser.add_argument("--relay-port", type=int, default=0, help="run a relay there (the arbiter's agent only)")
    parser.add_argument("--any-port", action="store_true", help="take the next free port where one is taken")
    words = parser.parse_args(arguments)
    os.umask(0o077)
    try:
        bind = _address("--bind", words.bind)
        wanted = ports.Wanted(
            bind=bind,
            data_bind=_address("--data-bind", words.data_bind or bind),
            control=words.control_port,
            data=words.data_port,
            serving=words.serving_port,
            relay=words.relay_port,
            search=words.any_port,
        )
        if not words.home.is_dir():
            raise DeployError("FW-DEP-064", home=str(words.home))
        close_log = agent_log.configure(words.home / "agent.log")
        try:
            Agent(words.home, worker).run(wanted)
        except FedwardenError as error:
            structlog.get_logger().error("ended", **error.to_dict())
            raise
        finally:
            close_log()
    except FedwardenError as error:
        print(f"error: {error.message()} {error.fix()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
