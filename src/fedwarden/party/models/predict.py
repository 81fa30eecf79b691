"""One prediction at the guest: its own part of the score, every host's share, and what becomes of the sum.

Nothing here is stored or logged but the count.
"""

from __future__ import annotations

import math
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from fedwarden.common.api import Notice, PartialAnswer, PartialRequest, PredictAnswer, Role
from fedwarden.common.errors import DataError, FedwardenError, IdentityError, LinkError, ModelError
from fedwarden.party.models.bindings import BindingBook
from fedwarden.party.models.host_client import HostClients
from fedwarden.party.models.limits import Counters, Gate
from fedwarden.party.models.partial import PartialScores, weigh
from fedwarden.party.models.parts import ModelPart, ModelShelf
from fedwarden.party.tables.row_lookup import RowBook
from fedwarden.party.tables.sample_id import normalise

#: Seconds a host may take. FATE-Serving gives three for the whole call.
HOST_SECONDS = 2.5
#: Standard deviations from the training mean beyond which a value is told of.
FAR = 1e6
#: What passes unchanged from a host: it names the host and carries its own code.
_HOST_SAYS = ("FW-MODEL-007", "FW-MODEL-013", "FW-MODEL-015", "FW-MODEL-520", "FW-MODEL-521", "FW-STATE-520")


class Sample(NamedTuple):
    """Guest's features by name or in the table's order (None: look up), and the id that hosts look up (None: mean)."""

    by_order: list[float] | None = None
    by_name: dict[str, float] | None = None
    sample_id: str | None = None


