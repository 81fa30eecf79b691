"""One command at a time works on the clusters of a host, whoever gives it from wherever."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

from fedwarden.common.errors import DeployError
from fedwarden.engines.fate.deploy import commands
from fedwarden.engines.fate.deploy.plan import Plan
from fedwarden.remote.local import Host


async def locked(plan: Plan, hosts: Mapping[str, Host], stack: contextlib.AsyncExitStack) -> None:
    """Holds the lock of every host of the plan until ``stack`` ends, or until this process or its connection does.

    Raises DeployError FW-DEP-672 naming who holds one.
    """
    who = f"{os.environ.get('USER') or os.getuid()}@{socket.gethostname()} process {os.getpid()}"
    # always in the same order, so that two commands never wait for each other
    for place in sorted({it.place for it in plan.clusters}):
        cluster = next(it for it in plan.clusters if it.place == place)
        line = await stack.enter_async_context(hosts[place].hold(commands.lock(cluster, who)))
        if line != "locked":
            raise DeployError("FW-DEP-672", host=cluster.shown, who=line.removeprefix("busy").strip() or "?")
