"""A guest that has labels and no feature, hosts of one column and of twenty-nine: the model of the pooled rows."""

from pathlib import Path

import numpy as np
import pytest
from e2e_scenario import Scenario
from e2e_tables import cut, joint, objective, pooled_logistic
from sklearn.datasets import load_breast_cancer

ALPHA = 0.01


def test_a_guest_without_features_and_hosts_of_very_different_widths(trio: Scenario, tmp_path: Path) -> None:
    data = load_breast_cancer()
    names = [str(name) for name in data.feature_names]
    X, y = data.data.astype(np.float64), data.target.astype(np.float64)
    tables = cut(tmp_path / "tables", X, y, [[], names[:1], names[1:]], seed=17)
    world, (guest, host1, host2) = trio.world, tables.paths
    up = world.script("-f", "upload", "-gp", 1, guest, "-hp", 2, host1, 3, host2, "-proj", "uneven")
    assert (up.out, up.code) == ("upload success.\n", 0), up
    config = tmp_path / "options.yaml"
    config.write_text(f"validation: 0\nalpha: {ALPHA}\n")
    model, job = world.train("uneven", "hetero_lr", "--config", config)

    pooled = pooled_logistic(tables.X, tables.y, ALPHA)
    ours = joint([world.model_part(p, job, r) for p, r in [(1, "guest"), (2, "host1"), (3, "host2")]], tables)
    assert objective(ours, tables, ALPHA) - objective(pooled, tables, ALPHA) < 1e-4

    bound = world.bind(model, job, "uneven")
    assert (bound.out, bound.code) == ("load_bind success.\n", 0), bound
    for row in (3, 400):
        run = world.script("-f", "predict", "-mname", "uneven", "-sid", tables.ids[row])
        assert run.prob == pytest.approx(pooled.prob(tables.X[row]).item(), abs=0.02), run
