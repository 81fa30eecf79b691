"""FATE-Flow 2.2: GET to ask, POST to change; HTTP 200 for everything, ``code`` says what happened."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

from fedwarden.common.errors import JobError
from fedwarden.engines.fate.flow import Row, SeenTable, TableFile, Taken, Task
from fedwarden.engines.fate.http import Web
from fedwarden.engines.fate.logfiles import reason

NO_JOB, NO_TASK, NO_TABLE = 1001, 2000, 7001
PARTITIONS = 4
#: How many of the newest rows are looked through for a job of ours; a job has one row per role.
RECENT = 60


class Flow2:
    def __init__(self, web: Web, party: int) -> None:
        self._web, self._party = web, party

    def _call(self, method: str, path: str, given: dict[str, Any], seconds: float = 15.0) -> dict[str, Any]:
        if method == "GET":
            return self._web.ask("GET", _target(path, given), None, seconds)
        return self._web.ask("POST", f"/v2/{path}", given, seconds)

    def _good(self, method: str, path: str, given: dict[str, Any], *missing: int, seconds: float = 15.0) -> Any:
        """``data`` of the answer; None for the codes in ``missing``. Raises JobError FW-JOB-600."""
        answer = self._call(method, path, given, seconds)
        code = answer.get("code")
        if code in missing:
            return None
        if code != 0:
            raise self._refusal(path, answer)
        return answer.get("data")

    def _refusal(self, path: str, answer: dict[str, Any]) -> JobError:
        why = " ".join(str(answer.get("message") or "-").split())[:300]
        return JobError("FW-JOB-600", party=self._party, what=path, retcode=answer.get("code", "-"), why=why)

    def told_version(self) -> str:
        data = self._good("GET", "server/fateflow", {}) or {}
        return next((str(server.get("version", "")) for server in data.values()), "")

    # --- data -----------------------------------------------------------------------------------------------------

    def upload(self, file: TableFile) -> str:
        meta: dict[str, Any] = {"delimiter": ",", "dtype": "float64", "match_id_name": file.sid or "id"}
        if file.label is None:
            meta["input_format"] = "dense"
        else:
            meta |= {"label_name": file.label, "label_type": "int64" if file.whole_label else "float64"}
        body = {
            "file": file.path,
            "head": True,
            "partitions": PARTITIONS,
            "meta": meta,
            "namespace": file.namespace,
            "name": file.name,
            "extend_sid": True,
        }
        answer = self._call("POST", "data/component/upload", body, 60.0)
        if answer.get("code") != 0:
            raise self._refusal("data/component/upload", answer)
        return str(answer["job_id"])

    def table(self, namespace: str, name: str) -> SeenTable | None:
        data = self._good("GET", "table/query", {"namespace": namespace, "name": name}, NO_TABLE)
        if not data or not data.get("count"):
            return None
        fields = ((data.get("meta") or {}).get("schema_meta") or {}).get("fields") or []
        sid = next((str(it["name"]) for it in fields if it.get("property") == "match_id"), "")
        columns = [str(it["name"]) for it in fields if it.get("property") in ("column", "label")]
        return SeenTable(int(data["count"]), sid, columns)

    def drop(self, namespace: str, name: str) -> None:
        self._good("POST", "table/delete", {"namespace": namespace, "name": name}, NO_TABLE, seconds=60.0)

    # --- jobs -----------------------------------------------------------------------------------------------------

    def submit(self, body: dict[str, Any]) -> Taken:
        answer = self._call("POST", "job/submit", body, 60.0)
        if answer.get("code") != 0:
            raise self._refusal("job/submit", answer)
        data = answer.get("data") or {}
        return Taken(str(answer["job_id"]), str(data.get("model_id", "")), str(data.get("model_version", "")))

    def rows(self, job_id: str) -> list[Row]:
        found = self._good("GET", "job/query", {"job_id": job_id}, NO_JOB, seconds=30.0)
        return [_row(it) for it in found or []]

    def begun_by(self, party: int) -> list[Row]:
        data = self._good("GET", "job/list/query", {"limit": RECENT, "page": 1}, NO_JOB, seconds=30.0) or {}
        rows = [_row(it) for it in data.get("data") or []]
        return [row for row in rows if row.role == "guest" and row.party == party]

    def tasks(self, job_id: str, role: str, party: int) -> list[Task]:
        asked = {"job_id": job_id, "role": role, "party_id": party}
        found = [
            Task(
                str(it["task_name"]),
                role,
                party,
                str(it["status"]),
                int(it.get("start_time") or 0),
                int(it.get("end_time") or 0),
                reason(str(it.get("error_report") or "")),
            )
            for it in self._good("GET", "job/task/query", asked, NO_TASK) or []
        ]
        return sorted(found, key=lambda it: it.started or 1 << 60)

    def stop(self, job_id: str) -> None:
        self._good("POST", "job/stop", {"job_id": job_id}, seconds=30.0)

    # --- results --------------------------------------------------------------------------------------------------

    def _metrics(self, job_id: str, role: str, party: int, task: str) -> list[dict[str, Any]]:
        found = self._good("GET", "output/metric/query", _of(job_id, role, party, task), NO_TASK)
        return [it for it in found or [] if isinstance(it, dict)]

    def losses(self, job_id: str, party: int, component: str) -> list[float]:
        points = {}
        for it in self._metrics(job_id, "arbiter", party, component):
            if it.get("type") == "loss":
                for point in it.get("data") or []:
                    points[int(point["step"])] = float(point["metric"][0])
        return [points[step] for step in sorted(points)]

    def evaluation(self, job_id: str, party: int, component: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for it in self._metrics(job_id, "guest", party, component):
            if it.get("type") == "evaluation" and isinstance(it.get("data"), dict):
                for task in it["data"].values():
                    found |= _numbers(task.get("train_set") or [])
        return found

    def counts(self, job_id: str, party: int, component: str) -> dict[str, float]:
        return {}

    def header(self, job_id: str, role: str, party: int, component: str) -> list[str]:
        data = self._good("GET", "output/model/query", _of(job_id, role, party, component)) or {}
        estimator = (((data.get("output_model") or {}).get("data")) or {}).get("estimator") or {}
        return [str(name) for name in estimator.get("header") or []]

    def failure(self, job_id: str, role: str, party: int, component: str) -> str:
        return next((it.error for it in self.tasks(job_id, role, party) if it.name == component), "")

    def output_table(self, job_id: str, role: str, party: int, component: str) -> tuple[str, int]:
        """These two routes answer without the usual envelope."""
        asked = _of(job_id, role, party, component)
        tables = self._call("GET", "output/data/table", asked)
        shown = self._call("GET", "output/data/display", asked, 60.0)
        for answer in (tables, shown):
            if answer.get("code"):
                raise self._refusal("output/data", answer)
        table: dict[str, Any] = next((it[0] for it in tables.values() if isinstance(it, list) and it), {})
        total = next((it[0].get("total", 0) for it in shown.values() if isinstance(it, list) and it), 0)
        return f"{table.get('namespace')}/{table.get('name')}", int(total)

    def output_rows(self, job_id: str, role: str, party: int, component: str) -> bytes:
        return self._packed("output/data/download", _of(job_id, role, party, component))

    def model_file(self, taken: Taken, role: str, party: int, component: str) -> bytes:
        return self._packed("output/model/download", _of(taken.job_id, role, party, component))

    def _packed(self, path: str, given: dict[str, Any]) -> bytes:
        raw = self._web.fetch("GET", _target(path, given))
        if raw[:1] != b"{":
            return raw
        try:
            found = json.loads(raw)
        except ValueError:
            return raw
        raise self._refusal(path, found)


def _target(path: str, given: dict[str, Any]) -> str:
    return f"/v2/{path}" + (f"?{urllib.parse.urlencode(given)}" if given else "")


def _of(job_id: str, role: str, party: int, task: str) -> dict[str, Any]:
    return {"job_id": job_id, "role": role, "party_id": party, "task_name": task}


def _numbers(entries: list[Any]) -> dict[str, float]:
    """Some metrics stand one list deeper than others."""
    found: dict[str, float] = {}
    for it in entries:
        if isinstance(it, list):
            found |= _numbers(it)
        elif isinstance(it, dict) and isinstance(it.get("val"), int | float):
            found[str(it["metric"])] = float(it["val"])
    return found


def _row(found: dict[str, Any]) -> Row:
    return Row(
        str(found["job_id"]),
        str(found["role"]),
        int(found["party_id"]),
        str(found["status"]),
        int(found.get("progress") or 0),
        int(found.get("create_time") or 0),
        int(found.get("start_time") or 0),
        int(found.get("end_time") or 0),
        (found.get("dag") or {}).get("dag") or {},
    )
