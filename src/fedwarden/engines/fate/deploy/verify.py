"""Whether a cluster works, seen from its own host and from the others' containers: Docker's word is not enough."""

from __future__ import annotations

import asyncio
import json
import time

import msgspec

from fedwarden.common.errors import DeployError
from fedwarden.engines.fate.deploy import commands
from fedwarden.engines.fate.deploy.plan import Cluster, Plan
from fedwarden.remote.local import Host

#: Between two looks at a container; one that restarts in a loop has done so once more by then.
STEADY_SECONDS = 4.0
EVERY_SECONDS = 1.0
#: Once it has been up this part of the start's time, a container that keeps restarting is given up.
PATIENCE = 0.25
LOOP = 3
_SERVICE = "fedwarden-deploy-probe"


class Container(msgspec.Struct, frozen=True):
    name: str
    status: str
    restarts: int
    exit_code: int
    service: str


async def containers(host: Host, cluster: Cluster) -> list[Container]:
    found = []
    for line in (await host.run(commands.state(cluster))).text.splitlines():
        words = line.split()
        if len(words) == 7 and words[0] == "container" and words[3].isdigit():
            found.append(Container(words[1].lstrip("/"), words[2], int(words[3]), int(words[4]), words[6]))
    return found


def wanted(plan: Plan) -> set[str]:
    return {it.name for it in plan.version.services if plan.notebook or it.name != "client"}


def all_running(plan: Plan, found: list[Container]) -> bool:
    return {one.service for one in found if one.status == "running"} >= wanted(plan)


class Watch:
    """One cluster from its start until it is found to work, or why not. ``fresh``: its containers were made just now,
    so all their restarts count."""

    def __init__(self, host: Host, plan: Plan, cluster: Cluster, *, fresh: bool) -> None:
        self.host, self.plan, self.cluster, self.shown = host, plan, cluster, cluster.shown
        self._begin = time.monotonic()
        self._fresh = fresh
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}

    @property
    def _spent(self) -> float:
        return time.monotonic() - self._begin

    async def healthy(self) -> None:
        """Waits until FATE-Flow answers and no container restarts any more.

        Raises DeployError FW-DEP-665 (a container restarts again and again), -666 (not up in time), -668 (another
        version).
        """
        waiting = "FATE-Flow"
        before: dict[str, int] = {}
        looked = self._begin
        while True:
            found = await containers(self.host, self.cluster)
            await self._loops(found)
            missing = sorted(wanted(self.plan) - {one.service for one in found if one.status == "running"})
            counts = {one.name: one.restarts for one in found}
            if missing:
                waiting = ", ".join(missing)
            elif not await self._answers():
                waiting = "FATE-Flow"
            elif counts == before and time.monotonic() - looked >= STEADY_SECONDS:
                return
            else:
                waiting = "-"
            if counts != before or missing:
                before, looked = counts, time.monotonic()
            if self._spent > self.plan.start_seconds:
                raise DeployError(
                    "FW-DEP-666",
                    party=self.cluster.party,
                    host=self.shown,
                    seconds=self.plan.start_seconds,
                    waiting=waiting,
                )
            await asyncio.sleep(EVERY_SECONDS)

    async def _loops(self, found: list[Container]) -> None:
        for one in found:
            again = one.restarts - self._first.setdefault(one.name, 0 if self._fresh else one.restarts)
            still = one.status == "restarting" or one.restarts > self._last.get(one.name, one.restarts)
            self._last[one.name] = one.restarts
            if again >= LOOP and still and self._spent > PATIENCE * self.plan.start_seconds:
                said = (await self.host.run(commands.last_words(self.cluster, one.name), check=False)).text.strip()
                raise DeployError(
                    "FW-DEP-665",
                    party=self.cluster.party,
                    host=self.shown,
                    container=one.name,
                    times=again,
                    status=one.exit_code,
                    said=_printable(said) or "-",
                )

    async def _answers(self) -> bool:
        """Whether FATE-Flow says which version it is. Raises DeployError FW-DEP-668 when it is another one."""
        port = self.cluster.ports.flow
        answer = await self._ask(port, "/v1/version/get", {"module": "FATE"})
        data = answer.get("data")
        found = data.get("FATE") if isinstance(data, dict) else None
        if not isinstance(found, str):
            return False
        if found != self.plan.release:
            raise DeployError("FW-DEP-668", party=self.cluster.party, found=_printable(found), wanted=self.plan.release)
        return True

    async def _ask(self, port: int, path: str, body: object) -> dict[str, object]:
        """The JSON object that a port of the host answers; empty while it does not."""
        output = await self.host.run(commands.ask(self.cluster, port, path, json.dumps(body)), check=False)
        try:
            found = json.loads(output.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    async def reaches(self) -> None:
        """From inside this cluster to every other party's two ports. Raises DeployError FW-DEP-669."""
        others = self.plan.others(self.cluster.party)
        targets = {f"{it.address}:{port}": it for it in others for port in (it.ports.rollsite, it.ports.peer)}
        if not targets:
            return
        rollsite = next(it.name for it in await containers(self.host, self.cluster) if it.service == "rollsite")
        output = await self.host.run(commands.reach(self.cluster, rollsite, list(targets)))
        for line in output.text.splitlines():
            words = line.split()
            if len(words) == 3 and words[0] == "reach" and words[2] != "yes":
                raise DeployError(
                    "FW-DEP-669", party=self.cluster.party, other=targets[words[1]].party, target=words[1]
                )

    async def predicts(self) -> None:
        """A prediction of a name that nothing is bound to. 104 is the answer of a proxy and a server that know each
        other; 105 is what a wrong coordinator or route gives. Raises DeployError FW-DEP-670, -671."""
        body = {"head": {"serviceId": _SERVICE}, "body": {"featureData": {}, "sendToRemoteFeatureData": {}}}
        last = "no answer"
        while True:
            answer = await self._ask(self.cluster.ports.inference, "/federation/v1/inference", body)
            code = answer.get("retcode", answer.get("code"))
            if str(code) == "104":
                return
            last = f"{code} {answer.get('retmsg', '')}".strip() if answer else "no answer"
            if self._spent > self.plan.start_seconds:
                kind = "FW-DEP-670" if str(code) == "105" else "FW-DEP-671"
                raise DeployError(kind, party=self.cluster.party, host=self.shown, found=_printable(last))
            await asyncio.sleep(EVERY_SECONDS)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:300]
