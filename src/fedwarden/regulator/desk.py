"""What every function of the regulator works with: its folder, store, authority, engine, and the notices it gives."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fedwarden
from fedwarden.common.api import AgentInfo, Notice
from fedwarden.common.errors import DeployError, IdentityError, JobError, UsageError
from fedwarden.common.files import locked
from fedwarden.common.release import release
from fedwarden.engines.base import Engine, Member, Site
from fedwarden.engines.native.engine import NativeEngine
from fedwarden.identity.authority import CertificateAuthority
from fedwarden.identity.contexts import Credentials, client_context
from fedwarden.regulator.host_recap import HostRecap
from fedwarden.regulator.places import Places
from fedwarden.regulator.store import Store, audit
from fedwarden.regulator.tables import DeploymentRow
from fedwarden.remote.access import Access

if TYPE_CHECKING:
    from fedwarden.engines.native.remote_agents import RemoteAgents

ENGINES = ("native", "fate")
LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Habits:
    """What happens at every desk at certain moments, done by parts of the program that themselves work at a desk."""

    begin_change: Callable[[Desk], None]  # the lock is held, nothing is changed yet
    ports_moved: Callable[[Desk], None]
    watch_retries: Callable[[Desk], None]


class Desk:
    """One command's view of a regulator's home, opened by ``opening.open_desk``. ``notices`` gathers what a person
    should know."""

    def __init__(self, home: Path | None, habits: Habits) -> None:
        self.places = Places(home)
        self._habits = habits
        self.notices: list[Notice] = []
        self.recap: list[HostRecap] = []  # of the last deploy or delete
        self.access = Access()  # what hosts over SSH are logged into with; a command puts its own here
        self.wishes: dict[str, Any] = {}  # what deploy is asked beyond ids and addresses, for the engine to understand
        self.images = ""  # an archive of images that deploy brings along
        self.purge = False  # delete destroys data too
        self.progress: Callable[[Notice], None] = lambda _: None  # where a person is told at once what goes on
        self._store: Store | None = None
        self._engines: dict[str, Engine] = {}

    def note(self, code: str, **params: Any) -> None:
        self.notices.append(Notice(code, params))

    @property
    def store(self) -> Store:
        """Raises DeployError FW-DEP-001 when nothing was ever deployed here, StateError."""
        if self._store is None:
            if not self.places.store.exists():
                raise DeployError("FW-DEP-001")
            self._store = Store(self.places.store)
        return self._store

    @contextlib.contextmanager
    def changing(self, *, create: bool = False) -> Iterator[None]:
        """Holds the lock, after taking back what a command that was killed had begun.

        Raises StateError FW-STATE-002 after a minute, DeployError FW-DEP-001 (unless ``create``) or -013.
        """
        if create:
            self.places.make()
        elif not self.places.store.exists():
            raise DeployError("FW-DEP-001")
        with locked(self.places.lock, LOCK_SECONDS):
            if create and self._store is None:
                self._store = Store(self.places.store)
            self._habits.begin_change(self)
            yield

    @property
    def credentials(self) -> Credentials:
        pki = self.places.pki
        return Credentials(pki / "regulator.crt", pki / "regulator.key", pki / "ca.crt")

    def authority(self) -> CertificateAuthority:
        """Loads the authority; the first deploy makes it. An unusable certificate of our own is renewed."""
        pki = self.places.pki
        if (pki / "ca.crt").exists():
            authority = CertificateAuthority.load(pki)
        else:
            authority = CertificateAuthority.create(pki)
        try:
            client_context(*self.credentials)
        except IdentityError:
            authority.issue_regulator()
        return authority

    def engine(self, name: str = "native") -> Engine:
        """One of each kind per command. Raises UsageError FW-USE-017 when there is no such engine."""
        if name not in ENGINES:
            raise UsageError("FW-USE-017", found=name[:40], known=list(ENGINES))
        if name not in self._engines:
            self._engines[name] = self._fate() if name == "fate" else self._native()
        return self._engines[name]

    def _native(self) -> Engine:
        return NativeEngine(self.authority, self.credentials, self._remote_agents)

    def _fate(self) -> Engine:
        from fedwarden.engines.fate.engine import FateEngine  # imported only where it is used

        engine = FateEngine(self.places.home, lambda: self.access, self.note)
        engine.say = lambda code, **params: self.progress(Notice(code, params))
        engine.images, engine.purge = self.images, self.purge
        return engine

    def _remote_agents(self) -> RemoteAgents:
        from fedwarden.engines.native.remote_agents import RemoteAgents  # SSH is imported only where it is used

        return RemoteAgents(self.places.home, self.authority, self.access, self.note)

    def wake(self, site: Site, engine: Engine) -> Site:
        """Starts dead agents again and says so; the site with the ports it has now. Call with the lock held."""
        woken, started = engine.wake(site)
        if started:
            self.note("FW-NOTE-001", parties=started)
        if woken != site:
            self._moved(site, woken)
        return woken

    def compare_releases(self, site: Site, engine: Engine) -> None:
        """Says which agents run other code than this regulator; those of another version cannot work together.

        Raises JobError FW-JOB-440 naming them. An agent that does not answer is told of by whoever needs it.
        """
        if not engine.own_code:
            return
        infos = {party: info for party, info in engine.look(site).items() if isinstance(info, AgentInfo)}
        others = {party: info.version for party, info in infos.items() if info.version != fedwarden.__version__}
        if others:
            told = [f"{party}: {version}" for party, version in sorted(others.items())]
            raise JobError("FW-JOB-440", parties=told, own=fedwarden.__version__)
        behind = {party: info.release for party, info in infos.items() if info.release != release()}
        if behind:
            self.note("FW-NOTE-441", parties=sorted(behind), found=sorted(set(behind.values())), own=release())

    def watch_retries(self, options: dict[str, Any]) -> None:
        """Leaves a process behind that lets a job with ``retries`` go on when it fails."""
        if int(options.get("retries", 0)):
            self._habits.watch_retries(self)

    def _moved(self, before: Site, after: Site) -> None:
        with self.store.begin() as session:
            row = session.get_one(DeploymentRow, after.deployment)
            for party in [one for one in row.parties if not one.details.get("left")]:
                member = after.member(party.party)
                party.control_port, party.data_port = member.control_port, member.data_port
                party.serving_port, party.details = member.serving_port, member.details
            moved = [member.party for member in after.members if member != before.member(member.party)]
            audit(session, "ports changed", row.id, parties=moved)
        self.note("FW-NOTE-007", parties=moved)
        self._habits.ports_moved(self)

    def close(self) -> None:
        for engine in self._engines.values():
            engine.close()
        self._engines.clear()
        if self._store is not None:
            self._store.close()
            self._store = None

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def site_of(row: DeploymentRow) -> Site:
    members = [
        Member(
            party=party.party,
            host=party.ip,
            home=party.home,
            control_port=party.control_port,
            data_port=party.data_port,
            serving_port=party.serving_port,
            fingerprint=party.fingerprint,
            details=party.details,
        )
        for party in row.parties
        if not party.details.get("left")  # who left by its own hand is on record and nothing else
    ]
    return Site(deployment=row.id, members=members, plan=row.plan)


def addresses(row: DeploymentRow, *, joined: bool = True) -> dict[int, str]:
    """Party id → address, without the arbiter and those who left; ``joined``: with those who came by their own hand."""
    there = [it for it in row.parties if it.party and not it.details.get("left")]
    return {it.party: it.ip for it in there if joined or not it.home.startswith("joined://")}


def shown(row: DeploymentRow) -> str:
    """``1=127.0.0.1 2=127.0.0.1``: a deployment as people know it."""
    return " ".join(f"{party}={ip}" for party, ip in addresses(row).items())
