"""How a job is written for each kind of FATE-Flow: from roles, tables and options to the body of a submit.

Component names are the same for all versions where FATE leaves the choice: ``model`` in the dag is FATE 1's module.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fedwarden.common.api import JobSpec
from fedwarden.engines.fate.tables import TableName
from fedwarden.engines.fate.versions import Version

MODULES = {"hetero_lr": "HeteroLR", "hetero_linr": "HeteroLinR"}
OPTIMIZERS = {"nesterov": "nesterov_momentum_sgd"}
#: A block of this name stands for no component, so FATE 1.4 ignores it; by it we know a job of ours again.
MARK = "fedwarden_request"


class Components(NamedTuple):
    """What the parts of a job are called: reads the tables, aligns, trains (or adds), evaluates."""

    read: str
    align: str
    work: str
    evaluate: str


def components(version: Version, algorithm: str) -> Components:
    if version.dsl == "dag":
        return Components("reader_0", "psi_0", "model_0", "evaluation_0")
    work = "secure_add_example_0" if algorithm == "example" else f"{algorithm}_0"
    return Components(
        "dataio_0" if version.dsl == "dsl-1" else "data_transform_0", "intersection_0", work, "evaluation_0"
    )


def roles_of(spec: JobSpec) -> dict[str, list[int]]:
    """FATE's roles: hosts in the order of their names."""
    hosts = [peer.party for peer in spec.roles if peer.role.startswith("host")]
    own = {peer.role: [peer.party] for peer in spec.roles if not peer.role.startswith("host")}
    return {"guest": own["guest"], "host": hosts, "arbiter": own["arbiter"]}


def tables_of(spec: JobSpec) -> dict[str, list[TableName]]:
    """Guest's and hosts' tables, in the order of ``roles_of``."""
    found: dict[str, list[TableName]] = {"guest": [], "host": []}
    for peer in spec.roles:
        if peer.role in spec.role_datasets:
            role = "guest" if peer.role == "guest" else "host"
            found[role].append(TableName.parse(spec.role_datasets[peer.role]))
    return found


def body(version: Version, spec: JobSpec, work_mode: int) -> dict[str, Any]:
    """The body of a submit."""
    if version.dsl == "dsl-1":
        return _dsl_1(spec, work_mode)
    return _dsl_2(spec) if version.dsl == "dsl-2" else _dag(spec, "train", {})


def predict_body(version: Version, spec: JobSpec, work_mode: int, model_id: str, model_version: str) -> dict[str, Any]:
    """The body of an offline prediction: ``spec`` is the training's, with the tables that are to be scored."""
    model = {"model_id": model_id, "model_version": model_version}
    roles, tables = roles_of(spec), tables_of(spec)
    start = {"role": "guest", "party_id": roles["guest"][0]}
    if version.dsl == "dag":
        return _dag(spec, "predict", model)
    if version.dsl == "dsl-1":
        own = {role: {"args": {"data": {"eval_data": _named(found)}}} for role, found in tables.items()}
        conf = {
            "initiator": start,
            "job_parameters": {"work_mode": work_mode, "job_type": "predict", **model},
            "role": roles,
            "role_parameters": own,
        }
        return {"job_dsl": {}, "job_runtime_conf": conf}
    readers = {role: _readers(found) for role, found in tables.items()}
    conf = {
        "dsl_version": 2,
        "initiator": start,
        "role": roles,
        "job_parameters": {"common": {"job_type": "predict", "timeout": spec.options["timeout"], **model}},
        "component_parameters": {"role": readers},
    }
    return {"dsl": {}, "runtime_conf": conf}


def _named(tables: list[TableName]) -> list[dict[str, str]]:
    return [{"name": table.name, "namespace": table.namespace} for table in tables]


def _readers(tables: list[TableName]) -> dict[str, Any]:
    return {str(place): {"reader_0": {"table": named}} for place, named in enumerate(_named(tables))}


def _training(spec: JobSpec, logistic: bool) -> dict[str, Any]:
    """FATE 1's parameters of HeteroLR and HeteroLinR, all of them ours, so that none of its defaults surprises."""
    chosen = spec.options
    return {
        "penalty": {"none": "NONE"}.get(chosen["penalty"], chosen["penalty"]),
        "optimizer": OPTIMIZERS.get(chosen["optimizer"], chosen["optimizer"]),
        "tol": chosen["tol"],
        "alpha": chosen["alpha"],
        "max_iter": chosen["max_iter"],
        "early_stop": chosen["early_stop"],
        "batch_size": chosen["batch_size"],
        "learning_rate": chosen["learning_rate"],
        "decay": 1.0 if logistic else 0.0,
        "decay_sqrt": logistic,
        "init_param": {"init_method": "zeros", "fit_intercept": True},
        "encrypt_param": {"method": "Paillier", "key_length": chosen["key_length"]},
        # every value encrypted afresh: the faster modes let anybody with the public key compare two iterations
        "encrypted_mode_calculator_param": {"mode": "strict"},
    }


