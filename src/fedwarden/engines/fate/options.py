"""Training options with FATE: the native engine's names where they mean the same, FATE's own where it has more.

FATE takes unknown names and bad values without a word and fails minutes later, or trains something else. So everything
is checked here, and what has no meaning with FATE is refused with the nearest thing that has.
"""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fedwarden.common.errors import UsageError
from fedwarden.common.options import Number
from fedwarden.engines.fate.versions import Version


class _Common(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: Annotated[int, Number] = Field(86_400, ge=60, le=2_592_000)


class ExampleOptions(_Common):
    data_num: Annotated[int, Number] = Field(1000, ge=1, le=10_000_000)


class TrainingOptions(_Common):
    alpha: Annotated[float, Number] = Field(0.01, ge=0, le=1e6)
    max_iter: Annotated[int, Number] = Field(30, ge=1, le=10_000)
    learning_rate: Annotated[float, Number] = Field(0.15, gt=0, le=100)
    batch_size: Annotated[int, Number] = Field(-1, ge=-1, le=10**9)
    penalty: Literal["L2", "L1", "none"] = "L2"
    tol: Annotated[float, Number] = Field(1e-4, ge=0, le=1)
    early_stop: Literal["weight_diff", "diff", "abs"] = "weight_diff"
    key_length: Annotated[int, Number] | None = Field(None, ge=1024, le=4096)
    validation: Annotated[float, Number] = Field(0.0, ge=0, le=0)


class LogisticOptions(TrainingOptions):
    optimizer: Literal["nesterov", "sgd", "rmsprop", "adam", "adagrad"] = "nesterov"
    sigmoid: Literal["taylor"] = "taylor"


class LinearOptions(TrainingOptions):
    optimizer: Literal["sgd", "rmsprop", "adam", "adagrad"] = "sgd"


OPTIONS: dict[str, type[_Common]] = {
    "hetero_lr": LogisticOptions,
    "hetero_linr": LinearOptions,
    "example": ExampleOptions,
}
#: The native engine's options that FATE has no place for, and what to do instead.
INSTEAD = {
    "refit": "leave it out (FATE trains on all common rows)",
    "seed": "leave it out (weights begin at zero, so a training repeats itself)",
    "guest_alone": "leave it out, and train the guest's own columns with any library beside it",
    "min_intersection": "leave it out, and look at intersect_count in job show",
    "loss_every": "leave it out (FATE's arbiter sees every loss)",
    "link_timeout": "timeout",
    "queue_timeout": "timeout",
    "retries": "leave it out, and submit again",
    "blocks": "leave it out (FATE keeps tables in its own store)",
    "checkpoint_every": "leave it out, and submit again after a failure",
}


def resolve(version: Version, algorithm: str, given: dict[str, Any]) -> dict[str, Any]:
    """Every option with its value.

    Raises UsageError FW-USE-601 (no meaning with this version, and what has one), -022 (unknown), -023 (out of range).
    """
    model = OPTIONS[algorithm]
    known = list(model.model_fields)
    given = dict(given)
    for key in given:
        if key in INSTEAD:
            raise _meaningless(version, key, given[key], INSTEAD[key])
    psi = given.pop("psi", None) if algorithm != "example" else None
    if psi is not None and psi not in version.psi:
        raise _meaningless(version, "psi", psi, f"psi: {version.psi[0]}")
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1, 0.0)
            raise UsageError(
                "FW-USE-022", algorithm=algorithm, key=str(key)[:40], nearest=near[0] if near else "-", known=known
            )
    _check_sense(version, algorithm, given)
    try:
        chosen = model.model_validate(given).model_dump()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0])
        default = model.model_fields[key].default
        why = str(first["msg"]).removeprefix("Value error, ")
        meaning = {"meaning_en": f"default {default}", "meaning_zh": f"默认 {default}"}
        raise UsageError("FW-USE-023", key=key, found=str(given.get(key))[:40], why=why, **meaning) from None
    if algorithm == "example":
        return chosen
    if chosen["optimizer"] not in version.optimizers:
        if "optimizer" in given:
            raise _meaningless(version, "optimizer", given["optimizer"], f"optimizer: {', '.join(version.optimizers)}")
        chosen["optimizer"] = version.optimizers[0]
    return {**chosen, "key_length": chosen["key_length"] or version.key_length, "psi": psi or version.psi[0]}


def _check_sense(version: Version, algorithm: str, given: dict[str, Any]) -> None:
    if given.get("validation") not in (None, 0, 0.0, "0"):
        raise _meaningless(version, "validation", given["validation"], "validation: 0 (its metrics are of all rows)")
    if algorithm == "hetero_lr" and given.get("sigmoid") not in (None, "taylor"):
        raise _meaningless(version, "sigmoid", given["sigmoid"], "sigmoid: taylor (FATE has no other)")
    batch = given.get("batch_size")
    if isinstance(batch, int) and not isinstance(batch, bool) and batch != -1 and batch < 10:
        raise _meaningless(version, "batch_size", batch, "batch_size: -1 (all rows), or 10 or more")
    if version.dsl == "dag" and given.get("key_length") not in (None, 1024):
        raise _meaningless(version, "key_length", given["key_length"], "key_length: 1024 (FATE 2's own)")


def _meaningless(version: Version, key: str, value: Any, instead: str) -> UsageError:
    return UsageError("FW-USE-601", key=key, found=str(value)[:40], version=version.name, instead=instead)
