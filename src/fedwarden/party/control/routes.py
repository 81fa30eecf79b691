"""The control API's table: one line per route, and which part of the agent answers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fedwarden.common.api import AgentInfo, Dataset, DatasetRequest, JobSpec, PeerParty, RoleStatus, StopRequest
from fedwarden.common.errors import JobError
from fedwarden.party.control import openapi
from fedwarden.party.control.web import ApiRoute, Call, Who
from fedwarden.party.jobs.queue import JobBook
from fedwarden.party.membership.peers import PeerBook
from fedwarden.party.tables.datasets import DatasetRegistry

REGULATOR: frozenset[Who] = frozenset({"regulator"})
ANYBODY: frozenset[Who] = frozenset({"regulator", "party"})
PARTY: frozenset[Who] = frozenset({"party"})


def core_routes(
    info: Callable[[], AgentInfo],
    peers: PeerBook,
    datasets: DatasetRegistry,
    jobs: JobBook,
    shut_down: Callable[[], AgentInfo],
) -> list[ApiRoute]:
    def post_dataset(call: Call) -> Dataset:
        checking = call.query.get("check", "0") not in ("", "0", "false")
        return datasets.check(call.body) if checking else datasets.register(call.body)

    def told_table(_: Call, table: Dataset) -> dict[str, Any]:
        counts = {"rows": table.rows, "columns": len(table.features), "sha256": table.sha256}
        return {"dataset": table.dataset_id or "checked only", "role": table.role, **counts}

    def stop(call: Call) -> list[RoleStatus]:
        asked = call.body or StopRequest()
        return jobs.stop(call.path["job_id"], {"code": asked.code, "params": asked.params})

    def resume(call: Call) -> list[RoleStatus]:
        spec: JobSpec = call.body
        if spec.job_id != call.path["job_id"]:
            raise JobError("FW-JOB-063", job=call.path["job_id"][:40], party=info().party)
        return jobs.resume(spec)

    return [
        ApiRoute("GET", "/v1/health", ANYBODY, lambda call: info(), "who this agent is", answer=AgentInfo, audit="no"),
        ApiRoute(
            "PUT",
            "/v1/peers",
            REGULATOR,
            lambda call: peers.pin(call.body),
            "pin the parties to talk to, each as this agent reaches it (addresses, relay); a pin is never replaced",
            body=list[PeerParty],
            answer=list[PeerParty],
            told=lambda call, _: {"parties": [peer.party for peer in call.body]},
        ),
        ApiRoute(
            "GET",
            "/v1/peers",
            REGULATOR,
            lambda call: peers.all(),
            "pinned parties",
            answer=list[PeerParty],
            audit="no",
        ),
        ApiRoute(
            "DELETE",
            "/v1/peers/{party}",
            REGULATOR,
            lambda call: peers.forget(int(call.path["party"]) if call.path["party"].isdecimal() else -1),
            "forget a party that left; answers those still pinned",
            answer=list[PeerParty],
        ),
        ApiRoute(
            "POST",
            "/v1/datasets",
            REGULATOR,
            post_dataset,
            "check a table in place and register it; check=1: only check",
            body=DatasetRequest,
            answer=Dataset,
            query=("check",),
            told=told_table,
        ),
        ApiRoute(
            "GET",
            "/v1/datasets",
            REGULATOR,
            lambda call: datasets.all(),
            "all tables",
            answer=list[Dataset],
            audit="counted",
        ),
        ApiRoute(
            "GET",
            "/v1/datasets/{dataset_id}",
            REGULATOR,
            lambda call: datasets.verify(call.path["dataset_id"]),
            "one table, after looking whether its file changed",
            answer=Dataset,
            audit="counted",
        ),
        ApiRoute(
            "DELETE",
            "/v1/datasets/{dataset_id}",
            REGULATOR,
            lambda call: datasets.forget(call.path["dataset_id"]),
            "forget a table; its file stays",
            answer=Dataset,
        ),
        ApiRoute(
            "POST",
            "/v1/jobs",
            REGULATOR,
            lambda call: jobs.submit(call.body),
            "take a job in and start this party's workers",
            body=JobSpec,
            answer=list[RoleStatus],
        ),
        ApiRoute(
            "POST",
            "/v1/jobs/{job_id}/resume",
            REGULATOR,
            resume,
            "start a failed job's next attempt: `JobSpec` with `attempt` raised",
            body=JobSpec,
            answer=list[RoleStatus],
        ),
        ApiRoute(
            "GET", "/v1/jobs", REGULATOR, lambda call: jobs.all(), "all jobs", answer=list[RoleStatus], audit="counted"
        ),
        ApiRoute(
            "GET",
            "/v1/jobs/{job_id}",
            REGULATOR,
            lambda call: jobs.statuses(call.path["job_id"]),
            "this party's roles of a job",
            answer=list[RoleStatus],
            audit="counted",
        ),
        ApiRoute(
            "POST",
            "/v1/jobs/{job_id}/stop",
            REGULATOR,
            stop,
            "end a job as failed; answers when its workers are gone",
            body=StopRequest,
            answer=list[RoleStatus],
            optional_body=True,
        ),
        ApiRoute(
            "GET",
            "/v1/jobs/{job_id}/logs",
            REGULATOR,
            lambda call: jobs.logs(call.path["job_id"]),
            "log lines of this party's roles",
            answer=bytes,
            told=lambda _, lines: {"bytes": len(lines)},
        ),
        ApiRoute(
            "POST",
            "/v1/shutdown",
            REGULATOR,
            lambda call: shut_down(),
            "end running jobs as failed, then stop",
            answer=AgentInfo,
        ),
    ]


def with_openapi(routes: list[ApiRoute]) -> list[ApiRoute]:
    """``routes`` and the document that describes them."""
    itself = ApiRoute(
        "GET",
        "/v1/openapi.json",
        ANYBODY,
        lambda call: described,
        "this table for machines",
        answer=dict[str, Any],
        audit="no",
    )
    described = openapi.document([*routes, itself])
    return [*routes, itself]
