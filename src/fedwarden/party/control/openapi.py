"""The route table as an OpenAPI 3.1 document, made from the table and the structures themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

import fedwarden
from fedwarden.party.control.web import ApiRoute


class Failure(msgspec.Struct, frozen=True):
    """What stands under ``error`` when a call fails."""

    code: str
    params: dict[str, Any] = {}


class FailureAnswer(msgspec.Struct, frozen=True):
    error: Failure


def document(routes: Sequence[ApiRoute]) -> dict[str, Any]:
    types = [kind for route in routes for kind in (route.body, route.answer) if kind not in (None, bytes)]
    schemas, components = msgspec.json.schema_components(
        [*types, FailureAnswer], ref_template="#/components/schemas/{name}"
    )
    schema = dict(zip((str(kind) for kind in types), schemas, strict=False))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation: dict[str, Any] = {
            "summary": route.summary,
            "x-who": sorted(route.who),
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in re.findall(r"{(\w+)}", route.path)
            ]
            + [{"name": name, "in": "query", "schema": {"type": "string"}} for name in route.query],
            "responses": {
                "200": {"description": "done", **_content(route.answer, schema)},
                "default": {
                    "description": "refused or failed",
                    "content": {"application/json": {"schema": schemas[-1]}},
                },
            },
        }
        if route.body is not None:
            operation["requestBody"] = {"required": not route.optional_body, **_content(route.body, schema)}
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "fedwarden agent", "version": fedwarden.__version__},
        "paths": paths,
        "components": {"schemas": components},
    }


def _content(kind: Any, schema: dict[str, Any]) -> dict[str, Any]:
    if kind is None:
        return {}
    if kind is bytes:
        return {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}
    return {"content": {"application/json": {"schema": schema[str(kind)]}}}
