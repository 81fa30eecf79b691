"""FATE's example tables breast_hetero, made from scikit-learn's copy of the same public data set.

The guest has the label and the ten "worst" features, the host the ten means and the ten standard errors, all
standardised over all rows and written with six digits. Source: Breast Cancer Wisconsin (Diagnostic), UCI, CC BY 4.0.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer


def write(folder: Path) -> tuple[Path, Path]:
    """(guest's table, host's table)."""
    found = load_breast_cancer()
    scaled = (found.data - found.data.mean(axis=0)) / found.data.std(axis=0)
    rows = range(len(scaled))
    guest, host = folder / "breast_hetero_guest.csv", folder / "breast_hetero_host.csv"
    columns = np.concatenate([scaled[:, :10], scaled[:, 10:20]], axis=1)
    names = ",".join(f"x{k}" for k in range(10))
    lines = [f"{k},{found.target[k]},{_text(scaled[k, 20:])}" for k in rows]
    guest.write_text("\n".join([f"id,y,{names}", *lines]) + "\n")
    names = ",".join(f"x{k}" for k in range(20))
    host.write_text("\n".join([f"id,{names}", *(f"{k},{_text(columns[k])}" for k in rows)]) + "\n")
    return guest, host


def _text(values: np.ndarray) -> str:
    return ",".join(f"{value:.6f}" for value in values)
