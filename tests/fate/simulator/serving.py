"""FATE-Serving 2.0.0/2.1.6: serving-server and serving-proxy. Always HTTP 200; nothing outlives a restart."""

import base64
import csv
import json
import time

from .learning import probability
from .web import Reply, call, html

NO_ROUTE = {"retcode": 105, "retmsg": "remote rpc exception"}
#: What the stock adaptor answers for every id.
MOCK = {
    "x0": 1,
    "x1": 5,
    "x2": 13,
    "x3": 58,
    "x4": 95,
    "x5": 352,
    "x6": 418,
    "x7": 833,
    "x8": 888,
    "x9": 937,
    "x10": 32776,
}


class ServingServer:
    """``proxy``: host:port of the own serving-proxy's inner port. ``transfer``: where models are fetched.

    ``adaptor``: None for the stock one, or the path of a table whose first column is the id: what an organisation's own
    adaptor would look up.
    """

    def __init__(self, proxy, transfer, adaptor=None):
        self.proxy, self.transfer, self.adaptor = proxy, transfer, adaptor
        self.models, self.bound = {}, {}
        self.slow = 0.0  # seconds that an inference takes longer

    def __call__(self, request):
        routes = {
            "/publishLoad": self._load,
            "/publishBind": self._bind,
            "/inference": self._inference,
            "/batch": self._batch,
            "/host": self._host,
        }
        if request.path not in routes:
            return html(404, "Not Found")
        return routes[request.path](request.json)

    def _load(self, body):
        key = (body["role"], body["party"], body["model_id"], body["version"])
        where = {"namespace": f"{body['role']}#{body['party']}#{body['model_id']}", "name": body["version"]}
        try:
            address, _, path = self.transfer.removeprefix("http://").partition("/")
            found = call(address, f"/{path}", where)
        except (OSError, ValueError):
            found = {"retcode": 107}
        if found["retcode"]:
            return {"statusCode": 107, "message": "load model error"}
        parts = {name: json.loads(base64.b64decode(text)) for name, text in found["data"].items()}
        # a class that is not known is only logged: the model is there, and has nothing that scores
        param = next((value for name, value in parts.items() if "HeteroLogisticRegressionParam" in name), None)
        self.models[key] = {"param": param, "roles": body["roles"]}
        return {"statusCode": 0, "message": "success"}

    def _bind(self, body):
        key = (body["role"], body["party"], body["model_id"], body["version"])
        if key not in self.models:
            return {"statusCode": 104, "message": "model not found"}
        self.bound[body["service"]] = key
        return {"statusCode": 0, "message": "success"}

    def _find(self, body):
        head, inner = body.get("head") or {}, body.get("body") or {}
        service = head.get("serviceId")
        if not service:
            return None, inner, {"retcode": 100, "retmsg": "serviceId is null"}
        if service not in self.bound:
            return None, inner, {"retcode": 104, "retmsg": "serviceId is not bind model"}
        return self.bound[service], inner, None

    def _inference(self, body):
        time.sleep(self.slow)
        key, inner, error = self._find(body)
        return error or self._one(key, inner)

    def _one(self, key, inner):
        if inner.get("featureData") is None or inner.get("sendToRemoteFeatureData", {}) is None:
            return {"retcode": 100, "retmsg": "featureData is null"}
        model = self.models[key]
        role, party, model_id, version = key
        data = {"modelId": f"{role}#{party}#{model_id}", "modelVersion": version, "timestamp": int(time.time() * 1000)}
        if model["param"] is None:
            return {"retcode": 0, "retmsg": "", "data": data, "flag": 0}
        host = str(model["roles"]["host"][0])  # the first one only, however many there were
        ask = {
            "party": host,
            "model_id": model_id,
            "version": version,
            "features": inner.get("sendToRemoteFeatureData") or {},
        }
        try:
            answer = call(self.proxy, "/unary", ask, 3)
        except (OSError, ValueError):
            answer = NO_ROUTE
        if answer["retcode"] == 105:
            return {"retcode": 105, "retmsg": f"host {host} remote error", "flag": 0}
        if answer["retcode"]:
            return {"retcode": 2000 + answer["retcode"], "retmsg": answer["retmsg"], "flag": 0}
        score = _linear(model["param"], inner["featureData"]) + model["param"]["intercept"] + answer["score"]
        return {"retcode": 0, "retmsg": "", "data": {**data, "score": probability(score)}, "flag": 0}

    def _batch(self, body):
        key, inner, error = self._find(body)
        if error:
            return error
        rows = []
        for it in inner.get("batchDataList", []):
            answer = self._one(key, it)
            kept = {name: value for name, value in answer.get("data", {}).items() if name == "score"}
            rows.append({"index": it["index"], "retcode": answer["retcode"], "retmsg": answer["retmsg"], "data": kept})
        role, party, model_id, version = key
        data = {"modelId": f"{role}#{party}#{model_id}", "modelVersion": version, "timestamp": int(time.time() * 1000)}
        by_index = {str(row["index"]): row for row in rows}
        whole = {"retcode": 0, "retmsg": "", "flag": 0, "data": data, "batchDataList": rows}
        return {**whole, "singleInferenceResultMap": by_index}

    def _host(self, body):
        time.sleep(self.slow)
        model = self.models.get(("host", body["party"], body["model_id"], body["version"]))
        if model is None:
            return {"retcode": 104, "retmsg": "model is null"}
        features = MOCK
        if self.adaptor:
            sample = next(iter(body["features"].values()), None)
            features = self._lookup(sample)
            if features is None:
                return {"retcode": 102, "retmsg": "feature not found"}
        return {"retcode": 0, "retmsg": "", "score": _linear(model["param"], features)}

    def _lookup(self, sample):
        with open(self.adaptor, encoding="utf-8") as handle:  # noqa: PTH123
            for row in csv.DictReader(handle):
                if next(iter(row.values())) == sample:
                    return row
        return None


def _linear(param, features):
    """Names that the model does not know are ignored, those that are missing count 0."""
    return sum(weight * float(features.get(name, 0)) for name, weight in param["weight"].items())


class ServingProxy:
    """``routes``: the ``route_table`` of its file. ``coordinator``: whose requests come in over the public port."""

    def __init__(self, routes, coordinator=9999):
        self.routes, self.coordinator = routes, str(coordinator)

    def public(self, request):
        calls = {"/federation/v1/inference": "/inference", "/federation/v1/batchInference": "/batch"}
        if request.path not in calls:
            return Reply(json.dumps({"retcode": 100, "retmsg": "unknown call"}))
        try:
            body = request.json
        except ValueError:
            return {"code": 110, "message": "SYSTEM_ERROR"}
        return self._pass(self.coordinator, "serving", calls[request.path], body)

    def inner(self, request):
        """Both from the own server, about another party, and from another proxy, about the own one."""
        body = request.json
        if "serving" in self.routes.get(body["party"], {}):
            return self._pass(body["party"], "serving", "/host", body)
        return self._pass(body["party"], "default", "/unary", body)

    def _pass(self, party, role, path, body):
        entries = self.routes.get(party, self.routes.get("default", {})).get(role) or []
        try:
            return call(f"{entries[0]['ip']}:{entries[0]['port']}", path, body, 3)
        except (OSError, ValueError, IndexError):
            return NO_ROUTE
