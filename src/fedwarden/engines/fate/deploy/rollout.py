"""One deployment from plan to verified clusters on every host, or back to how it was."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from fedwarden.common.errors import DeployError, FedwardenError
from fedwarden.engines.fate.deploy import commands, images, preflight, render
from fedwarden.engines.fate.deploy.facts import Facts, gather
from fedwarden.engines.fate.deploy.locks import locked
from fedwarden.engines.fate.deploy.plan import Cluster, Plan, resolved
from fedwarden.engines.fate.deploy.verify import Watch, all_running, containers
from fedwarden.remote.local import Host

T = TypeVar("T")
Hosts = Mapping[str, Host]
Say = Callable[..., None]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """``plan`` with networks and addresses. ``changed``: parties where something was started. ``releases`` and
    ``images`` (name → id) are by party."""

    plan: Plan
    changed: list[int]
    releases: dict[int, str]
    folders: dict[int, str]
    images: dict[int, dict[str, str]]


class Rollout:
    """``check`` runs when all clusters are up and before any of them is called good: jobs between the parties.

    ``say`` tells a person what goes on; ``note`` gathers what is to be told in the end. ``owner`` is this deployment of
    this regulator; what belongs to another one is not touched.
    """

    def __init__(
        self,
        plan: Plan,
        owner: str,
        say: Say,
        note: Say,
        *,
        archive: Path | None = None,
        needs: preflight.Needs | None = None,
        check: Callable[[Outcome], None] | None = None,
    ) -> None:
        self.plan = plan
        self.begun = False  # whether anything was changed on any host
        self.clean = False  # after a failure: whether no host has anything of a cluster that was not there before
        self._owner = owner
        self._say, self._note = say, note
        self._archive, self._check = archive, check
        self._needs = needs or preflight.Needs()
        self._touched: set[int] = set()
        self._facts: dict[int, Facts] = {}

    async def run(self, hosts: Hosts) -> Outcome:
        """Raises DeployError FW-DEP-653 … -672, or RemoteError. After a failure only what was there before this run
        runs; data stays."""
        async with contextlib.AsyncExitStack() as locks:
            await locked(self.plan, hosts, locks)
            await self._look(hosts)
            await self._images(hosts)
            releases = {it.party: render.digest(render.files(self.plan, it.party)) for it in self.plan.clusters}
            changed = await self._outdated(hosts, releases)
            outcome = self._outcome(changed, releases)
            try:
                await self._start(hosts, releases, changed)
                await self._verify(hosts, outcome)
                await self._each(lambda it: self._settle(hosts, it, releases), changed)
            except BaseException:
                await asyncio.shield(self._roll_back(hosts, releases))
                raise
        return outcome

    def _outcome(self, changed: list[Cluster], releases: dict[int, str]) -> Outcome:
        wanted = set(self.plan.images())
        found = {it: {k: v for k, v in facts.images.items() if k in wanted} for it, facts in self._facts.items()}
        for name in images.apart(found):
            self._note("FW-NOTE-654", image=name)
        return Outcome(
            plan=self.plan,
            changed=sorted(it.party for it in changed),
            releases=releases,
            folders={party: it.folder for party, it in self._facts.items()},
            images=found,
        )

    async def _each(self, work: Callable[[Cluster], Awaitable[T]], some: list[Cluster] | None = None) -> list[T]:
        """``work`` for all clusters at once; when all have ended, the first failure in the order of parties."""
        chosen = self.plan.clusters if some is None else some
        answers = await asyncio.gather(*(work(it) for it in chosen), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if not isinstance(answer, BaseException)]

    async def _look(self, hosts: Hosts) -> None:
        async def one(cluster: Cluster) -> None:
            self._say("FW-SAY-650", party=cluster.party, host=cluster.shown)
            self._facts[cluster.party] = await gather(hosts[cluster.place], self.plan, cluster)

        await self._each(one)
        facts = self._facts
        taken = {it.party: facts[it.party].taken(it) for it in self.plan.clusters}
        self.plan = resolved(self.plan, taken, {party: it.addresses for party, it in facts.items()})
        for cluster in self.plan.clusters:
            found = facts[cluster.party]
            for warning in preflight.judge(self.plan, cluster, found, self._needs, cluster.shown, self._owner):
                self._note(warning.code, **warning.params)

    async def _images(self, hosts: Hosts) -> None:
        """Once for every host, whatever number of parties it carries."""
        first = {it.place: it for it in reversed(self.plan.clusters)}

        async def one(cluster: Cluster) -> None:
            facts, shown = self._facts[cluster.party], cluster.shown
            host = hosts[cluster.place]
            full = await images.provide(host, self.plan, cluster, facts, self._archive, shown, self._say)
            for other in self.plan.clusters:
                if other.place == cluster.place:
                    self._facts[other.party].images = full.images

        await self._each(one, list(first.values()))

    async def _outdated(self, hosts: Hosts, releases: dict[int, str]) -> list[Cluster]:
        """Clusters whose release is another one, or of which a container is gone."""

        async def one(cluster: Cluster) -> bool:
            facts = self._facts[cluster.party]
            if facts.current != releases[cluster.party] or (facts.firewall and not facts.rules):
                return True
            return not all_running(self.plan, await containers(hosts[cluster.place], cluster))

        flags = await self._each(one)
        return [cluster for cluster, flag in zip(self.plan.clusters, flags, strict=True) if flag]

    async def _start(self, hosts: Hosts, releases: dict[int, str], changed: list[Cluster]) -> None:
        async def one(cluster: Cluster) -> None:
            host, facts, release = hosts[cluster.place], self._facts[cluster.party], releases[cluster.party]
            shown = cluster.shown
            self.begun = True
            prepared = await host.run(commands.prepare(cluster, self._owner), check=False)
            if prepared.status == 71:
                raise DeployError("FW-DEP-657", host=shown, folder=facts.folder, party=cluster.party)
            if prepared.status:
                raise DeployError("FW-DEP-664", party=cluster.party, host=shown, why=prepared.last_words or "-")
            self._touched.add(cluster.party)
            await host.run(commands.unpack(cluster, release, render.archive(render.files(self.plan, cluster.party))))
            self._say("FW-SAY-654", party=cluster.party, host=shown)
            walled = facts.firewall
            started = await host.run(commands.up(cluster, release, facts.compose, firewall=walled), check=False)
            if started.status:
                why = started.last_words or f"exit {started.status}"
                raise DeployError("FW-DEP-664", party=cluster.party, host=shown, why=why)

        await self._each(one, changed)

    async def _verify(self, hosts: Hosts, outcome: Outcome) -> None:
        watches = {
            it.party: Watch(hosts[it.place], self.plan, it, fresh=it.party in outcome.changed)
            for it in self.plan.clusters
        }

        async def healthy(cluster: Cluster) -> None:
            if cluster.party in outcome.changed:
                seconds = self.plan.start_seconds
                self._say("FW-SAY-655", party=cluster.party, host=cluster.shown, seconds=seconds)
            await watches[cluster.party].healthy()

        await self._each(healthy)
        await self._each(lambda it: watches[it.party].reaches())
        await self._each(lambda it: watches[it.party].predicts())
        self._say("FW-SAY-656")
        if outcome.changed and self._check is not None:
            await asyncio.to_thread(self._check, outcome)

    async def _settle(self, hosts: Hosts, cluster: Cluster, releases: dict[int, str]) -> None:
        facts = self._facts[cluster.party]
        unit = facts.systemd and facts.firewall
        await hosts[cluster.place].run(commands.settle(cluster, releases[cluster.party], unit=unit))

    async def _roll_back(self, hosts: Hosts, releases: dict[int, str]) -> None:
        async def one(cluster: Cluster) -> None:
            host, facts = hosts[cluster.place], self._facts[cluster.party]
            before, now = facts.current, releases[cluster.party]
            if before == now:
                self.clean = False
                return  # it ran this release already: what was mended stays mended
            shown = cluster.shown
            self._say("FW-SAY-657", party=cluster.party, host=shown)
            try:
                if before:
                    await host.run(commands.up(cluster, before, facts.compose, firewall=facts.firewall))
                    await host.run(commands.discard(cluster, now))
                else:
                    await self._take_away(host, cluster)
            except FedwardenError as error:
                self.clean = False
                self._note("FW-NOTE-653", party=cluster.party, host=shown, why=error.message())

        self.clean = True
        touched = [it for it in self.plan.clusters if it.party in self._touched]
        await self._each(one, touched)

    async def _take_away(self, host: Host, cluster: Cluster) -> None:
        """A cluster that was not there before: what this run wrote goes with it; data of an earlier one stays."""
        facts = self._facts[cluster.party]
        await host.run(commands.down(cluster, facts.compose))
        if facts.secrets or facts.database:
            await host.run(commands.forget(cluster))
        else:
            await host.run(commands.purge(self.plan, cluster))
