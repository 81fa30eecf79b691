"""Where the rows are is each party's own matter: on disk, by blocks, a training gives the model that memory gives."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import psutil
import pytest
from e2e_scenario import Scenario
from e2e_tables import Tables, joint, objective, pooled_logistic
from e2e_training import a_pair
from e2e_world import SUBMITTED, World, eventually


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


@contextlib.contextmanager
def limited(world: World, limit: int) -> Iterator[None]:
    """Agents, and so the workers that they start, may take ``limit`` bytes each (RLIMIT_DATA, kept by the system)."""
    for agent in world.processes():
        resource.prlimit(agent.pid, resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        for agent in world.processes():
            resource.prlimit(agent.pid, resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


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


def test_a_job_that_would_not_fit_ends_before_a_table_is_read_and_shows_its_needs(pair: Scenario) -> None:
    with limited(pair.world, 360 << 20):
        run = pair.world.script("-f", "submit", "-proj", "p", "-alg", "hetero_lr", "-m", 1)
        match = SUBMITTED.fullmatch(run.out)
        assert match, run
        eventually(lambda: set(pair.world.states(match[3])) == {"failed"}, 60, "the job ends")
    shown = pair.world.warden("job", "show", match[3])
    assert "FW-JOB-400" in shown.out and "memory_needed_mb" in shown.out and "memory_available_mb" in shown.out, shown
    for it in pair.world.record(match[3])["roles"]:
        if it["role"] != "arbiter":
            assert it["result"]["memory_needed_mb"] > it["result"]["memory_available_mb"] > 200, it
            assert it["phase"] == "load", it
            assert not any("loaded" in line for line in _log(pair.world, it["party"], match[3], it["role"]))


def _log(world: World, party: int, job: str, role: str) -> list[str]:
    return (world.party_homes()[party] / "jobs" / job / f"{role}.log.jsonl").read_text().splitlines()


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.skipif(
    psutil.virtual_memory().available < 14 << 30, reason="needs 14 GB of free memory for the comparison"
)
def test_a_table_four_times_the_memory_limit_of_its_party(tmp_path: Path) -> None:
    """It trains under the limit, by blocks, and gives the model that it gives in memory without the limit."""
    limit, rows, columns = 580 << 20, 350_000, 870
    assert 8 * rows * columns >= 4 * limit
    rng = np.random.default_rng(5)
    cells = {f"b{column}": rng.integers(0, 200, size=rows, dtype=np.uint8) for column in range(columns)}
    own = {f"a{column}": rng.normal(size=rows) for column in range(3)}
    score = own["a0"] + (cells["b0"].astype(float) - 100) / 60
    label = (rng.random(rows) < 1 / (1 + np.exp(-score))).astype(np.int8)
    guest, host = tmp_path / "guest.parquet", tmp_path / "host.parquet"
    pl.DataFrame({"id": np.arange(rows), "y": label, **own}).write_parquet(guest)
    pl.DataFrame({"id": np.arange(rows)[::-1], **cells}).write_parquet(host, row_group_size=50_000)
    del cells
    world, models = World(tmp_path / "world"), {}
    try:
        run = world.script("-f", "deploy", "-id", 1, 2, "-ip", "127.0.0.1", "127.0.0.1")
        assert run.code == 0, run
        for blocks in ("auto", "memory"):
            config = tmp_path / "options.yaml"
            config.write_text(f"validation: 0\nmax_iter: 4\nsigmoid: 32,14\nblocks: {blocks}\nlink_timeout: 60\n")
            with limited(world, limit) if blocks == "auto" else contextlib.nullcontext():
                up = world.script("-f", "upload", "-gp", 1, guest, "-hp", 2, host, "-proj", blocks, timeout=300)
                assert (up.out, up.code) == ("upload success.\n", 0), up
                _, job = world.train(blocks, "hetero_lr", "--config", config, seconds=900)
            results = {it["role"]: it["result"] for it in world.record(job)["roles"]}
            print(blocks, results)
            places = {it["blocks"] for it in results.values()}
            assert places == {"disk" if blocks == "auto" else "memory"}, results
            models[blocks] = [world.model_part(1, job, "guest"), world.model_part(2, job, "host1")]
        for memory, disk in zip(models["memory"], models["auto"], strict=True):
            a, b = (np.array(list(it["standardised"].values())) for it in (memory, disk))
            assert np.abs(a - b).max() < 1e-5  # truncations round by their masks, which are never the same
    finally:
        world.close()
