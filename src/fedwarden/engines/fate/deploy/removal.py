"""Clusters taken down again: containers, network, firewall rules, releases; data only on demand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import msgspec

from fedwarden.engines.fate.deploy import commands
from fedwarden.engines.fate.deploy.facts import gather
from fedwarden.engines.fate.deploy.locks import locked
from fedwarden.engines.fate.deploy.plan import Cluster, Plan
from fedwarden.remote.local import Host


class Left(msgspec.Struct, frozen=True):
    """A folder with data that was kept, and its size in bytes."""

    party: int
    host: str
    folder: str
    size: int


async def remove(hosts: Mapping[str, Host], plan: Plan, owner: str, *, purge: bool) -> list[Left]:
    """What was kept, party by party. Every host is gone through; then the first failure is raised. Repeatable. A folder
    that another deployment owns is left alone."""

    async def one(cluster: Cluster) -> list[Left]:
        host = hosts[cluster.place]
        facts = await gather(host, plan, cluster)
        if facts.owner == owner:
            await host.run(commands.down(cluster, facts.compose or "v1"))
        elif facts.owner or not purge:
            return []
        if purge:
            await host.run(commands.purge(plan, cluster))
            return []
        await host.run(commands.forget(cluster))
        left = []
        for line in (await host.run(commands.kept(cluster))).text.splitlines():
            name, _, rest = line.partition(" ")
            size, _, folder = rest.partition(" ")
            if name == "kept" and size.isdigit():
                left.append(Left(cluster.party, cluster.shown, folder, int(size) * 1024))
        return left

    async with contextlib.AsyncExitStack() as locks:
        await locked(plan, hosts, locks)
        answers = await asyncio.gather(*(one(it) for it in plan.clusters), return_exceptions=True)
    kept: list[Left] = []
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        kept += answer
    return kept
