"""What each component of a job does. ``WORK[module](node, job, name)`` runs at the initiator's node."""

import time

from . import learning
from .node import Failure

_DATA = "ValueError: Count of data_instance is 0"


def _data_parties(plan):
    return [(role, int(party)) for role in ("guest", "host") for party in plan["roles"].get(role, [])]


def _fetch(node, plan, role, party, ids=None):
    where = plan["readers"].get(f"{role}-{party}")
    if where is None:
        raise Failure(role, party, "ValueError: no input data")
    return node.tell(party, "table", {**where, "ids": ids})


def upload(node, job, name):
    plan = job.plan
    try:
        with open(plan["file"], encoding="utf-8") as handle:  # noqa: PTH123
            text = handle.read()
    except OSError as error:
        raise Failure("local", 0, f"Exception: {error}") from None
    space, table = plan["namespace"], plan["name"]
    count = node.tables.load(space, table, text, plan["head"], plan["partition"], plan["fresh"])
    found = node.tables.get(space, table)
    node.history.insert(
        0,
        {
            plan["job_id"]: {
                "meta": found.schema(),
                "notes": "",
                "upload_info": {
                    "actual_count": len(found.rows),
                    "namespace": space,
                    "partition": found.partition,
                    "table_name": table,
                    "upload_count": count,
                },
            }
        },
    )


def read(node, job, name):
    """DataIO, DataTransform, Reader: the tables are there, and the label is where the configuration says."""
    plan = job.plan
    for role, party in _data_parties(plan):
        found = _fetch(node, plan, role, party)
        if not found["ids"]:
            raise Failure(role, party, _DATA)
        label = plan["labels"].get(f"{role}-{party}")
        if label and label not in found["header"] and plan["kind"] == "train":
            raise Failure(role, party, f"ValueError: '{label}' is not in list")


def intersect(node, job, name):
    plan = job.plan
    (guest,) = plan["roles"]["guest"]
    ids = _fetch(node, plan, "guest", guest)["ids"]
    common, size = ids, len(ids)
    for party in plan["roles"]["host"]:
        theirs = set(_fetch(node, plan, "host", party)["ids"])
        common = [key for key in common if key in theirs]
    job.common = common
    data = [["intersect_count", len(common)], ["intersect_rate", round(len(common) / size, 6)]]
    meta = {"metric_type": "INTERSECTION", "name": "intersection"}
    metrics = {"train": {"intersection": {"data": data, "meta": meta}}}
    node.tell(guest, "metrics", {"job": plan["job_id"], "component": name, "role": "guest", "metrics": metrics})


def _side_by_side(node, plan, ids, weights_of=None):
    """(features in one row per id, hosts first; header of each (role, party); labels or None)."""
    parts, headers, labels = [], {}, None
    order = [("host", int(party)) for party in plan["roles"]["host"]] + [("guest", int(plan["roles"]["guest"][0]))]
    for role, party in order:
        found = _fetch(node, plan, role, party, ids)
        label = plan["labels"].get(f"{role}-{party}")
        names = [column for column in found["header"] if column != label]
        if weights_of is not None:
            names = weights_of[role, party]["header"]
        try:
            places = [found["header"].index(column) for column in names]
            parts.append([[float(row[place]) for place in places] for row in found["rows"]])
        except ValueError as error:
            raise Failure(role, party, f"ValueError: {error}") from None
        headers[role, party] = names
        if label and label in found["header"]:
            labels = [float(row[found["header"].index(label)]) for row in found["rows"]]
    rows = [[value for part in together for value in part] for together in zip(*parts, strict=True)]
    return rows, headers, labels


def _check(plan, parameters, logistic):
    guest = int(plan["roles"]["guest"][0])
    name = "logistic_param's" if logistic else "linear_param's"
    allowed = [*learning.OPTIMIZERS, "sqn"] if logistic else [*learning.OPTIMIZERS[:4], "sqn"]
    if str(parameters["optimizer"]).lower() not in allowed:
        raise Failure("guest", guest, f"ValueError: {name} optimizer not supported, should be one of {allowed}")
    if parameters["batch_size"] != -1 and parameters["batch_size"] < 10:
        text = f"ValueError: {name} {parameters['batch_size']} not supported, should be larger than 10 or -1"
        raise Failure("guest", guest, text)
    if parameters["encrypt"] != "paillier":
        raise Failure("guest", guest, f"ValueError: encrypt_param's method {parameters['encrypt']} not supported")
    if len(plan["roles"]["host"]) > 1 and parameters["early_stop"] != "weight_diff":
        raise Failure("arbiter", int(plan["roles"]["arbiter"][0]), "ValueError: only weight_diff for multi-host")


