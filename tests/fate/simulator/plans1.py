"""From what a client of FATE-Flow 1.x submits to the plan that a node works through."""

import json

ROLES = {
    "Reader": ("guest", "host"),
    "DataIO": ("guest", "host"),
    "DataTransform": ("guest", "host"),
    "Intersection": ("guest", "host"),
    "HeteroLR": ("guest", "host", "arbiter"),
    "HeteroLinR": ("guest", "host", "arbiter"),
    "Evaluation": ("guest", "host"),
    "SecureAddExample": ("guest", "host"),
}
#: Effective defaults of 1.4.4.
DEFAULTS = {
    "HeteroLR": {"batch_size": 320, "early_stop": "diff", "decay": 1, "decay_sqrt": True, "init": "random_normal"},
    "HeteroLinR": {"batch_size": -1, "early_stop": "weight_diff", "decay": 10, "decay_sqrt": False, "init": "zeros"},
}
COMMON = {"penalty": "L2", "tol": 1e-5, "alpha": 0.01, "optimizer": "sgd", "learning_rate": 0.01, "max_iter": 100}


def model_id_of(roles):
    parts = (f"{role}-{'_'.join(map(str, sorted(map(int, parties))))}" for role, parties in sorted(roles.items()))
    return "#".join([*parts, "model"])


def upload(job_id, given, file, fresh):
    columns = ("work_mode", "head", "partition", "namespace", "table_name")
    parameters = {**{key: [_whole(given.get(key))] for key in columns}, "file": [file], "in_version": [None]}
    conf = {
        "initiator": {"role": "local", "party_id": 0},
        "job_parameters": {
            "work_mode": _whole(given.get("work_mode")),
            "model_id": "local-0#model",
            "model_version": job_id,
        },
        "role": {"local": [0]},
        "role_parameters": {"local": {"upload_0": parameters}},
    }
    return {
        "job_id": job_id,
        "kind": "upload",
        "initiator": ["local", 0],
        "roles": {"local": [0]},
        "components": [["upload_0", "Upload", ["local"]]],
        "dsl": {"components": {"upload_0": {"module": "Upload"}}},
        "conf": conf,
        "model_id": "local-0#model",
        "model_version": job_id,
        "file": file,
        "namespace": given["namespace"],
        "name": given["table_name"],
        "head": bool(int(given["head"])),
        "partition": int(given["partition"]),
        "fresh": fresh,
    }


def _whole(value):
    return int(value) if isinstance(value, str) and value.isdigit() else value


def job(flow, job_id, body):
    """Raises ValueError with FATE-Flow's own words for what it refuses at once."""
    node = flow.node
    dsl = body.get("job_dsl" if flow.old else "dsl") or {}
    conf = json.loads(json.dumps(body.get("job_runtime_conf" if flow.old else "runtime_conf") or {}))
    given = conf.get("job_parameters") or {}
    if not flow.old:
        given = given.get("common") or {}
    elif given.get("work_mode") not in (0, 1):
        modes = "(<WorkMode.CLUSTER: 1>, <WorkMode.STANDALONE: 0>)"
        raise ValueError(f"the following arguments are required:  work_mode={modes}")
    elif given["work_mode"] == 1 and node.parties is None:
        raise ValueError("server run on standalone can not support cluster mode job")
    elif given["work_mode"] == 0 and node.parties is not None:
        raise ValueError("please start fate flow server")
    if "initiator" not in conf:
        raise ValueError("the following arguments are required: initiator ")
    roles, start = conf.get("role") or {}, conf["initiator"]
    if start["party_id"] not in roles.get(start["role"], []):
        raise ValueError(f"initiator party id error {start['party_id']}")
    predicting = given.get("job_type") == "predict"
    plan = {
        "job_id": job_id,
        "kind": "predict" if predicting else "train",
        "initiator": [start["role"], start["party_id"]],
        "roles": roles,
        "conf": conf,
        "readers": {},
        "labels": {},
        "model_id": model_id_of(roles),
        "model_version": job_id,
    }
    if predicting:
        dsl = _inference(flow, plan, given)
    components = dsl.get("components") or {}
    if not components:
        raise ValueError("there are no dsl, please check if the role and party id are correct")
    for _name, component in components.items():
        if component["module"] not in ROLES:
            place = f"/data/projects/fate/federatedml/conf/setting_conf/{component['module']}.json"
            raise ValueError(f"[Errno 2] No such file or directory: '{place}'")
        sources = [source for group in component.get("input", {}).get("data", {}).values() for source in group]
        for source in sources:
            if source.split(".")[0] not in ("args", *components):
                raise ValueError(f"unknown module input {source.split('.')[0]}")
    plan["dsl"] = dsl
    plan["components"] = [[name, it["module"], list(ROLES[it["module"]])] for name, it in components.items()]
    (_read_1 if flow.old else _read_2)(plan, conf, predicting)
    _parameters(flow, plan, conf)
    if flow.old and not predicting:
        given |= {"model_id": plan["model_id"], "model_version": job_id}
    return plan


