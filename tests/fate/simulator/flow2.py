"""FATE-Flow 2.2's REST interface: GET to ask, POST to change, HTTP 200 for everything, ``code`` says what happened."""

import io
import json
import tarfile
import time
import urllib.parse

from .plans1 import COMMON
from .web import Reply

MODULES = {
    "reader": ("Reader", ("guest", "host")),
    "psi": ("Intersection", ("guest", "host")),
    "coordinated_lr": ("HeteroLR", ("guest", "host", "arbiter")),
    "coordinated_linr": ("HeteroLinR", ("guest", "host", "arbiter")),
    "evaluation": ("Evaluation", ("guest",)),
}
STUBS = ("/v2/model/load", "/v2/model/store", "/v2/model/restore", "/v2/model/migrate")


class Coded(Exception):
    def __init__(self, code, message, data=None):
        super().__init__(message)
        self.answer = {"code": code, "message": message} | ({} if data is None else {"data": data})


def good(data=None, job_id=None):
    found = {"code": 0, "message": "success"}
    if data is not None:
        found["data"] = data
    return found if job_id is None else {**found, "job_id": job_id}


def needed(body, *names):
    for name in names:
        if name not in body:
            raise Coded(5001, "Invalid request.", {"json": {name: ["Missing data for required field."]}})


