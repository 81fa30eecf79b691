"""FATE-Flow 1.x: POST with JSON; errors arrive with HTTP 200, and keys whose value is empty are left out."""

from __future__ import annotations

import json
from typing import Any

from fedwarden.common.errors import JobError, ModelError
from fedwarden.engines.fate import logfiles
from fedwarden.engines.fate.flow import Row, SeenTable, TableFile, Taken, Task
from fedwarden.engines.fate.http import Web

NOT_FOUND = 101
PARTITIONS = 10


class Flow1:
    """``old``: 1.4.4, which puts JSON documents into strings and wants to be told its own work mode."""

    def __init__(self, web: Web, party: int, *, old: bool, work_mode: int) -> None:
        self._web, self._party = web, party
        self._old, self._mode = old, work_mode

    def _call(self, path: str, body: dict[str, Any], seconds: float = 15.0) -> dict[str, Any]:
        return self._web.ask("POST", f"/v1/{path}", body, seconds)

    def _good(self, path: str, body: dict[str, Any], seconds: float = 15.0) -> dict[str, Any]:
        """The whole answer. Raises JobError FW-JOB-600."""
        answer = self._call(path, body, seconds)
        if answer.get("retcode") != 0:
            raise self._refusal(path, answer)
        return answer

    def _refusal(self, path: str, answer: dict[str, Any]) -> JobError:
        why = " ".join(str(answer.get("retmsg") or "-").split())[:300]
        return JobError("FW-JOB-600", party=self._party, what=path, retcode=answer.get("retcode", "-"), why=why)

    def told_version(self) -> str:
        data = self._good("version/get", {"module": "FATE"}).get("data") or {}
        return str(data.get("FATE", ""))

    def standalone(self) -> bool:
        """Whether one server stands for all parties. Asked with a job that lacks everything, so none is made."""
        if not self._old:
            return False
        probe = {"job_dsl": {}, "job_runtime_conf": {"job_parameters": {"work_mode": 1}}}
        return "standalone" in str(self._call("job/submit", probe).get("retmsg", ""))

    # --- data -----------------------------------------------------------------------------------------------------

    def upload(self, file: TableFile) -> str:
        body = {
            "file": file.path,
            "use_local_data": 0,
            "work_mode": self._mode,
            "namespace": file.namespace,
            "table_name": file.name,
            "head": 1,
            "partition": PARTITIONS,
            "drop": 1,
        }
        return str(self._good("data/upload", body, 60.0)["jobId"])

    def table(self, namespace: str, name: str) -> SeenTable | None:
        data = self._good("table/table_info", {"namespace": namespace, "table_name": name}).get("data") or {}
        schema = data.get("schema") or {}
        rows = int(data.get("count") or 0)
        if not rows:  # 1.4.4 makes an empty table of whatever is asked for
            return None
        columns = [column.strip() for column in str(schema.get("header") or "").split(",") if column.strip()]
        return SeenTable(rows, str(schema.get("sid") or ""), columns)

    def drop(self, namespace: str, name: str) -> None:
        answer = self._call("table/delete", {"namespace": namespace, "table_name": name}, 60.0)
        if answer.get("retcode") not in (0, NOT_FOUND):
            raise self._refusal("table/delete", answer)

    # --- jobs -----------------------------------------------------------------------------------------------------

    def submit(self, body: dict[str, Any]) -> Taken:
        answer = self._good("job/submit", body, 60.0)
        info = (answer.get("data") or {}).get("model_info") or {}
        job_id = str(answer["jobId"])
        return Taken(job_id, str(info.get("model_id", "")), str(info.get("model_version", job_id)))

    def rows(self, job_id: str) -> list[Row]:
        return self._rows({"job_id": job_id})

    def begun_by(self, party: int) -> list[Row]:
        mine = self._rows({"role": "guest", "party_id": str(party), "is_initiator": 1})
        return [row for row in mine if row.role == "guest" and row.party == party]

    def _rows(self, asked: dict[str, Any]) -> list[Row]:
        answer = self._call("job/query", asked, 30.0)
        if answer.get("retcode") == NOT_FOUND:
            return []
        if answer.get("retcode") != 0:
            raise self._refusal("job/query", answer)
        return [_row(found) for found in answer.get("data") or []]

    def tasks(self, job_id: str, role: str, party: int) -> list[Task]:
        answer = self._call("job/task/query", {"job_id": job_id, "role": role, "party_id": str(party)})
        if answer.get("retcode") == NOT_FOUND:
            return []
        if answer.get("retcode") != 0:
            raise self._refusal("job/task/query", answer)
        found = [
            Task(
                str(it["f_component_name"]),
                str(it["f_role"]),
                int(it["f_party_id"]),
                str(it["f_status"]),
                int(it.get("f_start_time") or 0),
                int(it.get("f_end_time") or 0),
                "",
            )
            for it in answer.get("data") or []
        ]
        return sorted((it for it in found if it.role == role and it.party == party), key=lambda it: it.started)

    def stop(self, job_id: str) -> None:
        self._good("job/stop", {"job_id": job_id}, 30.0)

    # --- results --------------------------------------------------------------------------------------------------

    def _of(self, job_id: str, role: str, party: int, component: str) -> dict[str, Any]:
        return {"job_id": job_id, "role": role, "party_id": party, "component_name": component}

    def _metrics(self, job_id: str, role: str, party: int, component: str) -> dict[str, Any]:
        answer = self._call("tracking/component/metric/all", self._of(job_id, role, party, component))
        data = (answer.get("data") or {}) if answer.get("retcode") == 0 else {}
        train = data.get("train")
        return train if isinstance(train, dict) else {}

    def losses(self, job_id: str, party: int, component: str) -> list[float]:
        curve = self._metrics(job_id, "arbiter", party, component).get("loss") or {}
        return [float(loss) for _, loss in curve.get("data") or []]

    def evaluation(self, job_id: str, party: int, component: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for metric in self._metrics(job_id, "guest", party, component).values():
            if (metric.get("meta") or {}).get("metric_type") == "EVALUATION_SUMMARY":
                found |= {str(name): float(value) for name, value in metric.get("data") or []}
        return found

    def counts(self, job_id: str, party: int, component: str) -> dict[str, float]:
        metric = self._metrics(job_id, "guest", party, component).get("intersection") or {}
        return {str(name): float(value) for name, value in metric.get("data") or []}

    def header(self, job_id: str, role: str, party: int, component: str) -> list[str]:
        path = "tracking/component/output/model"
        data = self._good(path, self._of(job_id, role, party, component)).get("data") or {}
        return [str(name) for name in data.get("header") or []]

    def failure(self, job_id: str, role: str, party: int, component: str) -> str:
        method, path = ("GET", "/v1/job/log") if self._old else ("POST", "/v1/job/log/download")
        return logfiles.last_error(self._web.fetch(method, path, {"job_id": job_id}), role, party, component)

    def output_table(self, job_id: str, role: str, party: int, component: str) -> tuple[str, int]:
        where = self._of(job_id, role, party, component)
        table = self._good("tracking/component/output/data/table", where).get("data") or {}
        if isinstance(table, list):  # one entry per output from 1.5 on
            table = table[0] if table else {}
        rows = self._good("tracking/component/output/data", where, 60.0).get("meta") or {}
        total = rows.get("total") or 0
        count = int(total[0] if isinstance(total, list) else total)
        return f"{table.get('table_namespace') or table.get('namespace')}/{table.get('table_name')}", count

    def output_rows(self, job_id: str, role: str, party: int, component: str) -> bytes:
        path = "/v1/tracking/component/output/data/download"
        return self._packed(path, self._web.fetch("GET", path, self._of(job_id, role, party, component)))

    def model_file(self, taken: Taken, role: str, party: int, component: str) -> bytes:
        body = {"model_id": taken.model_id, "model_version": taken.model_version, "role": role, "party_id": party}
        return self._packed("model/export", self._web.fetch("GET", "/v1/model/export", body))

    def _packed(self, path: str, raw: bytes) -> bytes:
        """Raises JobError FW-JOB-600 when the answer is JSON, which is how a failure looks."""
        if raw[:2] in (b"PK", b"\x1f\x8b"):
            return raw
        try:
            found = json.loads(raw)
        except ValueError:
            found = {}
        raise self._refusal(path, found if isinstance(found, dict) else {})

    # --- models ---------------------------------------------------------------------------------------------------

    def deploy_model(self, model_id: str, version: str) -> str:
        """Makes the model loadable (1.5 and later); the version it is loaded under."""
        answer = self._good("model/deploy", {"model_id": model_id, "model_version": version}, 60.0)
        self._every_party("model/deploy", answer)
        return str((answer.get("data") or {})["model_version"])

    def load(self, body: dict[str, Any]) -> None:
        """Raises ModelError FW-MODEL-600 naming the party whose FATE-Serving has not taken it."""
        answer = self._call("model/load", body, 60.0)
        self._every_party("model/load", answer)
        if answer.get("retcode") != 0:
            raise self._refusal("model/load", answer)

    def _every_party(self, what: str, answer: dict[str, Any]) -> None:
        data = answer.get("data") or {}
        for role, parties in (data.get("detail") or {}).items():
            for party, told in parties.items():
                if told.get("retcode") != 0:
                    why = logfiles.short(str(told.get("retmsg") or "-"))
                    raise ModelError("FW-MODEL-600", role=role, party=party, what=what, why=why)

    def bind(self, body: dict[str, Any]) -> None:
        answer = self._call("model/bind", body, 60.0)
        if answer.get("retcode") != 0:
            why = logfiles.short(str(answer.get("retmsg") or "-"))
            raise ModelError("FW-MODEL-600", role="guest", party=self._party, what="model/bind", why=why)


def _row(found: dict[str, Any]) -> Row:
    conf = found.get("f_runtime_conf") or {}
    if isinstance(conf, str):
        try:
            conf = json.loads(conf)
        except ValueError:
            conf = {}
    return Row(
        str(found["f_job_id"]),
        str(found["f_role"]),
        int(found["f_party_id"]),
        str(found["f_status"]),
        int(found.get("f_progress") or 0),
        int(found.get("f_create_time") or 0),
        int(found.get("f_start_time") or 0),
        int(found.get("f_end_time") or 0),
        conf,
    )