def _inference(flow, plan, given):
    missing = [name for name in ("model_id", "model_version") if not given.get(name)]
    if missing:
        raise ValueError(f"the following arguments are required: {','.join(missing)} ")
    version = given["model_version"]
    trained = flow.node.jobs.get(flow.deployed.get(version, version))
    if trained is None or trained.plan["model_id"] != given["model_id"]:
        party = "#".join(map(str, plan["initiator"]))
        place = f"/data/projects/fate/model_local_cache/{party}#{given['model_id']}/{version}/define/define_meta.yaml"
        raise ValueError(f"[Errno 2] No such file or directory: '{place}'")
    plan["model_id"], plan["model_version"] = given["model_id"], trained.plan["model_version"]
    plan["labels"] = trained.plan["labels"]
    kept = {name: it for name, it in trained.plan["dsl"]["components"].items() if it["module"] != "Evaluation"}
    return {"components": kept}


def _read_1(plan, conf, predicting):
    entry = "eval_data" if predicting else "train_data"
    for role, parameters in (conf.get("role_parameters") or {}).items():
        tables = parameters.get("args", {}).get("data", {}).get(entry, [])
        for party, table in zip(plan["roles"][role], tables, strict=False):
            plan["readers"][f"{role}-{party}"] = {"namespace": table["namespace"], "name": table["name"]}
        told = parameters.get("dataio_0", {})
        for place, party in enumerate(plan["roles"][role]):
            if told.get("with_label", [role == "guest"])[place] and not predicting:
                plan["labels"][f"{role}-{party}"] = told.get("label_name", ["y"])[place]


def _read_2(plan, conf, predicting):
    common = conf.get("component_parameters", {}).get("common", {}).get("data_transform_0", {})
    for role, inner in conf.get("component_parameters", {}).get("role", {}).items():
        for place, party in enumerate(plan["roles"][role]):
            own = inner.get(str(place), {})
            if "reader_0" in own:
                table = own["reader_0"]["table"]
                plan["readers"][f"{role}-{party}"] = {"namespace": table["namespace"], "name": table["name"]}
            told = {**common, **own.get("data_transform_0", {})}
            if told.get("with_label", role == "guest") and not predicting:
                plan["labels"][f"{role}-{party}"] = told.get("label_name", "y")


def _parameters(flow, plan, conf):
    blocks = (
        conf.get("algorithm_parameters", {}) if flow.old else conf.get("component_parameters", {}).get("common", {})
    )
    for name, module, _ in plan["components"]:
        given = blocks.get(name, {})
        if module == "SecureAddExample":
            plan["data_num"] = int(given.get("data_num", 1000))
        if module in DEFAULTS:
            done = {**COMMON, **DEFAULTS[module], **given}
            done["init"] = given.get("init_param", {}).get("init_method", done["init"])
            done["seed"] = given.get("init_param", {}).get("random_seed")
            done["encrypt"] = given.get("encrypt_param", {}).get("method", "Paillier").lower()
            plan["parameters"], plan["logistic"] = done, module == "HeteroLR"
