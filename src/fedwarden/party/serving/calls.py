"""FATE-Serving 2.0's two calls: on the serving port (plain HTTP, this host only) and at the HTTPS door for others.

``POST /federation/v1/inference`` and ``/batchInference``: always HTTP 200, the outcome is in ``retcode``. Unlike
FATE-Serving a missing or unknown feature name is refused (100) instead of counting as zero.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio.to_thread
import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fedwarden.common.errors import FedwardenError, ModelError, StateError, UsageError
from fedwarden.party.audit import AuditLog
from fedwarden.party.control.web import read_body
from fedwarden.party.models.limits import Gate
from fedwarden.party.models.parts import ModelPart
from fedwarden.party.models.predict import Predictor
from fedwarden.party.serving import serving_form
from fedwarden.party.serving.door import LOCAL, Asker, Door

_SYSTEM_ERROR = {"code": 110, "message": "SYSTEM_ERROR"}


class Serving:
    def __init__(self, predictor: Predictor, gate: Gate, audit: AuditLog) -> None:
        self._predictor, self._gate, self._audit = predictor, gate, audit
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="batch-row")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def inference(self, asked: dict[str, Any], asker: Asker = LOCAL) -> dict[str, Any]:
        """One sample. Raises FedwardenError."""
        name = serving_form.service_id(asked)
        asker.check(name)
        sample = serving_form.sample(serving_form.body(asked))
        try:
            answer = self._predictor.predict(name, sample, asker.name)
        except FedwardenError as error:
            self._audit.count(asker.name, "inference", refused=error.code)  # without the name: any text may stand there
            raise
        self._audit.count(asker.name, "inference", name)
        return {
            "retcode": 0,
            "retmsg": "",
            "data": {
                "score": answer.prob,
                "modelId": answer.model_id,
                "modelVersion": answer.model_version,
                "timestamp": time.time_ns() // 1_000_000,
            },
            "flag": 0,
        }

    def batch(self, asked: dict[str, Any], asker: Asker = LOCAL) -> dict[str, Any]:
        """Up to 300 samples, each with its own ``retcode``. Raises FedwardenError for what concerns all of them."""
        name = serving_form.service_id(asked)
        asker.check(name)
        rows = serving_form.batch_rows(serving_form.body(asked))
        part = self._predictor.part_for(name)
        self._gate.take(part, asker.name, len(rows))
        out = list(self._pool.map(lambda row: self._row(part, row, asker), rows))
        if answered := sum(row["retcode"] == 0 for row in out):
            self._audit.count(asker.name, "batchInference", name, times=answered)
        return {
            "retcode": 0,
            "retmsg": "",
            "data": {
                "modelId": part.model_id,
                "modelVersion": part.model_version,
                "timestamp": time.time_ns() // 1_000_000,
            },
            "flag": 0,
            "batchDataList": out,
            "singleInferenceResultMap": {str(row["index"]): row for row in out},
        }

    def _row(self, part: ModelPart, row: dict[str, Any], asker: Asker) -> dict[str, Any]:
        try:
            answer = self._predictor.score(part, serving_form.sample(row))
        except FedwardenError as error:
            self._audit.count(asker.name, "batchInference", refused=error.code)
            return {"index": row["index"], "retcode": error.retcode, "retmsg": error.message(), "data": {}}
        return {"index": row["index"], "retcode": 0, "retmsg": "", "data": {"score": answer.prob}}


Run = Callable[[dict[str, Any], Asker], dict[str, Any]]


class _Endpoint:
    """Any method reaches it: FATE's proxy routes a GET with a body too."""

    def __init__(self, name: str, run: Run | None, door: Door | None) -> None:
        self._name, self._run, self._door = name, run, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        begun = time.monotonic()
        answer, status = await self._answer(request)
        code = answer.get("retcode", answer.get("code"))
        ms = round(1000 * (time.monotonic() - begun), 1)
        structlog.get_logger().info("serving", call=self._name, retcode=code, ms=ms)
        await Response(msgspec.json.encode(answer), status, media_type="application/json")(scope, receive, send)

    async def _answer(self, request: Request) -> tuple[dict[str, Any], int]:
        asker = LOCAL
        if self._door is not None:
            try:
                asker = await anyio.to_thread.run_sync(self._door.asker, request)
            except FedwardenError as error:
                return _failed(error), 401
        elif not serving_form.from_this_host(request.headers):
            return _failed(ModelError("FW-MODEL-025")), 403
        try:
            raw = await read_body(request)
            run = self._run
            if run is None or request.method not in ("POST", "GET"):
                raise ModelError("FW-MODEL-023", why="unknown call")
            try:
                asked = msgspec.json.decode(raw)
            except msgspec.MsgspecError:
                return _SYSTEM_ERROR, 200
            if not isinstance(asked, dict):
                return _SYSTEM_ERROR, 200
            return await anyio.to_thread.run_sync(run, asked, asker), 200
        except UsageError as error:  # too large, too slow
            return _failed(ModelError("FW-MODEL-023", why=error.code)), 200
        except FedwardenError as error:
            return _failed(error), 200
        except Exception as error:  # its text may quote a value
            structlog.get_logger().error("fault", kind=type(error).__name__)
            return {**_failed(StateError("FW-STATE-099", why=type(error).__name__)), "retcode": 110}, 200


def _failed(error: FedwardenError) -> dict[str, Any]:
    return {"retcode": error.retcode, "retmsg": error.message(), "data": {}, "flag": 0}


def build(serving: Serving, door: Door | None = None) -> Starlette:
    """``door``: who may ask from other hosts; None: this host alone."""
    app = Starlette(
        routes=[
            Route("/federation/v1/inference", _Endpoint("inference", serving.inference, door)),
            Route("/federation/v1/batchInference", _Endpoint("batchInference", serving.batch, door)),
            Route("/{path:path}", _Endpoint("unknown", None, door)),
        ]
    )
    app.router.redirect_slashes = False
    return app