class Flow2:
    """``front(request)``. Tables' meta (label, id) is told at upload, as FATE 2 wants it."""

    def __init__(self, node):
        self.node, self.meta = node, {}
        self.lost = set()
        self._routes = {
            ("GET", "/v2/server/fateflow"): self._version,
            ("POST", "/v2/data/component/upload"): self._upload,
            ("GET", "/v2/table/query"): self._table,
            ("POST", "/v2/table/delete"): self._table_delete,
            ("POST", "/v2/job/submit"): self._submit,
            ("GET", "/v2/job/query"): self._job_query,
            ("GET", "/v2/job/list/query"): self._job_list,
            ("GET", "/v2/job/task/query"): self._task_query,
            ("POST", "/v2/job/stop"): self._stop,
            ("GET", "/v2/output/metric/query"): self._metric,
            ("GET", "/v2/output/metric/key/query"): self._metric_keys,
            ("GET", "/v2/output/model/query"): self._model,
            ("GET", "/v2/output/model/download"): self._model_file,
            ("GET", "/v2/output/data/table"): self._output_table,
            ("GET", "/v2/output/data/display"): self._display,
            ("GET", "/v2/output/data/download"): self._download,
            **{("POST", path): lambda _: good() for path in STUBS},
        }

    def __call__(self, request):
        route = self._routes.get((request.method, request.path))
        if route is None:
            return {"code": 6000, "message": "<NotFound '404: Not Found'>"}
        try:
            body = request.query if request.method == "GET" else request.json
        except ValueError:
            return {"code": 6000, "message": "<BadRequest '400: Bad Request'>"}
        try:
            answer = route(body)
        except Coded as error:
            return error.answer
        except Reply as reply:
            return reply
        except Exception as error:
            return {"code": 6000, "message": repr(error)}
        if request.path in self.lost:
            self.lost.discard(request.path)
            raise Reply(b"", 200, "text/html")
        return answer

    def _version(self, _):
        name = "flow-127.0.0.1-9380"
        told = {"grpc_port": 9360, "host": "127.0.0.1", "http_port": 9380, "instance_id": name}
        return good({name: {**told, "timestamp": int(time.time() * 1000), "version": self.node.version}})

    # --- data -----------------------------------------------------------------------------------------------------

    def _upload(self, body):
        needed(body, "file", "head", "partitions", "meta", "namespace", "name")
        job_id = self.node.new_id()
        space, name = body["namespace"], body["name"]
        plan = {
            "job_id": job_id,
            "kind": "upload",
            "initiator": ["local", 0],
            "roles": {"local": [0]},
            "components": [["upload_0", "Upload", ["local"]]],
            "conf": {"parties": [{"role": "local", "party_id": ["0"]}], "stage": "default", "tasks": {"upload_0": {}}},
            "model_id": job_id,
            "model_version": "0",
            "file": body["file"],
            "namespace": space,
            "name": name,
            "head": bool(body["head"]),
            "partition": int(body["partitions"]),
            "fresh": True,
        }
        self.meta[space, name] = body["meta"]
        self.node.submit(plan)
        return good({"name": name, "namespace": space}, job_id)

    def _table(self, query):
        space, name = query["namespace"], query["name"]
        table = self.node.tables.get(space, name)
        if table is None:
            raise Coded(7001, f"No found table: name[{name}],namespace[{space}]")
        meta = self.meta.get((space, name), {})
        fields = [{"dtype": "index", "name": "extend_sid", "property": "sample_id", "should_compress": False}]
        fields += [{"dtype": "index", "name": table.sid, "property": "match_id", "should_compress": False}]
        for column in table.header:
            label = column == meta.get("label_name")
            fields.append(
                {
                    "anonymous_name": f"AnonymousRole_AnonymousPartyId_{column}",
                    "dtype": "int64" if label else "float64",
                    "name": column,
                    "property": "label" if label else "column",
                    "should_compress": not label,
                }
            )
        summary = {"column_len": len(table.header), "site_name": None}
        shown = {"partition_order_mappings": {}, "schema_meta": {"anonymous_summary": summary, "fields": fields}}
        data = {"count": len(table.rows), "data_type": "dataframe", "engine": "standalone", "meta": shown, "name": name}
        return good({**data, "namespace": space})

    def _table_delete(self, body):
        needed(body, "namespace", "name")
        if not self.node.tables.delete(body["namespace"], body["name"]):
            raise Coded(7001, f"No found table: name[{body['name']}],namespace[{body['namespace']}]")
        return good()

    # --- jobs -----------------------------------------------------------------------------------------------------

    def _submit(self, body):
        needed(body, "dag_schema")
        dag = body["dag_schema"].get("dag")
        if dag is None:
            raise AttributeError("'NoneType' object has no attribute 'conf'")
        job_id = self.node.new_id()
        roles = {}
        for entry in dag["parties"]:
            roles.setdefault(entry["role"], []).extend(int(party) for party in entry["party_id"])
        start = ["guest", roles["guest"][0]]
        predicting = dag.get("stage") == "predict"
        plan = {
            "job_id": job_id,
            "kind": "predict" if predicting else "train",
            "initiator": start,
            "roles": roles,
            "conf": dag,
            "components": [[n, *_module(task)] for n, task in dag["tasks"].items()],
            "readers": {},
            "labels": {},
            "model_id": job_id,
            "model_version": "0",
            "parameters": {},
            "logistic": True,
        }
        for party, inner in (dag.get("party_tasks") or {}).items():
            role, _, number = party.rpartition("_")
            for task in inner["tasks"].values():
                where = task["parameters"]
                plan["readers"][f"{role}-{number}"] = {"namespace": where["namespace"], "name": where["name"]}
                meta = self.meta.get((where["namespace"], where["name"])) if role == "guest" else None
                if meta and meta.get("label_name"):
                    plan["labels"][f"{role}-{number}"] = meta["label_name"]
        for task in dag["tasks"].values():
            if task["component_ref"].startswith("coordinated"):
                plan["logistic"] = task["component_ref"] == "coordinated_lr"
                plan["parameters"] = _parameters(task.get("parameters") or {})
        told = {"model_id": job_id, "model_version": "0"}
        if predicting:
            warehouse = (dag.get("conf") or {}).get("model_warehouse") or {}
            trained = self.node.jobs.get(warehouse.get("model_id"))
            if trained is None:
                raise Coded(1002, f"No found model: {warehouse}")
            plan["model_id"], plan["model_version"] = trained.plan["model_id"], "0"
        self.node.submit(plan)
        return good(told, job_id)

    def _rows(self, query):
        for job in list(self.node.jobs.values()):
            for (role, party), row in list(job.rows.items()):
                yield {
                    "apply_resource_time": row["create"],
                    "cores": 4,
                    "create_time": row["create"],
                    "dag": {"dag": job.plan["conf"], "schema_version": "2.2.0"},
                    "description": "",
                    "elapsed": None if row["end"] is None or row["start"] is None else row["end"] - row["start"],
                    "end_time": row["end"],
                    "engine_name": "standalone",
                    "flow_id": "",
                    "inheritance": {},
                    "initiator_party_id": str(job.plan["initiator"][1]),
                    "job_id": job.plan["job_id"],
                    "memory": 0,
                    "model_id": job.plan["model_id"],
                    "model_version": job.plan["model_version"],
                    "parties": [{"party_id": [str(p) for p in ps], "role": r} for r, ps in job.plan["roles"].items()],
                    "party_id": str(party),
                    "progress": row["progress"],
                    "protocol": "fate",
                    "remaining_cores": 4,
                    "remaining_memory": 0,
                    "resource_in_use": row["end"] is None,
                    "return_resource_time": row["end"],
                    "role": role,
                    "scheduler_party_id": str(job.plan["initiator"][1]),
                    "start_time": row["start"],
                    "status": row["status"],
                    "status_code": None,
                    "tag": "job_end" if row["end"] else "job_waiting",
                    "update_time": row["update"],
                    "user_name": "",
                }

    def _job_query(self, query):
        asked = {name: query[name] for name in ("job_id", "role", "party_id", "status") if name in query}
        rows = [row for row in self._rows(query) if all(row[name] == value for name, value in asked.items())]
        if not rows:
            raise Coded(1001, f"No found job: job_id[{query.get('job_id')}]")
        return good(rows)

    def _job_list(self, query):
        rows = sorted(self._rows(query), key=lambda row: row["create_time"], reverse=True)
        limit, page = int(query.get("limit", 10)), int(query.get("page", 1))
        return good({"count": len(rows), "data": rows[limit * (page - 1) : limit * page]})

    def _task_query(self, query):
        found = []
        job = self.node.jobs.get(query.get("job_id"))
        for (name, role, party), task in list(job.tasks.items()) if job else []:
            row = {
                "cmd": [],
                "component": next(ref for ref, (module, _) in MODULES.items() if module == task["module"])
                if task["module"] != "Upload"
                else "upload",
                "component_parameters": {},
                "create_time": task["create"],
                "elapsed": None if task["end"] is None else task["end"] - task["start"],
                "end_time": task["end"],
                "engine_conf": {},
                "error_report": task["error"],
                "execution_id": f"{query['job_id']}_{name}_0_{role}_{party}",
                "job_id": query["job_id"],
                "party_id": str(party),
                "role": role,
                "run_pid": 1,
                "start_time": task["start"],
                "status": task["status"],
                "task_id": f"{query['job_id']}_{name}",
                "task_name": name,
                "task_version": 0,
                "update_time": task["update"],
            }
            if all(str(row[key]) == query[key] for key in ("role", "party_id", "task_name") if key in query):
                found.append(row)
        if not found:
            raise Coded(2000, "No found task")
        return good(found)

    def _stop(self, body):
        needed(body, "job_id")
        if body["job_id"] not in self.node.jobs:
            raise Coded(1001, f"No found job: job_id[{body['job_id']}]")
        self.node.stop(body["job_id"])
        return good()

    # --- results --------------------------------------------------------------------------------------------------

    def _of(self, query, kind):
        job = self.node.jobs.get(query.get("job_id"))
        key = (query.get("task_name"), query.get("role"), int(query.get("party_id", -1)))
        if job is None or key not in job.tasks:
            words = ",".join(f"{name}[{query.get(name)}]" for name in ("job_id", "role", "party_id", "task_name"))
            raise Coded(2000, f"No found task: {words}")
        return job, key, getattr(job, kind).get(key)

    def _metrics(self, query):
        _, _, found = self._of(query, "metrics")
        out = []
        for name, metric in (found or {}).get("train", {}).items():
            if name == "loss":
                groups = [{"index": None, "name": "default"}, {"index": None, "name": "train"}]
                for step, loss in metric["data"]:
                    data = [{"metric": [loss], "step": step, "timestamp": time.time()}]
                    out.append(
                        {"data": data, "groups": groups, "name": "lr_loss", "step_axis": "iterations", "type": "loss"}
                    )
            elif name != "intersection":
                out.append(
                    {
                        "data": {name: {"train_set": _nested(metric["data"])}},
                        "groups": [{"index": None, "name": "default"}],
                        "name": "evaluation",
                        "step_axis": None,
                        "type": "evaluation",
                    }
                )
        return out

    def _metric(self, query):
        return good(self._metrics(query))

    def _metric_keys(self, query):
        found = []
        for it in self._metrics(query):
            key = {name: it[name] for name in ("groups", "name", "step_axis", "type")}
            if key not in found:
                found.append(key)
        return good(found)

    def _model_of(self, query):
        job, (_, role, party), _ = self._of(query, "tasks")
        return self.node.models.get((role, party, job.plan["model_id"], job.plan["model_version"]))

    def _model(self, query):
        model = self._model_of(query)
        if model is None:
            return good({})
        param = {"coef_": [[w] for w in model["weights"]], "dtype": "float64", "intercept_": [model["intercept"]]}
        estimator = {"end_epoch": model["iters"], "header": model["header"], "is_converged": model["converged"]}
        done = model["parameters"]
        meta = {"batch_size": None, "epochs": done["max_iter"], "threshold": 0.5}
        return good({"output_model": {"data": {"estimator": {**estimator, "param": param}}, "meta": meta}})

    def _model_file(self, query):
        return _packed("model.json", json.dumps(self._model(query)["data"]))

    def _output_table(self, query):
        job, (name, role, party), found = self._of(query, "outputs")
        if found is None:
            return {}
        return {
            "train_output_data": [
                {"name": f"{job.plan['job_id']}{role}{party}", "namespace": f"{job.plan['job_id']}_{name}"}
            ]
        }

    def _display(self, query):
        _, _, found = self._of(query, "outputs")
        if found is None:
            return {}
        rows = [
            [f"sim{row[0]}", row[0], row[1], row[3], row[2], repr(json.dumps(row[4])), f"{row[5]}_set"]
            for row in found["rows"]
        ]
        return {"train_output_data": [{"data": rows[:100], "metadata": {}, "total": len(rows)}]}

    def _download(self, query):
        _, _, found = self._of(query, "outputs")
        lines = ["extend_sid,id,label,predict_score,predict_result,predict_detail,type"]
        lines += [f'sim{r[0]},{r[0]},{r[1]},{r[3]},{r[2]},"{r[4]}",{r[5]}_set' for r in (found or {"rows": []})["rows"]]
        return _packed("train_output_data.csv", "\n".join(lines))


