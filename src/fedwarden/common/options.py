"""Every training option: name, default, range, and what it means in both languages.

One pydantic model per algorithm. ``resolve`` fills the defaults in, so that a job's text says every option in force.
"""

from __future__ import annotations

import difflib
import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from fedwarden.common.errors import UsageError

_SERIES = re.compile(r"\s*(\d{1,6})\s*,\s*(\d{1,6})\s*", re.ASCII)
MAX_CONFIG_BYTES = 1 << 20


def _number(value: Any) -> Any:
    """YAML reads ``1e-3`` as text and ``yes`` as a boolean; only the first one is a number."""
    if isinstance(value, bool):
        raise ValueError("a number is needed")
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise ValueError("a number is needed") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("it must be finite")
    return value


def _series(value: str) -> str:
    """``auto``, ``taylor``, or ``L,K``: L a power of two from 16 to 1024, K from 1 to 512 and below L."""
    if value in ("auto", "taylor"):
        return value
    match = _SERIES.fullmatch(value)
    if match is None:
        raise ValueError("it is auto, taylor or two numbers L,K")
    length, terms = int(match[1]), int(match[2])
    if length & (length - 1) or not 16 <= length <= 1024:
        raise ValueError("L must be a power of two from 16 to 1024")
    if not 1 <= terms <= min(512, length - 1):
        raise ValueError("K must be at least 1, at most 512, and below L")
    return f"{length},{terms}"


def _sigmoid(value: Any) -> Any:
    # YAML gives [32, 14] for a list and "32,14" for a word; both are meant alike
    if isinstance(value, list) and len(value) == 2:
        return f"{value[0]},{value[1]}"
    return value


Number = BeforeValidator(_number)
Series = Annotated[str, BeforeValidator(_sigmoid), AfterValidator(_series)]