def _dsl_1(spec: JobSpec, work_mode: int) -> dict[str, Any]:
    roles, tables = roles_of(spec), tables_of(spec)
    conf: dict[str, Any] = {
        "initiator": {"role": "guest", "party_id": roles["guest"][0]},
        "job_parameters": {"work_mode": work_mode, "timeout": spec.options["timeout"]},
        "role": roles,
    }
    mark = {MARK: {"id": spec.job_id}}
    if spec.algorithm == "example":
        work = _work(spec)
        seeds = {"guest": 123, "host": 321}
        conf["role_parameters"] = {role: {work: {"seed": [seed] * len(roles[role])}} for role, seed in seeds.items()}
        conf["algorithm_parameters"] = {work: {"partition": 4, "data_num": spec.options["data_num"]}, **mark}
        return {"job_dsl": {"components": {work: {"module": "SecureAddExample"}}}, "job_runtime_conf": conf}
    logistic, module = spec.algorithm == "hetero_lr", MODULES[spec.algorithm]
    work, alias = _work(spec), spec.algorithm
    dsl = {
        "dataio_0": {
            "module": "DataIO",
            "input": {"data": {"data": ["args.train_data"]}},
            "output": {"data": ["train"], "model": ["dataio"]},
        },
        "intersection_0": {
            "module": "Intersection",
            "input": {"data": {"data": ["dataio_0.train"]}},
            "output": {"data": ["train"]},
        },
        work: {
            "module": module,
            "input": {"data": {"train_data": ["intersection_0.train"]}},
            "output": {"data": ["train"], "model": [alias]},
        },
        "evaluation_0": {"module": "Evaluation", "input": {"data": {"data": [f"{work}.train"]}}},
    }
    conf["role_parameters"] = {
        "guest": {
            "args": {"data": {"train_data": _named(tables["guest"])}},
            "dataio_0": _listed([_reading(table, logistic) for table in tables["guest"]]),
            "evaluation_0": {"eval_type": ["binary" if logistic else "regression"], "pos_label": [1]},
        },
        "host": {
            "args": {"data": {"train_data": _named(tables["host"])}},
            "dataio_0": _listed([_reading(table, logistic) for table in tables["host"]]),
            "evaluation_0": {"need_run": [False] * len(roles["host"])},
        },
    }
    # FATE's own example calls the second block intersect_0, which names no component and has no effect
    aligning = {"intersect_method": "rsa", "sync_intersect_ids": True, "only_output_key": False}
    conf["algorithm_parameters"] = {work: _training(spec, logistic), "intersection_0": aligning, **mark}
    return {"job_dsl": {"components": dsl}, "job_runtime_conf": conf}


def _work(spec: JobSpec) -> str:
    return "secure_add_example_0" if spec.algorithm == "example" else f"{spec.algorithm}_0"


def _reading(table: TableName, logistic: bool) -> dict[str, Any]:
    """How DataIO and DataTransform read one table."""
    told: dict[str, Any] = {"with_label": table.label is not None, "output_format": "dense", "outlier_replace": False}
    if table.label is not None:
        told |= {"label_name": table.label, "label_type": "int" if logistic else "float"}
    told["missing_fill"] = table.missing == "mean"
    if table.missing == "mean":
        told["missing_fill_method"] = "mean"
    return told


