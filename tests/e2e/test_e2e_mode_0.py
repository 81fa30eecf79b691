"""-m 0: all roles as processes on this machine; the same model as with the parties' agents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from e2e_scenario import Scenario


def test_mode_0_gives_the_same_model(trio: Scenario, options: Path) -> None:
    world = trio.world
    weights = []
    for mode in (1, 0):
        _, job = world.submit("breast", "hetero_lr", "--config", options, mode=mode)
        world.wait(job)
        parts = [world.model_part(p, job, r) for p, r in [(1, "guest"), (2, "host1"), (3, "host2")]]
        weights.append([w * s for part in parts for w, s in _scaled(part)])
    assert np.max(np.abs(np.subtract(*weights))) < 2e-3


def _scaled(part: dict[str, dict[str, float]]) -> list[tuple[float, float]]:
    """Standardised coefficients, so that a column's unit does not hide a difference."""
    return [(value, 1.0) for _, value in sorted(part["standardised"].items())]
