"""One deployment from plan to verified clusters on every host, or back to how it was."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from fedwarden.common.errors import DeployError, FedwardenError
from fedwarden.engines.fate.deploy import commands, images, preflight, render
from fedwarden.engines.fate.deploy.facts import Facts, gather
from fedwarden.engines.fate.deploy.plan import Cluster, Plan
from fedwarden.engines.fate.deploy.verify import Watch, all_running, containers
from fedwarden.remote.local import HERE, Host

T = TypeVar("T")
Hosts = Mapping[str, Host]
Say = Callable[..., None]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """``changed``: parties where something was started. ``releases`` and ``images`` (name → id) are by party."""

    changed: list[int]
    releases: dict[int, str]
    folders: dict[int, str]
    images: dict[int, dict[str, str]]


class Rollout:
    """``check`` runs when all clusters are up and before any of them is called good: jobs between the parties.

    ``say`` tells a person what goes on; ``note`` gathers what is to be told in the end.
    """

    def __init__(
        self,
        plan: Plan,
        say: Say,
        note: Say,
        *,
        archive: Path | None = None,
        needs: preflight.Needs | None = None,
        check: Callable[[], None] | None = None,
    ) -> None:
        self.plan = plan
        self._say, self._note = say, note
        self._archive, self._check = archive, check
        self._needs = needs or preflight.Needs()
        self._touched: set[int] = set()
        self._facts: dict[int, Facts] = {}

    async def run(self, hosts: Hosts) -> Outcome:
        """Raises DeployError FW-DEP-653 … -672, or RemoteError. After a failure only what was there before this run
        runs; data stays."""
        async with contextlib.AsyncExitStack() as locks:
            await self._lock(hosts, locks)
            await self._look(hosts)
            await self._images(hosts)
            releases = {it.party: render.digest(render.files(self.plan, it.party)) for it in self.plan.clusters}
            changed = await self._outdated(hosts, releases)
            try:
                await self._start(hosts, releases, changed)
                await self._verify(hosts, changed)
                await self._each(lambda it: self._settle(hosts, it, releases), changed)
            except BaseException:
                await asyncio.shield(self._roll_back(hosts, releases))
                raise
        facts = self._facts
        wanted = set(self.plan.images())
        found = {party: {k: v for k, v in it.images.items() if k in wanted} for party, it in facts.items()}
        for name in images.apart(found):
            self._note("FW-NOTE-654", image=name)
        return Outcome(
            changed=sorted(it.party for it in changed),
            releases=releases,
            folders={party: it.folder for party, it in facts.items()},
            images=found,
        )

    def _shown(self, cluster: Cluster) -> str:
        return cluster.place.rpartition("@")[2] or "this machine"

    async def _each(self, work: Callable[[Cluster], Awaitable[T]], some: list[Cluster] | None = None) -> list[T]:
        """``work`` for all clusters at once; when all have ended, the first failure in the order of parties."""
        chosen = self.plan.clusters if some is None else some
        answers = await asyncio.gather(*(work(it) for it in chosen), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if not isinstance(answer, BaseException)]

    async def _lock(self, hosts: Hosts, stack: contextlib.AsyncExitStack) -> None:
        who = f"{os.environ.get('USER') or os.getuid()}@{socket.gethostname()} process {os.getpid()}"
        for place in sorted({it.place for it in self.plan.clusters}):
            cluster = next(it for it in self.plan.clusters if it.place == place)
            line = await stack.enter_async_context(hosts[place].hold(commands.lock(cluster, who)))
            if line != "locked":
                raise DeployError("FW-DEP-672", host=self._shown(cluster), who=line.removeprefix("busy").strip() or "?")

    async def _look(self, hosts: Hosts) -> None:
        async def one(cluster: Cluster) -> None:
            shown = self._shown(cluster)
            self._say("FW-SAY-650", party=cluster.party, host=shown)
            facts = await gather(hosts[cluster.place], self.plan, cluster)
            warnings = preflight.judge(self.plan, cluster, facts, self._needs, shown)
            self._facts[cluster.party] = facts
            for warning in warnings:
                self._note(warning.code, **warning.params)

        await self._each(one)

    async def _images(self, hosts: Hosts) -> None:
        """Once for every host, whatever number of parties it carries."""
        first = {it.place: it for it in reversed(self.plan.clusters)}

        async def one(cluster: Cluster) -> None:
            facts, shown = self._facts[cluster.party], self._shown(cluster)
            host = hosts[cluster.place]
            full = await images.provide(host, self.plan, cluster, facts, self._archive, shown, self._say)
            for other in self.plan.clusters:
                if other.place == cluster.place:
                    self._facts[other.party].images = full.images

        await self._each(one, list(first.values()))

    async def _outdated(self, hosts: Hosts, releases: dict[int, str]) -> list[Cluster]:
        """Clusters whose release is another one, or of which a container is gone."""

        async def one(cluster: Cluster) -> bool:
            if self._facts[cluster.party].current != releases[cluster.party]:
                return True
            return not all_running(self.plan, await containers(hosts[cluster.place], cluster))

        flags = await self._each(one)
        return [cluster for cluster, flag in zip(self.plan.clusters, flags, strict=True) if flag]

    async def _start(self, hosts: Hosts, releases: dict[int, str], changed: list[Cluster]) -> None:
        async def one(cluster: Cluster) -> None:
            host, facts, release = hosts[cluster.place], self._facts[cluster.party], releases[cluster.party]
            shown = self._shown(cluster)
            prepared = await host.run(commands.prepare(cluster), check=False)
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

    async def _verify(self, hosts: Hosts, changed: list[Cluster]) -> None:
        watches = {it.party: Watch(hosts[it.place], self.plan, it, self._shown(it)) for it in self.plan.clusters}

        async def healthy(cluster: Cluster) -> None:
            if cluster in changed:
                seconds = self.plan.start_seconds
                self._say("FW-SAY-655", party=cluster.party, host=self._shown(cluster), seconds=seconds)
            await watches[cluster.party].healthy()

        await self._each(healthy)
        await self._each(lambda it: watches[it.party].reaches())
        await self._each(lambda it: watches[it.party].predicts())
        self._say("FW-SAY-656")
        if changed and self._check is not None:
            await asyncio.to_thread(self._check)

    async def _settle(self, hosts: Hosts, cluster: Cluster, releases: dict[int, str]) -> None:
        facts = self._facts[cluster.party]
        unit = facts.systemd and facts.firewall
        await hosts[cluster.place].run(commands.settle(cluster, releases[cluster.party], unit=unit))

    async def _roll_back(self, hosts: Hosts, releases: dict[int, str]) -> None:
        async def one(cluster: Cluster) -> None:
            host, facts = hosts[cluster.place], self._facts[cluster.party]
            before, now = facts.current, releases[cluster.party]
            if before == now:
                return  # it ran this release already: what was mended stays mended
            shown = self._shown(cluster)
            self._say("FW-SAY-657", party=cluster.party, host=shown)
            try:
                if before:
                    await host.run(commands.up(cluster, before, facts.compose, firewall=facts.firewall))
                else:
                    await host.run(commands.down(cluster, facts.compose))
                await host.run(commands.discard(cluster, now))
            except FedwardenError as error:
                self._note("FW-NOTE-653", party=cluster.party, host=shown, why=error.message())

        touched = [it for it in self.plan.clusters if it.party in self._touched]
        await self._each(one, touched)


def with_here(hosts: Mapping[str, Host]) -> dict[str, Host]:
    """The sessions of a fleet, and this machine."""
    from fedwarden.remote.local import LocalSession

    return {**hosts, HERE: LocalSession()}
