"""Who is reached where: the route tables of rollsite (training) and of the serving-proxy (prediction)."""

from __future__ import annotations

import json
from typing import Any

from fedwarden.engines.fate.deploy.plan import Cluster, Plan

_ROLLSITE = 9370
_FLOW_GRPC = 9360
_SERVING = 8000
#: Where ids that no party has are sent: nothing listens there, so they are refused at once. (KubeFATE names a container
#: that does not exist; the own rollsite would send the message to itself for ever.)
_NOWHERE = ("127.0.0.1", 1)


def _text(table: dict[str, Any]) -> str:
    whole = {"route_table": table, "permission": {"default_allow": True}}
    return json.dumps(whole, indent=2, sort_keys=True) + "\n"


def _at(host: str, port: int) -> list[dict[str, Any]]:
    return [{"ip": host, "port": port}]


def rollsite(plan: Plan, cluster: Cluster) -> str:
    """For training: the own FATE-Flow, and every other party's rollsite by its address."""
    flow = next(it.name for it in plan.version.training if 9380 in it.published)
    table: dict[str, Any] = {
        str(cluster.party): {"fateflow": _at(flow, _FLOW_GRPC), "default": _at("rollsite", _ROLLSITE)},
        "default": {"default": _at(*_NOWHERE)},
    }
    for other in plan.others(cluster.party):
        table[str(other.party)] = {"default": _at(other.address, other.ports.rollsite)}
    return _text(table)


def serving_proxy(plan: Plan, cluster: Cluster) -> str:
    """For prediction: the own serving-server, and every other party's serving-proxy."""
    table: dict[str, Any] = {
        str(cluster.party): {"serving": _at("serving-server", _SERVING)},
        "default": {"default": _at(*_NOWHERE)},
    }
    for other in plan.others(cluster.party):
        table[str(other.party)] = {"default": _at(other.address, other.ports.peer)}
    return _text(table)