def _module(task):
    module, roles = MODULES[task["component_ref"]]
    return module, list(roles)


def _nested(data):
    """``ks`` stands one list deeper than ``auc``."""
    out = []
    names = {
        "root_mean_squared_error": "rmse",
        "mean_absolute_error": "mae",
        "mean_squared_error": "mse",
        "r2_score": "r2_score",
    }
    for name, value in data:
        if name == "ks":
            out.append([{"metric": "ks", "val": value}, {"metric": "ks_table", "val": {}}])
        elif name in ("auc", *names):
            out.append({"metric": names.get(name, name), "val": value})
    return out


def _parameters(given):
    optimizer = given.get("optimizer") or {}
    done = {
        **COMMON,
        "max_iter": given.get("epochs", 20),
        "batch_size": given.get("batch_size") or -1,
        "early_stop": given.get("early_stop", "diff"),
        "tol": given.get("tol", 1e-4),
        "penalty": str(optimizer.get("penalty", "l2")).upper(),
        "alpha": optimizer.get("alpha", 1.0),
        "optimizer": optimizer.get("method", "sgd"),
        "learning_rate": (optimizer.get("optimizer_params") or {}).get("lr", 0.01),
        "decay": 0,
        "decay_sqrt": False,
        "encrypt": "paillier",
    }
    init = given.get("init_param") or {}
    return {**done, "init": init.get("method", "random"), "seed": init.get("random_state")}


def _packed(name, text):
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(text.encode())
        tar.addfile(info, io.BytesIO(text.encode()))
    return Reply(memory.getvalue(), 200, "application/gzip", urllib.parse.quote(f"{name}.tar.gz"))
