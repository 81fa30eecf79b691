"""The control API's table, continued: models, bindings, predictions."""

from __future__ import annotations

from fedwarden.common.api import (
    Binding,
    BindRequest,
    ModelHeld,
    PartialAnswer,
    PartialRequest,
    PredictAnswer,
    PredictRequest,
)
from fedwarden.party.control.routes import PARTY, REGULATOR
from fedwarden.party.control.web import ApiRoute, Call
from fedwarden.party.models.parts import held
from fedwarden.party.models.predict import Sample
from fedwarden.party.models.publishing import Publishing


def model_routes(published: Publishing) -> list[ApiRoute]:
    def models(call: Call) -> list[ModelHeld]:
        return [held(part, published.counters.get(part.model_version, part.role)) for part in published.shelf.all()]

    def predict(call: Call) -> PredictAnswer:
        asked: PredictRequest = call.body
        return published.predictor.predict(
            asked.name, Sample(by_order=asked.params, sample_id=asked.sample_id), call.caller.name
        )

    return [
        ApiRoute(
            "GET", "/v1/models", REGULATOR, models, "parts of models held here", answer=list[ModelHeld], audit="counted"
        ),
        ApiRoute(
            "GET",
            "/v1/bindings",
            REGULATOR,
            lambda call: published.bindings.all(),
            "service names and their models",
            answer=list[Binding],
            audit="counted",
        ),
        ApiRoute(
            "POST",
            "/v1/bindings",
            REGULATOR,
            lambda call: published.bind(call.body),
            "bind a service name to a model; answers what was bound before, or null",
            body=BindRequest,
            told=lambda call, _: {"version": call.body.model_version},
            answer=Binding | None,
        ),
        ApiRoute(
            "DELETE",
            "/v1/bindings/{name}",
            REGULATOR,
            lambda call: published.bindings.unbind(call.path["name"]),
            "take a service name back; answers what was bound",
            answer=Binding,
        ),
        ApiRoute(
            "POST",
            "/v1/predict",
            REGULATOR,
            predict,
            "one prediction (at the guest)",
            body=PredictRequest,
            answer=PredictAnswer,
            audit="counted",
        ),
        ApiRoute(
            "POST",
            "/v1/partial",
            PARTY,
            lambda call: published.partials.answer(call.body, call.caller),
            "a host's share of one score, for the model's guest",
            body=PartialRequest,
            answer=PartialAnswer,
            audit="counted",
        ),
    ]
