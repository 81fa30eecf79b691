"""Load and bind a model for online prediction, and prove it with one inference."""

from __future__ import annotations

from typing import Any

from fedwarden.common.api import BindRequest
from fedwarden.common.errors import ModelError
from fedwarden.engines.fate.flow1 import Flow1
from fedwarden.engines.fate.http import Web
from fedwarden.engines.fate.prediction import infer
from fedwarden.engines.fate.versions import Version


def parse_model_id(model_id: str) -> dict[str, list[int]]:
    """``arbiter-2#guest-1#host-2_3#model`` → role → parties. Raises ModelError FW-MODEL-601."""
    found: dict[str, list[int]] = {}
    try:
        *parts, end = model_id.split("#")
        for part in parts:
            role, _, parties = part.partition("-")
            found[role] = [int(party) for party in parties.split("_")]
    except ValueError:
        found, end = {}, ""
    if end != "model" or not found.get("guest") or not found.get("host"):
        raise ModelError("FW-MODEL-601", model_id=model_id[:200])
    return found


def compose_model_id(roles: dict[str, list[int]]) -> str:
    """Roles by name, a role's parties as numbers in order, as FATE composes it."""
    parts = [f"{role}-{'_'.join(map(str, sorted(parties)))}" for role, parties in sorted(roles.items()) if parties]
    return "#".join([*parts, "model"])


def load_bind(
    flow: Flow1, serving: Web, version: Version, work_mode: int, request: BindRequest, component: str, lookup: str
) -> None:
    """Raises ModelError FW-MODEL-600 (a party has not taken it), -602 (no score comes back), and what the flow raises.

    Party ids are text here: FATE answers numbers with a type error. What is answered with success counts only when a
    score comes back: FATE-Serving says success for models that it cannot score.
    """
    roles = parse_model_id(request.model_id)
    (guest,) = roles["guest"]
    header = flow.header(request.model_version, "guest", guest, component)
    published = request.model_version
    if version.deploys_model:
        published = flow.deploy_model(request.model_id, published)
    parameters: dict[str, Any] = {"model_id": request.model_id, "model_version": published}
    if version.dsl == "dsl-1":
        parameters["work_mode"] = work_mode
    body = {
        "initiator": {"role": "guest", "party_id": str(guest)},
        "role": {role: [str(party) for party in parties] for role, parties in roles.items()},
        "job_parameters": parameters,
    }
    flow.load(body)
    flow.bind({**body, "service_id": request.name})
    remote = {lookup: request.probe} if request.probe is not None else {}
    infer(serving, guest, request.name, dict.fromkeys(header, 0.0), remote)