def _listed(parameters: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """FATE 1.4 wants one entry per party of the role in every value."""
    keys = sorted({key for it in parameters for key in it})
    return {key: [it.get(key) for it in parameters] for key in keys}


def _dsl_2(spec: JobSpec) -> dict[str, Any]:
    roles, tables = roles_of(spec), tables_of(spec)
    conf: dict[str, Any] = {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": roles["guest"][0]},
        "role": roles,
        "job_parameters": {"common": {"job_type": "train", "timeout": spec.options["timeout"]}},
    }
    work = _work(spec)
    if spec.algorithm == "example":
        own = {"guest": {"0": {work: {"seed": 123}}}}
        own["host"] = {str(place): {work: {"seed": 321}} for place in range(len(roles["host"]))}
        common = {work: {"partition": 4, "data_num": spec.options["data_num"]}}
        conf["component_parameters"] = {"common": common, "role": own}
        return {"dsl": {"components": {work: {"module": "SecureAddExample"}}}, "runtime_conf": conf}
    logistic = spec.algorithm == "hetero_lr"
    dsl = {
        "reader_0": {"module": "Reader", "output": {"data": ["data"]}},
        "data_transform_0": {
            "module": "DataTransform",
            "input": {"data": {"data": ["reader_0.data"]}},
            "output": {"data": ["data"], "model": ["model"]},
        },
        "intersection_0": {
            "module": "Intersection",
            "input": {"data": {"data": ["data_transform_0.data"]}},
            "output": {"data": ["data"]},
        },
        work: {
            "module": MODULES[spec.algorithm],
            "input": {"data": {"train_data": ["intersection_0.data"]}},
            "output": {"data": ["data"], "model": ["model"]},
        },
        "evaluation_0": {"module": "Evaluation", "input": {"data": {"data": [f"{work}.data"]}}},
    }
    readers = {role: _readers(found) for role, found in tables.items()}
    for role, found in tables.items():
        for place, table in enumerate(found):
            readers[role][str(place)]["data_transform_0"] = _reading(table, logistic)
    common = {
        work: _training(spec, logistic),
        "intersection_0": {"intersect_method": "rsa", "sync_intersect_ids": True, "only_output_key": False},
        "evaluation_0": {"eval_type": "binary" if logistic else "regression"},
    }
    conf["component_parameters"] = {"common": common, "role": readers}
    return {"dsl": {"components": dsl}, "runtime_conf": conf}


def _dag(spec: JobSpec, stage: str, model: dict[str, str]) -> dict[str, Any]:
    roles, tables = roles_of(spec), tables_of(spec)
    parties = [{"role": role, "party_id": [str(party) for party in found]} for role, found in roles.items()]
    data = parties[:2]
    guest = parties[:1]
    names = _dag_names(stage)
    logistic = spec.algorithm == "hetero_lr"

    def output(task: str, key: str, of: list[dict[str, Any]]) -> dict[str, Any]:
        return {"task_output_artifact": {"producer_task": task, "output_artifact_key": key, "parties": of}}

    tasks: dict[str, Any] = {
        names.read: {"component_ref": "reader", "parameters": {}, "parties": data, "stage": "default"},
        names.align: {
            "component_ref": "psi",
            "dependent_tasks": [names.read],
            "parameters": {},
            "inputs": {"data": {"input_data": output(names.read, "output_data", data)}},
            "parties": data,
            "stage": "default",
        },
        names.work: {
            "component_ref": "coordinated_lr" if logistic else "coordinated_linr",
            "dependent_tasks": [names.align],
            "parameters": _coordinated(spec, logistic),
            "inputs": {"data": {"train_data": output(names.align, "output_data", data)}, "model": {}},
        },
    }
    conf: dict[str, Any] = {"task": {"timeout": spec.options["timeout"]}}
    if stage == "predict":
        conf["model_warehouse"] = model
        aligned = output(names.align, "output_data", data)["task_output_artifact"]
        kept = {"producer_task": names.work, "output_artifact_key": "output_model", "parties": data}
        tasks[names.work]["inputs"] = {
            "data": {"test_data": {"task_output_artifact": [aligned]}},
            "model": {"input_model": {"model_warehouse": kept}},
        }
    else:
        scored = output(names.work, "train_output_data", guest)["task_output_artifact"]
        tasks[names.evaluate] = {
            "component_ref": "evaluation",
            "dependent_tasks": [names.work],
            "parameters": {"default_eval_setting": "binary" if logistic else "regression"},
            "inputs": {"data": {"input_datas": {"task_output_artifact": [scored]}}},
            "parties": guest,
            "stage": "default",
        }
    own = {}
    for role, found in tables.items():
        for party, named in zip(roles[role], _named(found), strict=True):
            who = [{"role": role, "party_id": [str(party)]}]
            own[f"{role}_{party}"] = {"parties": who, "tasks": {names.read: {"parameters": named}}}
    dag = {"parties": parties, "conf": conf, "stage": stage, "tasks": tasks, "party_tasks": own}
    return {"dag_schema": {"schema_version": "2.2.0", "dag": dag}}


def _dag_names(stage: str) -> Components:
    # a model remembers what its tasks were called; only the reader is another one
    return Components("reader_1" if stage == "predict" else "reader_0", "psi_0", "model_0", "evaluation_0")


def _coordinated(spec: JobSpec, logistic: bool) -> dict[str, Any]:
    chosen = spec.options
    told: dict[str, Any] = {
        "epochs": chosen["max_iter"],
        "batch_size": None if chosen["batch_size"] == -1 else chosen["batch_size"],
        "optimizer": {
            "method": chosen["optimizer"],
            "penalty": chosen["penalty"].lower(),
            "alpha": chosen["alpha"],
            "optimizer_params": {"lr": chosen["learning_rate"]},
        },
        "learning_rate_scheduler": {"method": "constant", "scheduler_params": {"factor": 1.0}},
        "init_param": {"method": "zeros", "fit_intercept": True},
        "early_stop": chosen["early_stop"],
        "tol": chosen["tol"],
    }
    return {**told, "threshold": 0.5} if logistic else told
