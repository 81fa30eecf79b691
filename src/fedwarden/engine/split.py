"""Which aligned rows are held out for validation: the guest's choice, made so that hosts learn nothing else from it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from fedwarden.engine.errors import SplitImpossible

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def choose_validation_rows(
    ids: Sequence[str],
    labels: Floats,
    fraction: float,
    *,
    stratify: bool,
    seed: int | None = None,
    private: Iterable[bytes] = (),
) -> NDArray[np.bool_]:
    """A mask (n) of the rows to hold out: about ``fraction`` of all, 0 for none.

    ``stratify``: in each of the two classes of ``labels`` the same fraction, to the nearest row, at least one row of a
    class of two and more on the training side.

    With a ``seed`` the same table gives the same rows again, in whatever order alignment puts them, because the lot is
    drawn by id. The seed stands in the job where hosts read it, and a lot that they could repeat would tell them labels
    (once a class's share is full, every row passed over belongs to it). So the key is a digest of the seed, of the
    guest's labels and of ``private`` (other bytes only the guest knows, for instance its features). Without a seed it
    comes from the operating system.

    Raises SplitImpossible where one side would get no row.
    """
    n = len(ids)
    labels = np.ascontiguousarray(labels, dtype=np.float64)
    if labels.shape != (n,):
        raise ValueError(f"{n} ids and labels of shape {labels.shape}")
    if not 0 <= fraction < 1:
        raise SplitImpossible(rows=n, fraction=fraction)
    held_out = np.zeros(n, dtype=np.bool_)
    if fraction == 0:
        return held_out
    wanted = round(n * fraction)
    if not 1 <= wanted <= n - 1:
        raise SplitImpossible(rows=n, fraction=fraction)
    lot = _lot(ids, labels, seed, private)
    groups = [np.flatnonzero(labels > 0), np.flatnonzero(labels <= 0)] if stratify else [np.arange(n)]
    groups = [g for g in groups if len(g)]
    for rows, count in zip(groups, _shares([len(g) for g in groups], wanted), strict=True):
        held_out[rows[np.argsort(lot[rows], kind="stable")[:count]]] = True
    return held_out


def train_first(held_out: NDArray[np.bool_]) -> Rows:
    """The order of rows for training: those kept, then those held out, each part in the order they had."""
    return np.argsort(held_out, kind="stable").astype(np.int64, copy=False)


def _shares(sizes: list[int], wanted: int) -> list[int]:
    """How many to draw from each of one or two groups: in proportion, each keeping and giving one if it can."""
    if len(sizes) == 1:
        return [wanted]
    first, second = sizes
    count = round(wanted * first / (first + second))
    low = max(wanted - (second - (second > 1)), int(first > 1 and wanted > 1))
    high = min(first - (first > 1), wanted - int(second > 1 and wanted > 1))
    if low > high:  # too few rows for every wish: both sides of the split still get theirs
        low, high = max(0, wanted - second), min(first, wanted)
    count = min(max(count, low), high)
    return [count, wanted - count]


def _lot(ids: Sequence[str], labels: Floats, seed: int | None, private: Iterable[bytes]) -> NDArray[np.uint64]:
    """One 64-bit number per row; the rows with the smallest are held out."""
    n = len(ids)
    if seed is None:
        return np.frombuffer(os.urandom(8 * n), dtype=np.uint64)
    by_id = np.array(sorted(range(n), key=ids.__getitem__), dtype=np.int64)
    digest = hashlib.sha256(b"fedwarden split v1\0" + str(seed).encode() + b"\0")
    digest.update(labels[by_id].astype("<f8").tobytes())
    for piece in private:
        digest.update(piece)
    stream = Cipher(algorithms.AES(digest.digest()), modes.CTR(bytes(16))).encryptor()
    lot = np.empty(n, dtype=np.uint64)
    lot[by_id] = np.frombuffer(stream.update(bytes(8 * n)), dtype="<u8")
    return lot
