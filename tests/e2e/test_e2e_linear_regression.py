"""hetero_linr equals the ridge on pooled rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from e2e_scenario import Scenario
from e2e_tables import joint, pooled_ridge, r2, regression
from e2e_world import find


def test_aligned_without_the_arbiter_the_model_is_the_same(trio: Scenario, tmp_path: Path) -> None:
    world, tables = trio.world, regression(tmp_path / "tables")
    guest, host1, host2 = tables.paths
    up = world.script("-f", "upload", "-gp", 1, guest, "-hp", 2, host1, 3, host2, "-proj", "motor-ecdh")
    assert (up.out, up.code) == ("upload success.\n", 0), up
    config = tmp_path / "options.yaml"
    config.write_text("validation: 0\nalpha: 0.01\npsi: ecdh\n")
    _, job = world.train("motor-ecdh", "hetero_linr", "--config", config)
    pooled = pooled_ridge(tables.X, tables.y, 0.01)
    ours = joint([world.model_part(p, job, r) for p, r in [(1, "guest"), (2, "host1"), (3, "host2")]], tables)
    assert np.max(np.abs(ours.w - pooled.w)) < 1e-3
    revealed = find(world.record(job), "revealed")
    told = {(item["what"], item["to"]) for one in revealed for item in one}
    assert ("psi.overlap", "guest") in told and ("psi.overlap", "arbiter") not in told, told


def test_three_parties_get_the_ridge_and_predict_values(trio: Scenario, tmp_path: Path, options: Path) -> None:
    world, tables = trio.world, regression(tmp_path / "tables")
    guest, host1, host2 = tables.paths
    up = world.script("-f", "upload", "-gp", 1, guest, "-hp", 2, host1, 3, host2, "-proj", "motor")
    assert (up.out, up.code) == ("upload success.\n", 0), up
    model, job = world.train("motor", "hetero_linr", "--config", options)

    pooled = pooled_ridge(tables.X, tables.y, 0.01)
    parts = [world.model_part(p, job, r) for p, r in [(1, "guest"), (2, "host1"), (3, "host2")]]
    ours = joint(parts, tables)
    assert np.max(np.abs(ours.w - pooled.w)) < 1e-3
    assert abs(ours.w0 - pooled.w0) < 1e-3
    theirs = r2(tables.y, pooled.score(tables.X))
    assert abs(r2(tables.y, ours.score(tables.X)) - theirs) < 1e-3
    recorded = [v for v in find(world.record(job), "r2") if isinstance(v, float)]
    assert recorded and all(abs(v - theirs) < 1e-3 for v in recorded), recorded

    bound = world.bind(model, job, "speed")
    assert (bound.out, bound.code) == ("load_bind success.\n", 0), bound
    for row in (0, 500):
        run = world.script("-f", "predict", "-mname", "speed", "-sid", tables.ids[row], "-params", *tables.words(row))
        assert run.prob == pytest.approx(pooled.score(tables.X[row]).item(), abs=5e-3), run
    values = ours.score(tables.X)
    low = int(np.argmin(values))
    assert values[low] < 0, "a value that no probability could be"
    assert world.script("-f", "predict", "-mname", "speed", "-sid", tables.ids[low]).prob < 0
