"""Where the rows are is each party's own matter: on disk, by blocks, a training gives the model that memory gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from e2e_scenario import Scenario
from e2e_tables import Tables, joint, objective, pooled_logistic
from e2e_training import a_pair
from e2e_world import SUBMITTED, eventually


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    yield from a_pair(tmp_path_factory.mktemp("blocks"), seed=31)


def as_parquet(tables: Tables, folder: Path) -> list[Path]:
    """The same tables, their cells typed, their ids text."""
    paths = []
    for path in tables.paths:
        frame = pl.read_csv(path, schema_overrides={"id": pl.String}, infer_schema_length=None)
        paths.append(folder / f"{path.stem}.parquet")
        frame.write_parquet(paths[-1], row_group_size=100)
    return paths


@pytest.mark.parametrize("algorithm", ["hetero_lr", "hetero_linr"])
def test_on_disk_and_in_memory_the_model_is_the_same(pair: Scenario, tmp_path: Path, algorithm: str) -> None:
    guest, host = as_parquet(pair.tables, tmp_path)
    up = pair.world.script("-f", "upload", "-gp", 1, guest, "-hp", 2, host, "-proj", "typed")
    assert (up.out, up.code) == ("upload success.\n", 0), up
    models = {}
    for blocks in ("memory", "disk"):
        config = tmp_path / f"{blocks}.yaml"
        config.write_text(f"seed: 4\nblocks: {blocks}\n" + ("sigmoid: 64,28\n" if algorithm == "hetero_lr" else ""))
        _, job = pair.world.train("typed", algorithm, "--config", config)
        record = pair.world.record(job)
        assert [it["result"]["blocks"] for it in record["roles"]] == [blocks] * 3, record
        for it in record["roles"]:
            assert set(it["result"]["memory_by_place_mb"]) == {"memory", "disk"}
        guest_record = next(it for it in record["roles"] if it["role"] == "guest")
        told = [it for it in guest_record["revealed"] if "number of columns" in it["what"]]
        assert [it["to"] for it in told] == ["data parties"]
        parts = [pair.world.model_part(1, job, "guest"), pair.world.model_part(2, job, "host1")]
        models[blocks] = parts
        for party, home in pair.world.party_homes().items():
            left = [path.name for path in (home / "jobs" / job).iterdir()]
            assert not any("blocks" in name for name in left), (party, left)
    if algorithm == "hetero_lr":
        for parts in models.values():
            ours, pooled = joint(parts, pair.tables), pooled_logistic(pair.tables.X, pair.tables.y, 0.01)
            assert objective(ours, pair.tables, 0.01) - objective(pooled, pair.tables, 0.01) < 1e-5
    # two runs of a logistic regression differ by the rounding of their truncations, 569 rows' worth here
    within = 1e-4 if algorithm == "hetero_lr" else 1e-6
    for memory, disk in zip(models["memory"], models["disk"], strict=True):
        a, b = (np.array(list(it["standardised"].values())) for it in (memory, disk))
        assert np.abs(a - b).max() < within


def test_a_text_table_that_would_go_to_disk_is_refused_with_the_way_out(pair: Scenario, tmp_path: Path) -> None:
    config = tmp_path / "options.yaml"
    config.write_text("blocks: disk\n")
    run = pair.world.script("-f", "submit", "-proj", "p", "-alg", "hetero_lr", "-m", 1, "--config", config)
    match = SUBMITTED.fullmatch(run.out)
    assert match, run
    eventually(lambda: set(pair.world.states(match[3])) == {"failed"}, 60, "the job ends")
    shown = pair.world.warden("job", "show", match[3])
    told = " ".join(shown.out.split())  # the path may have broken the line anywhere
    assert "FW-JOB-420" in told and "party convert" in told, shown
