"""What a failed training can go on from, on the disk of the one party whose it is: ``jobs/<job>/<role>.resume/``.

``rows``: which of this party's rows are aligned, in what order, and how many train. Beside it the newest checkpoints:
this party's shares of the weights, uniform numbers unless all data parties' come together. Erased when the job
succeeds.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from fedwarden.common.files import write_atomic
from fedwarden.common.structs import prepare
from fedwarden.engine.checkpoint import Checkpoint, Position

Stage = Literal["train", "refit"]
STAGES: tuple[Stage, ...] = ("train", "refit")
#: Parties differ by one checkpoint at most; one more is for a damaged file.
KEPT = 3
T = TypeVar("T")


class Mark(NamedTuple):
    """A place to go on from, in the order of time. ``digest``: which rows and plan it belongs to."""

    stage: int  # place in STAGES
    lengthened: int
    iteration: int
    digest: bytes

    @property
    def name(self) -> Stage:
        return STAGES[self.stage]

    @property
    def position(self) -> Position:
        return Position(self.lengthened, self.iteration)


class RowOrder(msgspec.Struct, frozen=True, kw_only=True):
    """``id``: the attempt that aligned, the same at every party. ``order``: own row numbers, training rows first."""

    id: str
    training: int
    order: bytes  # int64, little endian

    def rows(self) -> NDArray[np.int64]:
        return np.frombuffer(self.order, dtype="<i8").astype(np.int64)


class _Shares(msgspec.Struct, frozen=True, kw_only=True):
    rows: str
    stage: Stage
    lengthened: int
    iteration: int
    plan: bytes
    weights: dict[str, bytes] = {}
    before: dict[str, bytes] = {}
    losses: list[tuple[int, float]] = []

    @property
    def mark(self) -> Mark:
        digest = hashlib.sha256(self.rows.encode() + b"\0" + self.plan).digest()
        return Mark(STAGES.index(self.stage), self.lengthened, self.iteration, digest)


class Checkpoints:
    """One role's folder of one job. Writing raises OSError; what cannot be read is as if it were not there."""

    def __init__(self, root: Path, job_id: str, role: str) -> None:
        self.folder = root / "jobs" / job_id / f"{role}.resume"

    def keep_rows(self, order: RowOrder) -> None:
        write_atomic(self.folder / "rows", msgspec.msgpack.encode(order))

    def rows(self) -> RowOrder | None:
        return _read(self.folder / "rows", RowOrder)

    def begin(self, rows: str, stage: Stage) -> None:
        """Notes that a stage begins: whoever goes on from here does its first iteration again."""
        self._write(_Shares(rows=rows, stage=stage, lengthened=0, iteration=0, plan=b""))

    def keep(self, rows: str, stage: Stage, checkpoint: Checkpoint) -> None:
        self._write(
            _Shares(
                rows=rows,
                stage=stage,
                lengthened=checkpoint.position.lengthened,
                iteration=checkpoint.position.iteration,
                plan=checkpoint.plan,
                weights={role: share.astype("<u8").tobytes() for role, share in checkpoint.weights.items()},
                before={role: share.astype("<u8").tobytes() for role, share in checkpoint.before.items()},
                losses=checkpoint.losses,
            )
        )

    def marks(self) -> list[Mark]:
        """Every place that can be read here and belongs to the rows that are kept, oldest first."""
        order = self.rows()
        return sorted(it.mark for it in self._all() if order is not None and it.rows == order.id)

    def at(self, mark: Mark) -> Checkpoint | None:
        """The shares at one of ``marks``; None where its stage has only begun."""
        found = next(it for it in self._all() if it.mark == mark)
        if not found.weights:
            return None
        return Checkpoint(
            position=mark.position,
            plan=found.plan,
            weights={role: _ring(data) for role, data in found.weights.items()},
            before={role: _ring(data) for role, data in found.before.items()},
            losses=list(found.losses),
        )

    def erase(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, shares: _Shares) -> None:
        place = f"{STAGES.index(shares.stage)}-{shares.lengthened:02d}-{shares.iteration:07d}"
        write_atomic(self.folder / f"{place}.shares", msgspec.msgpack.encode(shares))
        for old in self._files()[:-KEPT]:
            old.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.shares"))

    def _all(self) -> list[_Shares]:
        return [it for it in (_read(path, _Shares) for path in self._files()) if it is not None]


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None


def _ring(data: bytes) -> NDArray[np.uint64]:
    return np.frombuffer(data, dtype="<u8").astype(np.uint64)


prepare(__name__)