class _Common(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    link_timeout: Annotated[float, Number] = Field(
        8.0,
        ge=1,
        le=600,
        description="seconds that a link may be silent and heal; nothing heard of a peer for twice that and 2 s more "
        "fails the job; 1 to 600",
        json_schema_extra={"zh": "链路可静默后自行恢复的秒数；超过其两倍再加 2 秒未收到对端消息，任务失败；1 至 600"},
    )
    queue_timeout: Annotated[int, Number] = Field(
        86_400,
        ge=1,
        le=2_592_000,
        description="seconds a job may wait for its turn, 1 to 2592000",
        json_schema_extra={"zh": "任务排队等待的最长秒数，1 至 2592000"},
    )

    retries: Annotated[int, Number] = Field(
        0,
        ge=0,
        le=100,
        description="how often a job that lost a process, a link or room on a disk goes on by itself, 0 to 100",
        json_schema_extra={"zh": "因进程、连接或磁盘空间故障失败后自动续跑的次数，0 至 100"},
    )


class ExampleOptions(_Common):
    data_num: Annotated[int, Number] = Field(
        1000,
        ge=1,
        le=10_000_000,
        description="numbers that every party adds, 1 to 10000000",
        json_schema_extra={"zh": "每方参与相加的数的个数，1 至 10000000"},
    )


class TrainingOptions(_Common):
    """What logistic and linear regression have in common."""

    alpha: Annotated[float, Number] = Field(
        0.01,
        ge=0,
        le=1e6,
        description="L2 penalty on standardised features, 0 or greater",
        json_schema_extra={"zh": "标准化特征上的 L2 惩罚系数，不小于 0"},
    )
    validation: Annotated[float, Number] = Field(
        0.2,
        ge=0,
        lt=0.9,
        description="part of the common rows held out for evaluation, 0 to below 0.9",
        json_schema_extra={"zh": "留作评估的共同样本比例，0 至 0.9（不含）"},
    )
    refit: bool = Field(
        True,
        description="after evaluation the model that is kept is trained on all common rows, held-out ones included",
        json_schema_extra={"zh": "评估之后，用全部共同样本（含评估集）重新训练并保留该模型"},
    )
    seed: Annotated[int, Number] | None = Field(
        None,
        ge=0,
        lt=2**63,
        description="seed of the held-out part; empty: a fresh one, recorded",
        json_schema_extra={"zh": "评估集划分的种子；留空则随机生成并记录"},
    )
    psi: Literal["arbiter", "ecdh"] = Field(
        "arbiter",
        description="how common ids are found: arbiter (keyed tokens, fast) or ecdh (no byte to the arbiter)",
        json_schema_extra={"zh": "样本对齐方式：arbiter（带密钥的令牌，快）或 ecdh（仲裁方不接触任何数据）"},
    )
    min_intersection: Annotated[int, Number] = Field(
        100,
        ge=1,
        le=2**40,
        description="fewest common rows with which a job goes on, 1 or more",
        json_schema_extra={"zh": "任务继续所需的最少共同样本数，至少 1"},
    )

    blocks: Literal["auto", "memory", "disk"] = Field(
        "auto",
        description="where each party keeps its rows: memory, disk (by blocks; Parquet only), or auto (what fits)",
        json_schema_extra={
            "zh": "各方数据行的存放位置：memory（内存）、disk（磁盘分块，仅 Parquet）或 auto（按可用内存）"
        },
    )
    guest_alone: bool = Field(
        False,
        description="also fit the guest's own columns on the same rows, for comparison; its metrics go into the record",
        json_schema_extra={"zh": "另用 guest 自己的列在相同的行上建模作为对照，其指标写入任务记录"},
    )


class LogisticOptions(TrainingOptions):
    max_iter: Annotated[int, Number] = Field(
        160,
        ge=1,
        le=1_000_000,
        description="iterations, 1 to 1000000",
        json_schema_extra={"zh": "迭代次数，1 至 1000000"},
    )
    sigmoid: Series = Field(
        "auto",
        description="series for the sigmoid: auto, taylor, or L,K such as 64,28 (L a power of two)",
        json_schema_extra={"zh": "sigmoid 的近似级数：auto、taylor 或 L,K（如 64,28，L 为 2 的幂）"},
    )
    loss_every: Annotated[int, Number] = Field(
        10,
        ge=0,
        le=1_000_000,
        description="iterations between two openings of the loss to the guest, 0: never",
        json_schema_extra={"zh": "每隔多少次迭代向标签方打开一次损失，0 表示不打开"},
    )
    checkpoint_every: Annotated[int, Number] = Field(
        0,
        ge=0,
        le=1_000_000,
        description="iterations after which every party keeps its shares, to go on from; 0: about two seconds' worth",
        json_schema_extra={"zh": "每隔多少次迭代各方保存自己的份额以便续训；0 表示约两秒一次"},
    )
    optimizer: Literal["nesterov"] = Field(
        "nesterov",
        description="nesterov: preconditioned full-batch descent",
        json_schema_extra={"zh": "nesterov：预条件全批量下降"},
    )


class LinearOptions(TrainingOptions):
    """Solved in one pass: no iterations to choose."""


OPTIONS: dict[str, type[_Common]] = {
    "hetero_lr": LogisticOptions,
    "hetero_linr": LinearOptions,
    "example": ExampleOptions,
}
#: Values that other systems know and this version does not do.
_LATER = {
    "optimizer": ("sgd", "nesterov_momentum_sgd", "rmsprop", "adam", "adagrad"),
    "psi": ("rsa",),
}


def resolve(algorithm: str, given: dict[str, Any]) -> dict[str, Any]:
    """Every option of ``algorithm`` with its value.

    Raises UsageError FW-USE-022 (unknown key, with the nearest one), -018 (not in this version), -023 (out of range).
    """
    model = OPTIONS[algorithm]
    known = list(model.model_fields)
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1, 0.0)
            raise UsageError(
                "FW-USE-022", algorithm=algorithm, key=str(key)[:40], nearest=near[0] if near else "-", known=known
            )
    for key, later in _LATER.items():
        if key in known and str(given.get(key, "")) in later:
            raise UsageError("FW-USE-018", what=f"{key}: {given[key]}", instead=model.model_fields[key].default)
    try:
        return model.model_validate(given).model_dump()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0])
        field = model.model_fields[key]
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        raise UsageError(
            "FW-USE-023",
            key=key,
            found=str(given.get(key))[:40],
            why=str(first["msg"]).removeprefix("Value error, "),
            meaning_en=f"{field.description}; default {field.default}",
            meaning_zh=f"{extra.get('zh')}；默认 {field.default}",
        ) from None


def read_config(path: Path) -> dict[str, Any]:
    """The options file (YAML, safe). Raises UsageError FW-USE-020 (cannot be read) or -021 (not ``name: value``)."""
    import yaml

    try:
        if path.exists() and not path.is_file():
            raise UsageError("FW-USE-020", path=str(path), why="no regular file")
        with path.open("rb") as handle:
            text = handle.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise UsageError("FW-USE-020", path=str(path), why=error.strerror or type(error).__name__) from None
    if len(text) > MAX_CONFIG_BYTES:
        raise UsageError("FW-USE-020", path=str(path), why=f"> {MAX_CONFIG_BYTES} bytes")
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark is not None else type(error).__name__
        raise UsageError("FW-USE-021", path=str(path), why=where) from None
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise UsageError("FW-USE-021", path=str(path), why=type(found).__name__)
    return found