class Predictor:
    def __init__(
        self,
        party: int,
        shelf: ModelShelf,
        bindings: BindingBook,
        rows: RowBook,
        partials: PartialScores,
        hosts: HostClients,
        counters: Counters,
        gate: Gate,
    ) -> None:
        self._party, self._shelf, self._bindings, self._rows = party, shelf, bindings, rows
        self._partials, self._hosts, self._counters, self._gate = partials, hosts, counters, gate
        self._pool = ThreadPoolExecutor(32, thread_name_prefix="host-share")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def part_for(self, name: str) -> ModelPart:
        """The guest's part that answers under ``name``. Raises ModelError FW-MODEL-001, -014."""
        binding = self._bindings.get(name)
        part = self._shelf.get(binding.model_version, "guest")
        if part is None:
            raise ModelError("FW-MODEL-014", party=self._party, model=binding.model_version)
        return part

    def predict(self, name: str, sample: Sample, caller: str) -> PredictAnswer:
        """``prob``: the probability for hetero_lr, the predicted value for hetero_linr.

        Raises ModelError: FW-MODEL-001 not bound, -003, -004, -005, -010 bad input, -006 too many, -007, -008 unknown
        id, -009 a host is out of reach, -013, -015, -018, -020 a host cannot answer, -520, -521 a policy forbids it.
        """
        part = self.part_for(name)
        self._gate.take(part, caller)
        return self.score(part, sample)

    def score(self, part: ModelPart, sample: Sample) -> PredictAnswer:
        """``predict`` for a part at hand, without counting against the caller's rate. Raises FW-MODEL-560 too."""
        values = self._own_values(part, sample)
        try:
            own = weigh(part, values)
        except (OverflowError, ValueError):  # ∞ − ∞, or a sum beyond the largest number
            own = math.inf
        if not math.isfinite(own):
            raise ModelError("FW-MODEL-560")
        shares = {
            role: self._pool.submit(self._share, part, role, party, sample.sample_id)
            for role, party in part.host_roles.items()
        }
        end = time.monotonic() + HOST_SECONDS + 0.2
        total = math.fsum([part.intercept, own, *(self._wait(part, role, shares[role], end) for role in shares)])
        self._counters.add(part.model_version, part.role)
        return PredictAnswer(
            prob=sigmoid(total) if part.algorithm == "hetero_lr" else total,
            host_features="training-mean" if sample.sample_id is None else "looked-up",
            model_id=part.model_id,
            model_version=part.model_version,
            notices=[Notice("FW-NOTE-563", {"columns": far})] if (far := _far(part, values)) else [],
        )

    def _own_values(self, part: ModelPart, sample: Sample) -> dict[str, float]:
        if sample.by_name is not None:
            return _named(part, sample.by_name)
        if sample.by_order is not None:
            given = sample.by_order
            if len(given) != len(part.features):
                at = part.features[len(given)] if len(given) < len(part.features) else f"+{len(part.features) + 1}"
                raise ModelError("FW-MODEL-003", found=len(given), expected=len(part.features), column=at)
            return _named(part, dict(zip(part.features, given, strict=True)))
        if not part.features:
            return {}
        if sample.sample_id is None:
            raise ModelError("FW-MODEL-010", expected=len(part.features))
        try:
            found = self._rows.row(part.dataset_id, normalise(sample.sample_id))
        except DataError as error:
            raise ModelError("FW-MODEL-018", party=self._party, why=error.code) from error
        if found is None:
            raise ModelError("FW-MODEL-008", party=self._party)
        return dict(zip(found[0], map(float, found[1]), strict=True))

    def _share(self, part: ModelPart, role: Role, party: int, sample_id: str | None) -> PartialAnswer:
        request = PartialRequest(
            model_id=part.model_id, model_version=part.model_version, role=role, sample_id=sample_id
        )
        if party == self._party:
            return self._partials.score(request)
        return self._hosts.ask(party, request, HOST_SECONDS)

    def _wait(self, part: ModelPart, role: Role, share: Future[PartialAnswer], end: float) -> float:
        party = part.host_roles[role]
        try:
            score = share.result(max(0.0, end - time.monotonic())).score
        except TimeoutError:
            raise ModelError("FW-MODEL-009", role=role, party=party, why="FW-LINK-002") from None
        except LinkError as error:
            raise ModelError("FW-MODEL-009", role=role, party=party, why=error.code) from error
        except IdentityError as error:
            if error.code == "FW-ID-064":  # the host refuses this guest
                raise ModelError("FW-MODEL-020", role=role, party=party, why=error.code) from error
            raise ModelError("FW-MODEL-009", role=role, party=party, why=error.code) from error
        except FedwardenError as error:
            if error.code in _HOST_SAYS:
                raise
            if error.code == "FW-MODEL-006":
                raise ModelError("FW-MODEL-019", role=role, party=party) from error
            raise ModelError("FW-MODEL-020", role=role, party=party, why=error.code) from error
        if not math.isfinite(score):
            raise ModelError("FW-MODEL-020", role=role, party=party, why="not finite")
        return score


def _far(part: ModelPart, values: dict[str, float]) -> list[str]:
    """Columns whose value is further from the training mean than any unit or outlier explains."""
    # the standard deviation is the weight per deviation over the weight per unit; unknown where the weight is 0
    weights = ((name, part.coefficients[name], part.standardised.get(name, 0.0)) for name in part.features)
    deviations = {name: abs(scaled / weight) for name, weight, scaled in weights if weight and scaled}
    return [name for name, std in deviations.items() if abs(values[name] - part.means[name]) > FAR * std]


def _named(part: ModelPart, values: dict[str, float]) -> dict[str, float]:
    """A missing or an unknown name is refused: a wrong mapping would give a plausible wrong score."""
    for name in part.features:
        if name not in values:
            raise ModelError("FW-MODEL-005", column=name, why="missing")
        if not math.isfinite(values[name]):
            raise ModelError("FW-MODEL-004", column=name)
    for name in values:
        if name not in part.coefficients:
            raise ModelError("FW-MODEL-005", column=name[:64], why="unknown")
    return values


def sigmoid(score: float) -> float:
    """1/(1+e^-score), without overflow."""
    if score >= 0:
        return 1.0 / (1.0 + math.exp(-score))
    grown = math.exp(score)
    return grown / (1.0 + grown)
