"""Tables for end-to-end tests: cut by columns among parties, rows shuffled and only partly in common."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.datasets import load_breast_cancer, load_diabetes


@dataclass
class Tables:
    """What was written, and the joined rows as one party holding everything would see them."""

    guest: Path
    hosts: list[Path]
    label: str
    ids: list[str]  # in every table, sorted
    y: np.ndarray  # (len(ids),)
    blocks: list[np.ndarray]  # guest's features, then each host's; rows as in ``ids``
    names: list[list[str]] = field(default_factory=list)

    @property
    def pooled(self) -> np.ndarray:
        """All features side by side, (len(ids), d)."""
        return np.hstack(self.blocks)


def breast_tables(
    folder: Path,
    *,
    shuffle: bool = True,
    overlap: float = 0.9,
    parties: int = 2,
    standardise: bool = False,
    seed: int = 0,
) -> Tables:
    """scikit-learn's breast cancer data: guest = label and the ten "worst" features; with two parties the host has the
    ten "mean" and ten "error" features, with three each of the two hosts has ten.
    """
    data = load_breast_cancer()
    features = _scaled(data.data) if standardise else data.data
    mean, error, worst = features[:, :10], features[:, 10:20], features[:, 20:]
    blocks = [worst, mean, error] if parties == 3 else [worst, np.hstack([mean, error])]
    return write_tables(folder, data.target, blocks, shuffle=shuffle, overlap=overlap, seed=seed)


def diabetes_tables(folder: Path, *, shuffle: bool = True, overlap: float = 0.9, seed: int = 0) -> Tables:
    """scikit-learn's diabetes data for linear regression: guest = label and four features, host = six."""
    data = load_diabetes(scaled=False)
    blocks = [data.data[:, :4], data.data[:, 4:]]
    return write_tables(folder, data.target, blocks, shuffle=shuffle, overlap=overlap, seed=seed)


def write_tables(
    folder: Path,
    y: np.ndarray,
    blocks: list[np.ndarray],
    *,
    shuffle: bool = True,
    overlap: float = 0.9,
    seed: int = 0,
    label: str = "y",
) -> Tables:
    """Writes ``guest.csv`` (``id``, label, ``x0`` …) and ``host1.csv`` …; ``overlap`` of the people stand in every
    table, each of the others in exactly one. Ids are text of 18 characters, some ending in X, some with leading zeros.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    people = list(range(len(y)))
    if shuffle:
        chance.shuffle(people)
    kept = round(overlap * len(y))
    ids = np.array([made_up_id(number) for number in range(len(y))], dtype=object)
    paths: list[Path] = []
    names: list[list[str]] = []
    for place, block in enumerate(blocks):
        rows = sorted(people[:kept] + people[kept + place :: len(blocks)])
        if shuffle:
            chance.shuffle(rows)
        columns: dict[str, object] = {"id": list(ids[rows])}
        if place == 0:
            columns[label] = y[rows]
        names.append([f"x{j}" for j in range(block.shape[1])])
        columns.update({name: block[rows, j] for j, name in enumerate(names[-1])})
        paths.append(folder / ("guest.csv" if place == 0 else f"host{place}.csv"))
        pl.DataFrame(columns).write_csv(paths[-1])
    common = sorted(people[:kept], key=lambda row: ids[row])
    return Tables(
        guest=paths[0],
        hosts=paths[1:],
        label=label,
        ids=list(ids[common]),
        y=np.asarray(y, dtype=float)[common],
        blocks=[block[common] for block in blocks],
        names=names,
    )


def made_up_id(number: int) -> str:
    """18 characters; every seventh ends in X, every fifth begins with zeros: ids are text, never numbers."""
    body = f"{'00' if number % 5 == 0 else '99'}{(number * 7_919_777_777 + 13) % 10**15:015d}"
    return body + ("X" if number % 7 == 0 else str(number % 10))


def _scaled(features: np.ndarray) -> np.ndarray:
    return (features - features.mean(axis=0)) / features.std(axis=0)
