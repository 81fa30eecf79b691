"""This party's parts of models: ``models/<model_version>/<role>.json``, written by workers, read for predictions."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec

from fedwarden.common.api import ModelHeld, Role
from fedwarden.common.errors import FedwardenError, ModelError
from fedwarden.common.files import read_struct, write_struct
from fedwarden.common.structs import prepare
from fedwarden.party.home import Home


class ModelPart(msgspec.Struct, frozen=True, kw_only=True):
    """What one role keeps of a model. The score of a row is the sum of all parts, each in the units of its own table.

    ``coefficients``: weight per original unit, for every column of ``features`` (0 for a constant one);
    ``standardised``: weight per standard deviation. ``means``: of the training rows, original units. ``fill``: what
    stands for a missing cell. ``intercept``: of the whole model at the guest (original units); 0 at hosts, but for one
    whose means are so large that it keeps their product with its weights to itself.
    """

    model_id: str
    model_version: str
    algorithm: str
    role: Role
    party: int
    guest_party: int
    host_roles: dict[Role, int]  # every host of the model and the party that plays it
    features: list[str]  # the table's columns without id and label, in the table's order
    intercept: float
    coefficients: dict[str, float]
    standardised: dict[str, float]
    means: dict[str, float]
    fill: dict[str, float]
    dataset_id: str
    kept: list[str]  # the columns that were not constant in training

    def own_roles(self) -> list[Role]:
        """The roles of the part's party that keep a part of this model."""
        hosts = [role for role, party in self.host_roles.items() if party == self.party]
        return (["guest"] if self.guest_party == self.party else []) + hosts

    def weights(self) -> list[float]:
        """In the order of ``features``."""
        return [self.coefficients.get(name, 0.0) for name in self.features]

    def mean_score(self) -> float:
        """The part's share at the training mean, without the intercept."""
        return math.fsum(self.coefficients.get(name, 0.0) * self.means.get(name, 0.0) for name in self.features)


def write_part(root: Path, part: ModelPart) -> Path:
    """Stores a part in the agent's home ``root``, atomically. Raises ModelError FW-MODEL-021 when it is unusable."""
    numbers = [part.intercept, *part.coefficients.values(), *part.means.values(), *part.fill.values()]
    if not all(math.isfinite(number) for number in numbers):
        raise ModelError("FW-MODEL-021", role=part.role, why="not finite")
    if set(part.coefficients) != set(part.features) or not set(part.features) <= set(part.means):
        raise ModelError("FW-MODEL-021", role=part.role, why="columns without weight or mean")
    path = Home(root).model(part.model_version, part.role)
    write_struct(path, part)
    return path


def remove_part(root: Path, model_version: str, role: Role) -> None:
    """For a job that fails after the part was written."""
    Home(root).model(model_version, role).unlink(missing_ok=True)


class ModelShelf:
    """Reads parts; what was read stays in memory as long as its file is the same (a resumed job writes another)."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._read: dict[tuple[str, Role], tuple[tuple[int, int], ModelPart]] = {}

    def get(self, model_version: str, role: Role) -> ModelPart | None:
        key, path = (model_version, role), self._home.model(model_version, role)
        try:
            found = path.stat()
            stamp = (found.st_ino, found.st_mtime_ns)
            known = self._read.get(key)
            if known is None or known[0] != stamp:
                known = self._read[key] = (stamp, read_struct(path, ModelPart))
        except FileNotFoundError:
            self._read.pop(key, None)
            return None
        return known[1]

    def of(self, model_version: str) -> list[ModelPart]:
        """Every part of one model held here, guest first."""
        folder = self._home.model(model_version, "guest").parent
        names = sorted(path.stem for path in folder.glob("*.json")) if folder.is_dir() else []
        parts = []
        for name in names:
            try:
                part = self.get(model_version, name)
            except FedwardenError:
                continue
            if part is not None:
                parts.append(part)
        return parts

    def all(self) -> list[ModelPart]:
        versions = sorted(path.name for path in self._home.models.iterdir()) if self._home.models.is_dir() else []
        return [part for version in versions for part in self.of(version)]


def held(part: ModelPart, predictions: int) -> ModelHeld:
    return ModelHeld(
        model_id=part.model_id,
        model_version=part.model_version,
        algorithm=part.algorithm,
        role=part.role,
        party=part.party,
        features=len(part.features),
        predictions=predictions,
    )


prepare(__name__)
