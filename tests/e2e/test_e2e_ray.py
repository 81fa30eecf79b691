"""One party's matrices on a Ray cluster of its own, through real agents: nobody else notices, the model is the same."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from e2e_scenario import Scenario
from e2e_training import a_pair
from e2e_world import eventually

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed (make setup-ray)")
RAY = str(Path(sys.executable).parent / "ray")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    yield from a_pair(tmp_path_factory.mktemp("ray"), seed=33)


@pytest.fixture
def cluster() -> Iterator[dict[str, str]]:
    """A cluster of two CPUs on this machine, in a folder of its own and with a token of its own, as the environment of
    who may use it. Ray's sockets need a short path."""
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    token = Path(folder) / "token"
    token.touch(0o600)
    token.write_text(secrets.token_hex(32))
    access = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
    environ = {**os.environ, **access, "RAY_USAGE_STATS_ENABLED": "0"}
    words = [
        *(RAY, "start", "--head", "--block", "--port=0", "--num-cpus=2", "--include-dashboard=false"),
        *("--disable-usage-stats", f"--temp-dir={folder}", "--object-store-memory=200000000"),
        "--node-ip-address=127.0.0.1",
    ]
    with (Path(folder) / "start.log").open("wb") as log:
        head = subprocess.Popen(words, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    try:
        place = Path(folder) / "ray_current_cluster"
        eventually(lambda: place.exists() or head.poll() is not None, 90, "the cluster is up")
        assert head.poll() is None, (Path(folder) / "start.log").read_text()[-2000:]
        yield {**access, "FEDWARDEN_RAY": f"2@{place.read_text().strip()}"}
    finally:
        head.terminate()  # --block: it ends what it started
        try:
            head.wait(30)
        except subprocess.TimeoutExpired:
            head.kill()
            head.wait(5)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(400)
def test_a_party_with_a_cluster_of_two_workers_gets_the_model_that_it_gets_without(
    pair: Scenario, tmp_path: Path, cluster: dict[str, str]
) -> None:
    config = tmp_path / "options.yaml"
    config.write_text("seed: 4\nmax_iter: 40\nsigmoid: 64,28\nvalidation: 0\n")
    models = []
    for wish in ({}, cluster):
        _restart_host(pair, wish)
        _, job = pair.world.train("p", "hetero_lr", "--config", config, seconds=240)
        roles = {it["role"]: it["result"] for it in pair.world.record(job)["roles"]}
        assert roles["host1"]["blocks"] == ("ray" if wish else "memory"), roles
        assert roles["guest"]["blocks"] == roles["arbiter"]["blocks"] == "memory", "its own matter"
        parts = [pair.world.model_part(1, job, "guest"), pair.world.model_part(2, job, "host1")]
        models.append(np.concatenate([list(it["standardised"].values()) for it in parts]))
    # two runs in memory differ by as much: a truncation rounds by its masks, and there are 569 rows
    assert np.abs(models[0] - models[1]).max() < 1e-4


def _restart_host(pair: Scenario, wish: dict[str, str]) -> None:
    """Ends the host's agent and lets deploy start it again, with this in its environment too."""
    world = pair.world
    agent = next(it for it in world.processes() if "fedwarden.party.agent" in it.cmdline() and _home(it) == "party-2")
    agent.terminate()
    agent.wait(20)
    words = [sys.executable, "-m", "fedwarden", "deploy", "--party", "1=127.0.0.1", "--party", "2=127.0.0.1"]
    environ = world.environ | wish
    done = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done


def _home(process: object) -> str:
    words = process.cmdline()  # type: ignore[attr-defined]
    return Path(words[words.index("--home") + 1]).name
