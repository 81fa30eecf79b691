"""-m 0: all roles as processes on this machine; the same model as with the parties' agents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from e2e_scenario import Scenario
from e2e_tables import joint, pooled_logistic


def test_mode_0_gives_the_pooled_model_as_mode_1_does(trio: Scenario, options: Path) -> None:
    world, tables = trio.world, trio.tables
    _, job = world.submit("breast", "hetero_lr", "--config", options, mode=0)
    world.wait(job)
    parts = [world.model_part(p, job, r) for p, r in [(1, "guest"), (2, "host1"), (3, "host2")]]
    pooled = pooled_logistic(tables.X, tables.y, 0.01)
    assert np.max(np.abs(joint(parts, tables).prob(tables.X) - pooled.prob(tables.X))) < 0.02
