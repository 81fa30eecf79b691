"""``predict``: reads ``published.json`` and asks the guest's agent. Imports little, stores and logs nothing."""

from __future__ import annotations

import contextlib
import math
import os
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from fedwarden.cli.forms import compact
from fedwarden.cli.words import Words
from fedwarden.common.api import Notice, PredictAnswer, PredictRequest
from fedwarden.common.errors import FedwardenError, ModelError, UsageError
from fedwarden.common.files import read_struct
from fedwarden.common.structs import prepare
from fedwarden.engines.native.prediction import predict
from fedwarden.identity.contexts import Credentials

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
MAX_STDIN = 1 << 20
OUT_OF_REACH = 105


class FateService(msgspec.Struct, frozen=True):
    """Where FATE-Serving is; ``lookup``: what its host's feature adaptor calls a sample's id."""

    serving: str
    ssh: str = ""
    login: dict[str, str] = {}
    lookup: str = "id"


class Service(msgspec.Struct, frozen=True):
    """Whom to ask for a service name."""

    deployment: str
    guest: int
    host: str
    port: int
    fingerprint: str
    features: list[str]
    model_id: str = ""
    model_version: str = ""
    fate: FateService | None = None


class Published(msgspec.Struct, frozen=True):
    services: dict[str, Service] = {}


def from_words(given: Words, notices: list[Notice]) -> tuple[list[str], dict[str, Any]]:
    """The line of script.py and the fields of strict JSON."""
    params = given.many("params") if given.has("params") else None
    sample = given.one("sid")
    if given.has("params") and not params:
        raise UsageError("FW-USE-002", option="-params", need=1, count=0)
    params, sample = from_stdin(params, sample)
    answer = ask(given.need("mname"), params, sample, notices)
    line = compact({"prob": answer.prob, "retmsg": "success", "retcode": 0})
    return [line], fields_of(answer)


def fields_of(answer: PredictAnswer) -> dict[str, Any]:
    return {
        "prob": answer.prob,
        "retmsg": "success",
        "host_features": answer.host_features,
        "model_id": answer.model_id,
        "model_version": answer.model_version,
    }


def from_stdin(params: list[str] | None, sample: str | None) -> tuple[list[str] | None, str | None]:
    """Reads what is ``-``: the sample id is the first line, the features are the rest (blanks or commas between)."""
    wants_params = params == ["-"]
    if not wants_params and sample != "-":
        return params, sample
    text = sys.stdin.buffer.read(MAX_STDIN).decode("utf-8", "replace")
    if sample == "-":
        first, _, text = text.partition("\n")
        sample = first.strip()
        if not sample:
            raise UsageError("FW-USE-024", option="-sid")
    if wants_params:
        params = text.replace(",", " ").split()
        if not params:
            raise UsageError("FW-USE-024", option="-params")
    return params, sample


def ask(name: str, params: list[str] | None, sample: str | None, notices: list[Notice]) -> PredictAnswer:
    """Raises ModelError FW-MODEL-201 … -205, the agent's own error, LinkError."""
    home = Path(os.environ.get("FEDWARDEN_HOME") or Path.home() / ".fedwarden").expanduser().absolute()
    try:
        service = read_struct(home / "published.json", Published).services.get(name)
    except FileNotFoundError:
        service = None
    if service is None:
        raise ModelError("FW-MODEL-201", name=name[:64])
    if params is None and sample is None:
        raise ModelError("FW-MODEL-205")
    numbers = None if params is None else check_params(params, service.features)
    if sample is not None and (not sample.strip() or len(sample) > 256):
        raise UsageError("FW-USE-026", option="-sid", found="an empty or overlong text", known=["1 to 256 characters"])
    if service.fate is not None:
        return _ask_fate(home, name, service, service.fate, numbers, sample, notices)
    request = PredictRequest(name=name, params=numbers, sample_id=sample)
    pki = home / "pki"
    credentials = Credentials(pki / "regulator.crt", pki / "regulator.key", pki / "ca.crt")
    where = (service.host, service.port, service.guest, service.fingerprint)
    try:
        answer = predict(*where, credentials, request)
    except FedwardenError as error:
        # out of reach, or somebody else answers at the port of a dead agent
        if error.retcode % 2000 != OUT_OF_REACH and not error.code.startswith("FW-ID-01"):
            raise
        found = _woke(home, service, notices)
        if found is None:
            raise
        answer = predict(*found, credentials, request)
    notices.extend(answer.notices)
    if answer.host_features == "training-mean":
        notices.append(Notice("FW-NOTE-021"))
    return answer


def _ask_fate(
    home: Path,
    name: str,
    service: Service,
    fate: FateService,
    numbers: list[float] | None,
    sample: str | None,
    notices: list[Notice],
) -> PredictAnswer:
    """The guest's features travel by name, the id to the host's adaptor. Raises ModelError FW-MODEL-602 … -611."""
    from fedwarden.engines.fate.prediction import infer

    if numbers is None:
        raise ModelError("FW-MODEL-611", columns=service.features[:40])
    features = dict(zip(service.features, numbers, strict=True))
    remote = {} if sample is None else {fate.lookup: sample}
    with contextlib.ExitStack() as stack:
        if fate.ssh:
            from fedwarden.engines.fate.parties import FateParty
            from fedwarden.engines.fate.reach import Reach
            from fedwarden.remote.access import Access

            reach = stack.enter_context(contextlib.closing(Reach(home, Access)))
            party = FateParty(version="", flow="", serving=fate.serving, ssh=fate.ssh, login=fate.login)
            web = reach.web(party, fate.serving, "FATE-Serving", service.guest)
        else:
            from fedwarden.engines.fate.http import Web

            web = Web(fate.serving, "FATE-Serving", service.guest)
        score = infer(web, service.guest, name, features, remote)
    notices.append(Notice("FW-NOTE-607"))
    return PredictAnswer(
        prob=score, host_features="adaptor", model_id=service.model_id, model_version=service.model_version
    )


def check_params(params: list[str], features: list[str]) -> list[float]:
    """The numbers, one per guest column. No message repeats a value. Raises ModelError FW-MODEL-202 … -204."""
    shown = features if len(features) <= 40 else [*features[:40], "…"]
    numbers = []
    for place, (text, column) in enumerate(zip(params, features, strict=False), 1):
        value = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not math.isfinite(value):
            raise ModelError("FW-MODEL-202", column=column, place=place)
        numbers.append(value)
    counts = {"count": len(params), "need": len(features), "columns": shown}
    if len(params) < len(features):
        raise ModelError("FW-MODEL-203", missing=features[len(params) :][:40], **counts)
    if len(params) > len(features):
        last = features[-1] if features else "-"
        raise ModelError("FW-MODEL-204", extra=len(params) - len(features), last=last, **counts)
    return numbers


def _woke(home: Path, service: Service, notices: list[Notice]) -> tuple[str, int, int, str] | None:
    """Starts dead agents again; where the guest's is now, or None if all were running. Taken only after a failure."""
    from fedwarden.engines.ways import control_way
    from fedwarden.regulator.listing import wake_deployment
    from fedwarden.regulator.opening import open_desk

    with open_desk(home) as desk:
        guest = wake_deployment(desk, service.deployment).member(service.guest)
        notices.extend(desk.notices)
    host, port = control_way(guest)
    if not notices and port == service.port:
        return None
    return host, port, guest.party, guest.fingerprint


prepare(__name__)
