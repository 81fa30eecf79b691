"""One online prediction by FATE-Serving. Nothing of it is stored or logged. Imports little: predict must be quick."""

from __future__ import annotations

import math
from typing import Any

from fedwarden.common.errors import ModelError
from fedwarden.engines.fate.http import Web

#: FATE-Serving gives up after 3 s; its own answer shall arrive.
SECONDS = 8.0
#: Whose cause is known, by FATE-Serving's code; 2NNN is the host's NNN.
_CAUSES = {100: "parameter", 104: "unbound", 105: "network", 106: "route", 128: "route"}
_NO_ROW = (102, 113, 116)


def infer(serving: Web, party: int, name: str, features: dict[str, float], remote: dict[str, str]) -> float:
    """The score of one sample. Raises ModelError FW-MODEL-602 … -607 (never with a value in it), LinkError."""
    body = {
        "head": {"serviceId": name},
        "body": {"featureData": features, "sendToRemoteFeatureData": remote},
    }
    answer = serving.ask("POST", "/federation/v1/inference", body, SECONDS)
    code = answer.get("retcode", answer.get("code"))
    if code != 0:
        raise _error(party, name, code, str(answer.get("retmsg", answer.get("message", "-"))))
    score = score_of(answer)
    if score is None:
        raise ModelError("FW-MODEL-602", name=name)
    return score


def score_of(answer: dict[str, Any]) -> float | None:
    """``data.score`` (2.x), ``data.prob`` (1.2), or ``prob`` at the top; None when there is no finite number."""
    data = answer.get("data")
    places = [data.get("score"), data.get("prob")] if isinstance(data, dict) else []
    for value in [*places, answer.get("prob"), answer.get("score")]:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return None


def reachable(serving: Web) -> tuple[bool, str]:
    """Whether proxy and server of a party are connected: a name that nobody bound answers 104 then, and 105 when the
    proxy asks for another party than its own."""
    body = {"head": {"serviceId": "fedwarden-probe"}, "body": {"featureData": {}, "sendToRemoteFeatureData": {}}}
    answer = serving.ask("POST", "/federation/v1/inference", body, SECONDS)
    code = answer.get("retcode", answer.get("code"))
    return code in (0, 104), f"{code} {answer.get('retmsg', answer.get('message', ''))}"


def _error(party: int, name: str, code: object, why: str) -> ModelError:
    told = {"party": party, "name": name, "retcode": code, "why": " ".join(why.split())[:200]}
    if not isinstance(code, int):
        return ModelError("FW-MODEL-607", **told)
    if code > 2000 and code % 2000 in _NO_ROW:
        return ModelError("FW-MODEL-605", **told)
    if code == 2104:
        return ModelError("FW-MODEL-606", **told)
    cause = _CAUSES.get(code)
    if cause == "unbound":
        return ModelError("FW-MODEL-603", **told)
    if cause in ("network", "route"):
        return ModelError("FW-MODEL-604", **told)
    return ModelError("FW-MODEL-607", **told)
