"""The cases: sizes, generated tables, and the same mathematics in plaintext numpy."""

from __future__ import annotations

import re
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

GUEST_COLUMNS = {30: 10, 23: 13}  # as the breast and the credit tables are cut; else half and half
SERIES = {"lr": ["32,14", "64,28"], "linr": ["one-pass"], "psi": ["arbiter", "ecdh"]}
ECDH_ROWS = 200_000  # a scalar multiplication takes 50 microseconds, and every id four
DEFAULT = ["lr-569x30", "lr-30000x23", "lr-100000x100", "lr-1000000x20", "linr-30000x23", "linr-1000000x20"]
DEFAULT += ["psi-100000x2", "psi-1000000x2"]
DEFAULT += [f"lr-30000x24-{hosts}hosts" for hosts in range(1, 6)]
QUICK = ["lr-569x30", "linr-30000x23"]


@dataclass(frozen=True)
class Case:
    """One size: ``lr-30000x23`` is logistic regression on 30,000 rows and 23 columns, half or so of them at one host;
    ``lr-30000x24-3hosts`` has the columns in four equal parts."""

    name: str
    kind: str  # "lr", "linr" or "psi"
    rows: int
    columns: int
    hosts: int = 1

    @property
    def guest_columns(self) -> int:
        return GUEST_COLUMNS.get(self.columns, self.columns // (self.hosts + 1))

    @property
    def cuts(self) -> list[int]:
        """Where each host's columns begin."""
        wide = (self.columns - self.guest_columns) // self.hosts
        return [self.guest_columns + wide * host for host in range(self.hosts)]

    @property
    def algorithm(self) -> str:
        return {"lr": "hetero_lr", "linr": "hetero_linr", "psi": "hetero_linr"}[self.kind]

    @property
    def series(self) -> list[str]:
        every = SERIES[self.kind]
        return [one for one in every if one != "ecdh" or self.rows <= ECDH_ROWS]

    @property
    def iterations(self) -> int:
        """Enough for a steady median, few enough for a patient reader."""
        cells = self.rows * self.columns
        return 60 if cells < 10**6 else 30 if cells < 1.5 * 10**7 else 12


def parse(name: str) -> Case:
    """Raises ValueError when a name is not ``lr-``, ``linr-`` or ``psi-ROWSxCOLUMNS``, with or without ``-Nhosts``."""
    found = re.fullmatch(r"(lr|linr|psi)-(\d+)x(\d+)(?:-([1-5])hosts)?", name)
    hosts = int(found[4] or 1) if found else 1
    if not found or int(found[2]) < 100 or int(found[3]) <= hosts:
        raise ValueError(f"no case {name!r}: write lr-, linr- or psi-ROWSxCOLUMNS (>= 100 rows, a column each)")
    return Case(name, found[1], int(found[2]), int(found[3]), hosts)


def generate(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Features (rows × columns, float64, standardised, mildly correlated) and label; the same for a case always."""
    chance = np.random.default_rng(case.rows * 1000 + case.columns)
    features = chance.standard_normal((case.rows, case.columns))
    features += 0.5 * chance.standard_normal((case.rows, 1))
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    score = features @ (chance.standard_normal(case.columns) / np.sqrt(case.columns))
    if case.kind == "lr":
        return features, (chance.random(case.rows) < 1 / (1 + np.exp(-score))).astype(np.float64)
    return features, score + 0.3 * chance.standard_normal(case.rows)


def write(case: Case, features: np.ndarray, label: np.ndarray, folder: Path) -> list[Path]:
    """The guest's and every host's table as Parquet, all rows in common, each in an order of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = pl.Series("id", [f"99{row:016d}" for row in range(case.rows)])
    chance = np.random.default_rng(case.rows)
    paths = []
    for place, block in enumerate(np.split(features, case.cuts, axis=1)):
        order = chance.permutation(case.rows)
        columns = {f"x{j}": block[order, j] for j in range(block.shape[1])}
        first = {"id": ids[order], "y": label[order].astype(np.int8 if case.kind == "lr" else np.float64)}
        if place:
            del first["y"]
        paths.append(folder / f"party{place}.parquet")
        pl.DataFrame({**first, **columns}).write_parquet(paths[-1])
    return paths


def plaintext_seconds(case: Case, features: np.ndarray, label: np.ndarray) -> float:
    """Median seconds of one full-batch iteration in numpy (logistic), or of solving the normal equations (linear)."""
    if case.kind == "psi":
        return statistics.median(_timed(lambda: _common(case)) for _ in range(3))
    if case.kind == "linr":
        return statistics.median(_timed(lambda: _normal_equations(features, label)) for _ in range(3))
    weights = np.zeros(case.columns)
    times = []
    for _ in range(max(5, min(200, int(2e8 / features.size)))):
        begin = time.perf_counter()
        left = 1 / (1 + np.exp(-(features @ weights))) - label
        weights = weights - 0.1 * (features.T @ left / case.rows + 0.01 * weights)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def _normal_equations(features: np.ndarray, label: np.ndarray) -> np.ndarray:
    gram = features.T @ features / len(label) + 0.01 * np.eye(features.shape[1])
    return np.linalg.solve(gram, features.T @ label / len(label))


def _common(case: Case) -> int:
    """Ids of both tables joined in the clear."""
    ids = [f"99{row:016d}" for row in range(case.rows)]
    place = {text: row for row, text in enumerate(ids)}
    return sum(text in place for text in reversed(ids))


def _timed(work: object) -> float:
    begin = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - begin
