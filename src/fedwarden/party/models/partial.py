"""A host's share of one score: only for a part of a model that it holds, and only for that model's guest."""

from __future__ import annotations

import math

from fedwarden.common.api import PartialAnswer, PartialRequest
from fedwarden.common.errors import DataError, IdentityError, ModelError
from fedwarden.party.control.http_peer import Caller
from fedwarden.party.membership.peers import PeerBook
from fedwarden.party.models.limits import Counters, Gate
from fedwarden.party.models.parts import ModelPart, ModelShelf
from fedwarden.party.policy.rules import PolicyBook
from fedwarden.party.tables.row_lookup import RowBook
from fedwarden.party.tables.sample_id import normalise


class PartialScores:
    def __init__(
        self,
        party: int,
        peers: PeerBook,
        shelf: ModelShelf,
        rows: RowBook,
        counters: Counters,
        gate: Gate,
        policy: PolicyBook,
    ) -> None:
        self._party, self._peers, self._shelf, self._rows = party, peers, shelf, rows
        self._counters, self._gate, self._policy = counters, gate, policy

    def answer(self, request: PartialRequest, caller: Caller) -> PartialAnswer:
        """For another party's agent.

        Raises ModelError FW-MODEL-015 (no such part here), -006 (too many), -520, -521 (the policy), as ``score``
        besides; IdentityError FW-ID-064 (the caller is not the model's guest under its pinned key).
        """
        part = self._part(request)
        pinned = self._peers.get(part.guest_party)
        known = pinned is not None and pinned.fingerprint == caller.fingerprint
        if caller.identity.party != part.guest_party or not known:
            raise IdentityError("FW-ID-064", who=caller.name, model=part.model_version)
        allowed = self._policy.now().peers
        if allowed != "any" and part.guest_party not in allowed:
            raise ModelError("FW-MODEL-521", party=self._party, found=part.guest_party, allowed=allowed)
        self._gate.take(part, caller.name)
        return self.score(request)

    def score(self, request: PartialRequest) -> PartialAnswer:
        """Raises ModelError FW-MODEL-007 (unknown id), -013 (its table is gone or has changed), -015."""
        part = self._part(request)
        if request.sample_id is None:
            score = part.mean_score()
        else:
            score = self._looked_up(part, normalise(request.sample_id))
        self._counters.add(part.model_version, part.role)
        # a host's part has an intercept only where its means were too large to be added under sharing
        return PartialAnswer(score=score + part.intercept)

    def _part(self, request: PartialRequest) -> ModelPart:
        part = self._shelf.get(request.model_version, request.role)
        if part is None or part.model_id != request.model_id:
            raise ModelError("FW-MODEL-015", model=request.model_version, role=request.role, party=self._party)
        return part

    def _looked_up(self, part: ModelPart, sample_id: str) -> float:
        try:
            found = self._rows.row(part.dataset_id, sample_id)
        except DataError as error:
            raise ModelError("FW-MODEL-013", role=part.role, party=self._party, why=error.code) from error
        if found is None:
            raise ModelError("FW-MODEL-007", role=part.role, party=self._party)
        return weigh(part, dict(zip(found[0], map(float, found[1]), strict=True)))


def weigh(part: ModelPart, values: dict[str, float]) -> float:
    """Σ weight · value over the part's features, without the intercept; NaN is a missing cell."""
    return math.fsum(
        part.coefficients[name] * (part.fill.get(name, part.means[name]) if math.isnan(value) else value)
        for name, value in ((name, values[name]) for name in part.features)
    )
