"""FATE-Flow's REST interface of 1.4.4 (``dsl-1``) and 1.11.2 (``dsl-2``): always 200, empty keys left out."""

import base64
import gzip
import io
import json
import tarfile
import traceback
import zipfile

from . import plans1, shapes1
from .web import Reply, call, html

FOLDER = "/data/projects/fate"


def result(retcode=0, retmsg="success", data=None, job_id=None, meta=None):
    """FATE-Flow's envelope: every empty key is left out, except retcode."""
    full = {"retcode": retcode, "retmsg": retmsg, "data": data, "jobId": job_id, "meta": meta}
    return {key: value for key, value in full.items() if value or key == "retcode"}


class Flow1:
    """``servings``: addresses of this FATE-Flow's serving-servers (``servers.servings``)."""

    def __init__(self, node, servings=()):
        self.node, self.servings = node, list(servings)
        self.old = node.version.startswith("1.4")
        self.deployed = {}  # version made by model/deploy → the training's
        node.hooks["load_do"] = self._load_do
        node.hooks["deploy_do"] = self._deploy_do
        self.lost = set()  # paths whose answer gets lost on the way, once, after the work was done
        self._posts = {
            "/v1/version/get": self._version,
            "/v1/data/upload": self._upload,
            "/v1/data/upload/history": self._history,
            "/v1/table/table_info": self._table_info,
            "/v1/table/delete": self._table_delete,
            "/v1/job/submit": self._submit,
            "/v1/job/query": self._job_query,
            "/v1/job/task/query": self._task_query,
            "/v1/job/stop": self._stop,
            "/v1/job/config": self._config,
            "/v1/pipeline/dag/dependency": self._dependency,
            "/v1/tracking/component/metrics": self._metric_names,
            "/v1/tracking/component/metric/all": self._metric_all,
            "/v1/tracking/component/metric_data": self._metric_data,
            "/v1/tracking/component/output/model": self._output_model,
            "/v1/tracking/component/output/data": self._output_data,
            "/v1/tracking/component/output/data/table": self._output_table,
            "/v1/model/load": self._load,
            "/v1/model/bind": self._bind,
            "/v1/model/transfer": self._transfer,
            "/v1/model/export": self._export,
        }
        self._gets = {
            "/v1/job/log": self._log,
            "/v1/model/export": self._export,
            "/v1/tracking/component/output/data/download": self._download,
        }
        if not self.old:
            self._posts |= {"/v1/model/deploy": self._deploy, "/v1/job/log/download": self._log}
            del self._gets["/v1/job/log"]

    def __call__(self, request):
        known = self._posts if request.method == "POST" else self._gets if request.method == "GET" else {}
        route = known.get(request.path)
        if route is None:
            both = request.path in self._posts or request.path in self._gets
            return html(405, "Method Not Allowed") if both else html(404, "Not Found")
        try:
            answer = route(request) if request.path == "/v1/data/upload" else route(request.json)
        except Reply as reply:
            return reply
        except Exception as error:
            if isinstance(error, (TypeError, AttributeError)):
                traceback.print_exc()
            return result(100, str(error))
        if request.path in self.lost:
            self.lost.discard(request.path)
            raise Reply(b"", 200, "text/html")
        return answer

    # --- data -----------------------------------------------------------------------------------------------------

    def _version(self, body):
        return result(data={body.get("module") or "FATE": self.node.version})

    def _upload(self, request):
        kind = request.headers.get("Content-Type", "")
        if kind.startswith("multipart/"):
            given, form = dict(request.query), request.form()
        else:
            given, form = request.json, {}
            if int(given.get("use_local_data", 1)) and "file" not in form:
                raise html(400, "Bad Request")
        needed = ["work_mode", "namespace", "table_name", "head", "partition"][0 if self.old else 1 :]
        missing = [name for name in needed if name not in given]
        if missing:
            raise ValueError(f"the following arguments are required: {','.join(missing)} ")
        space, name, node = given["namespace"], given["table_name"], self.node
        there = node.tables.get(space, name)
        drop = int(given.get("drop", 2))
        if node.parties is not None and there is not None and there.rows and drop not in (0, 1):
            raise ValueError("data table already exists. If you still want to continue uploading, please add --drop")
        job_id = node.new_id()
        file = given["file"]
        if isinstance(form.get("file"), bytes):
            import tempfile

            with tempfile.NamedTemporaryFile(delete=False) as kept:
                kept.write(form["file"])
            file = kept.name
        fresh = drop == 1 and node.parties is not None  # a standalone server looks at no drop: it merges
        plan = plans1.upload(job_id, given, file, fresh)
        node.submit(plan)
        return result(data=self._where(job_id, "local", 0, namespace=space, table_name=name), job_id=job_id)

    def _where(self, job_id, role, party, **more):
        board = f"http://localhost:8080/index.html#/dashboard?job_id={job_id}&role={role}&party_id={party}"
        paths = ("job_dsl_path", "job_dsl.json"), ("job_runtime_conf_path", "job_runtime_conf.json")
        found = {key: f"{FOLDER}/jobs/{job_id}/{name}" for key, name in paths}
        return {"board_url": board, "logs_directory": f"{FOLDER}/logs/{job_id}", **found, **more}

    def _history(self, body):
        return result(data=self.node.history[: int(body.get("limit", 10**6))])

    def _table_info(self, body):
        space, name = body["namespace"], body.get("table_name") or body["name"]
        if not self.old and self.node.tables.get(space, name) is None:
            empty = {"count": 0, "partition": None, "schema": None, "address": None, "extend_sid": False, "exist": 0}
            return result(data={**empty, "namespace": space, "table_name": name})
        table = self.node.tables.made(space, name)
        data = {"count": len(table.rows), "namespace": space, "partition": table.partition, "schema": table.schema()}
        more = {} if self.old else {"exist": 1, "extend_sid": False, "address": {"name": name, "namespace": space}}
        return result(data={**data, "table_name": name, **more})

    def _table_delete(self, body):
        if not self.node.tables.delete(body["namespace"], body["table_name"]):
            return result(101, "no find table")
        return result(data={"table_name": body["table_name"], "namespace": body["namespace"]})

    # --- jobs -----------------------------------------------------------------------------------------------------

    def _submit(self, body):
        job_id = self.node.new_id()
        plan = plans1.job(self, job_id, body)
        self.node.submit(plan)
        role, party = plan["initiator"]
        info = {"model_id": plan["model_id"], "model_version": plan["model_version"]}
        return result(data=self._where(job_id, role, party, model_info=info), job_id=job_id)

    def _rows(self, body):
        names = ("job_id", "role", "party_id", "status", "is_initiator")
        asked = {name: str(body[name]) for name in names if body.get(name) is not None}
        found = []
        if not asked:
            return found
        for job in list(self.node.jobs.values()):
            for row in shapes1.job_rows(job, self.old):
                if all(_same(row[f"f_{name}"], value) for name, value in asked.items()):
                    found.append(row)
        return found

    def _job_query(self, body):
        rows = self._rows(body)
        if not rows:
            return result(101, "find job failed") if self.old else result(0, "no job could be found")
        return result(data=rows)

    def _task_query(self, body):
        names = ("job_id", "role", "party_id", "component_name", "status")
        asked = {name: str(body[name]) for name in names if body.get(name) is not None}
        rows = [row for job in list(self.node.jobs.values()) for row in shapes1.task_rows(job)]
        rows = [row for row in rows if all(_same(row[f"f_{name}"], value) for name, value in asked.items())]
        return result(data=rows) if rows else result(101, "find task failed")

    def _stop(self, body):
        job_id = body.get("job_id")
        if job_id not in self.node.jobs:
            return result(100, f"can not found job: {job_id}") if self.old else result(101, "can not found job")
        self.node.stop(job_id)
        told = "kill job success" if self.old else "stop job on this party success; stop job on all party success"
        return result(0, told)

    def _config(self, body):
        job = self.node.jobs.get(body.get("job_id"))
        if job is None:
            return result(101, "find job failed")
        info = {"model_id": job.plan["model_id"], "model_version": job.plan["model_version"]}
        data = {"job_id": job.plan["job_id"], "dsl": job.plan["dsl"], "runtime_conf": job.plan["conf"]}
        return result(data={**data, "train_runtime_conf": {}, "model_info": info})

    def _dependency(self, body):
        plan = self.node.jobs[body["job_id"]].plan
        names = [name for name, _, _ in plan["components"]]
        depends = {}
        for name, component in plan["dsl"]["components"].items():
            inputs = [source for group in component.get("input", {}).get("data", {}).values() for source in group]
            found = [source.split(".")[0] for source in inputs if not source.startswith("args.")]
            if found:
                depends[name] = [{"component_name": source, "type": "data"} for source in found]
        data = {
            "component_list": names,
            "component_module": {name: module for name, module, _ in plan["components"]},
            "component_need_run": dict.fromkeys(names, True),
            "dependencies": depends,
        }
        return result(data=data)

    def _log(self, body):
        job = self.node.jobs.get(str(body["job_id"]))
        if job is None:
            raise Reply(json.dumps({"retcode": 101, "retmsg": "log not found"}), 500)
        memory = io.BytesIO()
        with gzip.GzipFile(fileobj=memory, mode="wb") as packed, tarfile.open(fileobj=packed, mode="w") as tar:
            for (role, party, component), lines in sorted(job.logs.items()):
                for kind in ("INFO", "ERROR"):
                    kept = [f"[{kind}] {line}" for line in lines if (kind == "ERROR") == ("Error" in line)]
                    info = tarfile.TarInfo(f"{role}/{party}/{component}/{kind}.log")
                    data = "\n".join(kept).encode()
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
        name = f"job_{body['job_id']}_log.tar.gz"
        return Reply(memory.getvalue(), 200, "application/x-tar", name)

    # --- results --------------------------------------------------------------------------------------------------

    def _of(self, body, kind):
        job = self.node.jobs[body["job_id"]]
        role, party = body.get("role"), body.get("party_id")
        if role is None:
            role, party = job.plan["initiator"]
        key = (body["component_name"], role, int(party))
        return job, key, getattr(job, kind).get(key)

    def _metric_names(self, body):
        _, _, found = self._of(body, "metrics")
        return result(data={space: list(inner) for space, inner in found.items()}) if found else result(0, "no data")

    def _metric_all(self, body):
        _, _, found = self._of(body, "metrics")
        return result(data=found) if found else result(0, "no data")

    def _metric_data(self, body):
        _, _, found = self._of(body, "metrics")
        metric = (found or {}).get(body["metric_namespace"], {}).get(body["metric_name"])
        if metric is None:
            return result(meta={"metric_type": None, "name": None})
        return result(data=metric["data"], meta=metric["meta"])

    def _output_model(self, body):
        job, (_name, role, party), task = self._of(body, "tasks")
        if task is None:
            raise ValueError("list indices must be integers or slices, not NoneType")
        plan = job.plan
        model = self.node.models.get((role, party, plan["model_id"], plan["model_version"]))
        if model is None:
            return result(0, "no data")
        return result(data=shapes1.model_data(model), meta=shapes1.model_meta(model, role))

    def _output_data(self, body):
        job, key, found = self._of(body, "outputs")
        if key not in job.tasks:
            raise ValueError("list indices must be integers or slices, not NoneType")
        if found is None:
            return result(0, "no data")
        return result(data=found["rows"][:100], meta={"header": found["header"], "total": len(found["rows"])})

    def _output_table(self, body):
        job, (name, role, party), found = self._of(body, "outputs")
        if found is None:
            return result(0, "no data")
        space = f"output_data_{job.plan['job_id']}_{name}"
        return result(data={"table_name": f"{job.plan['job_id']}-{role}-{party}", "table_namespace": space})

    def _download(self, body):
        job, (name, role, party), found = self._of(body, "outputs")
        if found is None:
            return result(0, "no data")
        lines = [",".join(found["header"])]
        lines += [",".join(json.dumps(v) if isinstance(v, dict) else str(v) for v in row) for row in found["rows"]]
        memory = io.BytesIO()
        with tarfile.open(fileobj=memory, mode="w:gz") as tar:
            for inner, text in (
                ("data.csv", "\n".join(lines)),
                ("data_meta.json", json.dumps({"header": found["header"]})),
            ):
                info = tarfile.TarInfo(inner)
                info.size = len(text.encode())
                tar.addfile(info, io.BytesIO(text.encode()))
        full = f"job_{job.plan['job_id']}_{name}_{role}_{party}_output_data.tar.gz"
        return Reply(memory.getvalue(), 200, "application/x-tar", full)

    # --- models ---------------------------------------------------------------------------------------------------

    def _model(self, role, party, model_id, version):
        return self.node.models.get((role, int(party), model_id, self.deployed.get(version, version)))

    def _deploy(self, body):
        model_id, version = body["model_id"], body["model_version"]
        parts = {part.split("-")[0]: part.split("-")[1].split("_") for part in model_id.split("#")[:-1]}
        (guest,) = parts["guest"]
        if self._model("guest", guest, model_id, version) is None:
            return result(100, f"Model {model_id} {version} not found")
        made = self.node.new_id()
        data = {"detail": {}, "model_id": model_id, "model_version": made}
        for role, parties in parts.items():
            data[role], data["detail"][role] = {}, {}
            for party in parties:
                self.node.tell(int(party), "deploy_do", {"made": made, "version": version})
                data[role][party] = 0
                told = f"deploy model of role {role} {party} success"
                data["detail"][role][party] = {"retcode": 0, "retmsg": told}
        return result(data=data, job_id=made)

    def _deploy_do(self, party, body):
        self.deployed[body["made"]] = self.deployed.get(body["version"], body["version"])
        return {}

    def _load(self, body):
        details, codes = {}, {}
        for role, parties in body["role"].items():
            if role == "arbiter":
                continue
            codes[role], details[role] = {}, {}
            for party in parties:
                local = {"role": role, "party_id": party}
                try:
                    answer = self.node.tell(int(party), "load_do", {**body, "local": local})
                except OSError as error:
                    answer = {"retcode": 100, "retmsg": f"rpc request error: {error}"}
                codes[role][str(party)] = answer["retcode"]
                details[role][str(party)] = answer
        good = all(code == 0 for inner in codes.values() for code in inner.values())
        data = {"detail": details, **codes}
        return result(0 if good else 101, "success" if good else "failed", data, self.node.new_id())

    def _load_do(self, party, body):
        wrong = next((p for ps in body["role"].values() for p in ps if not isinstance(p, str)), None)
        if wrong is not None or not isinstance(body["initiator"]["party_id"], str):
            return {"retcode": 100, "retmsg": f"{wrong} has type int, but expected one of: bytes, unicode"}
        given = body["job_parameters"]
        role, version = body["local"]["role"], given["model_version"]
        if not self.old and version not in self.deployed:
            told = (
                "Only deployed models could be used to execute process of loading. Please deploy model before loading."
            )
            return {"retcode": 100, "retmsg": told}
        if not self.servings:
            return {"retcode": 100, "retmsg": "Please configure servings address"}
        publish = {
            "role": role,
            "party": str(party),
            "roles": body["role"],
            "model_id": given["model_id"],
            "version": version,
        }
        return self._publish("/publishLoad", publish, self.servings, "success")

    def _publish(self, path, body, servings, told):
        for address in servings:
            try:
                answer = call(address, path, body, 5)
            except (OSError, ValueError):
                words = 'details = "failed to connect to all addresses"'
                text = f"<_Rendezvous of RPC that terminated with:\n\tstatus = StatusCode.UNAVAILABLE\n\t{words}\n>"
                return {"retcode": 100, "retmsg": text}
            if answer["statusCode"]:
                return {"retcode": 100, "retmsg": answer["message"]}
        return {"retcode": 0, "retmsg": told}

    def _bind(self, body):
        service = body.get("service_id")
        if not service:
            return result(101, "no service id")
        given, local = body["job_parameters"], body["initiator"]
        if not isinstance(local["party_id"], str):
            raise ValueError(f"{local['party_id']} has type int, but expected one of: bytes, unicode")
        publish = {
            "role": local["role"],
            "party": str(local["party_id"]),
            "model_id": given["model_id"],
            "version": given["model_version"],
            "service": service,
        }
        answer = self._publish(
            "/publishBind", publish, body.get("servings") or self.servings, f"service id is {service}"
        )
        return result(**answer)

    def _transfer(self, body):
        role, party, model_id = body["namespace"].split("#", 2)
        model = self._model(role, party, model_id, body["name"])
        if model is None:
            place = f"{FOLDER}/model_local_cache/{body['namespace']}/{body['name']}/define/define_meta.yaml"
            raise FileNotFoundError(f"[Errno 2] No such file or directory: '{place}'")
        kind = "Logistic" if model["logistic"] else "Linear"
        name, alias = ("hetero_lr_0", "hetero_lr") if model["logistic"] else ("hetero_linr_0", "hetero_linr")
        packed = {
            f"{name}.{alias}:Hetero{kind}RegressionParam": shapes1.model_data(model),
            f"{name}.{alias}:Hetero{kind}RegressionMeta": shapes1.model_meta(model, role)["meta_data"],
        }
        return result(
            data={key: base64.b64encode(json.dumps(value).encode()).decode() for key, value in packed.items()}
        )

    def _export(self, body):
        needed = ("model_id", "model_version", "role", "party_id")
        missing = [name for name in needed if name not in body]
        if missing:
            raise ValueError(f"the following arguments are required: {','.join(missing)} ")
        role, party = body["role"], body["party_id"]
        model = self._model(role, party, body["model_id"], body["model_version"])
        if model is None:
            raise FileNotFoundError(f"[Errno 2] No such file or directory: model {body['model_version']}")
        memory = io.BytesIO()
        with zipfile.ZipFile(memory, "w") as packed:
            packed.writestr("variables/data/model.json", json.dumps(shapes1.model_data(model)))
        name = f"{role}#{party}#{body['model_id']}_{body['model_version']}.zip"
        return Reply(memory.getvalue(), 200, "application/zip", name)


def _same(found, asked):
    return str(int(found) if isinstance(found, bool) else found) == ("1" if asked == "True" else asked)