def train(logistic):
    def work(node, job, name):
        plan = job.plan
        if plan["kind"] == "predict":
            _predict(node, job, name, logistic)
            return
        parameters = plan["parameters"]
        _check(plan, parameters, logistic)
        rows, headers, labels = _side_by_side(node, plan, job.common)
        fit = learning.Fit(rows, labels, parameters, logistic)
        epoch = parameters.get("epoch_seconds", 0)
        fit.run(lambda: job.stopped, lambda losses: (time.sleep(epoch), _tell_loss(node, plan, name, losses)))
        start = 0
        for (role, party), header in headers.items():
            model = {
                "header": header,
                "weights": fit.weights[start : start + len(header)],
                "intercept": fit.weights[-1] if role == "guest" else 0.0,
                "iters": len(fit.losses),
                "converged": fit.converged,
                "logistic": logistic,
                "parameters": parameters,
            }
            _keep_model(node, plan, role, party, model)
            start += len(header)
        for party in plan["roles"]["arbiter"]:
            empty = {"header": [], "weights": [], "intercept": 0.0, "iters": 0, "converged": False}
            _keep_model(node, plan, "arbiter", int(party), {**empty, "logistic": logistic, "parameters": parameters})
        scores = [learning.dot(row, fit.weights) for row in fit.rows]
        _write_rows(node, job, name, labels, scores, logistic, "train")

    return work


def _tell_loss(node, plan, name, losses):
    if len(plan["roles"]["host"]) > 1:
        return  # FATE cannot compute one then
    meta = {"curve_name": "loss", "metric_type": "LOSS", "name": "train", "unit_name": "iters"}
    metrics = {"train": {"loss": {"data": [[k, loss] for k, loss in enumerate(losses)], "meta": meta}}}
    for party in plan["roles"]["arbiter"]:
        body = {"job": plan["job_id"], "component": name, "role": "arbiter", "metrics": metrics}
        node.tell(int(party), "metrics", body)


def _keep_model(node, plan, role, party, model):
    body = {"role": role, "model_id": plan["model_id"], "version": plan["model_version"], "model": model}
    node.tell(party, "model", body)


def _predict(node, job, name, logistic):
    plan, parts = job.plan, {}
    for role, party in _data_parties(plan):
        body = {"role": role, "model_id": plan["model_id"], "version": plan["model_version"]}
        parts[role, party] = node.tell(party, "weights", body)
    rows, _, labels = _side_by_side(node, plan, job.common, parts)
    order = [("host", int(party)) for party in plan["roles"]["host"]] + [("guest", int(plan["roles"]["guest"][0]))]
    weights = [w for member in order for w in parts[member]["weights"]]
    intercept = parts[order[-1]]["intercept"]
    scores = [learning.dot(row, weights) + intercept for row in rows]
    _write_rows(node, job, name, labels or [0.0] * len(rows), scores, logistic, "predict")


def _write_rows(node, job, name, labels, scores, logistic, kind):
    plan = job.plan
    guest = int(plan["roles"]["guest"][0])
    out = []
    for key, label, score in zip(job.common, labels, scores, strict=True):
        if logistic:
            chance = learning.probability(score)
            detail = {"0": 1 - chance, "1": chance}
            out.append([key, int(label), int(chance > 0.5), chance, detail, kind])
        else:
            out.append([key, label, score, score, {"label": score}, kind])
    sid = _fetch(node, plan, "guest", guest, [])["sid"]
    header = [sid, "label", "predict_result", "predict_score", "predict_detail", "type"]
    body = {"job": plan["job_id"], "component": name, "role": "guest", "output": {"header": header, "rows": out}}
    node.tell(guest, "output", body)


def evaluate(node, job, name):
    plan = job.plan
    guest = int(plan["roles"]["guest"][0])
    source = next(component for component, module, _ in plan["components"] if module in ("HeteroLR", "HeteroLinR"))
    output = node.jobs[plan["job_id"]].outputs[source, "guest", guest]
    labels = [row[1] for row in output["rows"]]
    scores = [row[3] for row in output["rows"]]
    if plan["logistic"]:
        auc, ks = learning.auc_and_ks(labels, scores)
        data = [["auc", round(auc, 6)], ["ks", round(ks, 6)]]
    else:
        data = [[key, round(value, 6)] for key, value in learning.regression_metrics(labels, scores).items()]
    meta = {"metric_type": "EVALUATION_SUMMARY", "name": source}
    metrics = {"train": {source: {"data": data, "meta": meta}}}
    node.tell(guest, "metrics", {"job": plan["job_id"], "component": name, "role": "guest", "metrics": metrics})


def add(node, job, name):
    """SecureAddExample: the result stands in the log only."""
    plan = job.plan
    total = 2 * plan["data_num"]
    guest = int(plan["roles"]["guest"][0])
    for party in plan["roles"]["host"]:  # both sides must be there
        node.tell(int(party), "table", {"namespace": "-", "name": "-"})
    key = ("guest", guest, name)
    node.jobs[plan["job_id"]].logs.setdefault(key, []).append(f"success to calculate secure_sum, it is {total:.1f}")


WORK = {
    "Upload": upload,
    "Reader": read,
    "DataIO": read,
    "DataTransform": read,
    "Intersection": intersect,
    "HeteroLR": train(True),
    "HeteroLinR": train(False),
    "Evaluation": evaluate,
    "SecureAddExample": add,
}
