"""A party's blocks on its own Ray cluster: the same products and the same model."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fedwarden.party.training import ray_blocks

ROOT = Path(__file__).resolve().parents[2]

# Ray's own threads, files and warnings stay in a process of their own.
PROGRAM = """
import sys, time
sys.path.insert(0, sys.argv[1])
import numpy as np
from simulate import run_parties
from fedwarden.engine.executor import InMemory
from fedwarden.engine.lr import train_dealer, train_party
from fedwarden.engine.lr_options import LrOptions
from fedwarden.party.training.blocks import Memory
from fedwarden.party.training.ray_blocks import OnRay

place = OnRay(2)
import ray
assert ray.cluster_resources()["CPU"] == 2
rng = np.random.default_rng(1)
values, vector, down = (rng.integers(0, 2**64, size=size, dtype=np.uint64) for size in ((5, 4001), 5, 3000))
results = []
for executor in (Memory(), place):
    m = executor.room(5, 4001)
    m.write(0, 0, values[:, :2500].copy()); m.write(0, 2500, values[:, 2500:].copy())
    out = [np.ones(3000, np.uint64), np.ones(5, np.uint64), np.ones(3000, np.uint64), np.ones(5, np.uint64)]
    m.forward(vector, out[0], 900, 3900); m.backward(down, out[1], 900, 3900)
    m.both(vector, down, out[2], out[3], 900, 3900)
    data, at = m.view(1990, 2011)
    results.append([*out, m.read(1, 3), data[:, at:at + 21]])
    short = np.zeros(4001, np.uint64); m.head(2).forward(vector[:2].copy(), short, 0, 4001); results[-1].append(short)
assert len(m._holders) == 2
assert len(set(ray.get([h.__ray_call__.remote(lambda self: __import__("os").getpid()) for h in m._holders]))) == 2
for a, b in zip(*results, strict=True):
    assert np.array_equal(a, b)

X = rng.normal(size=(3000, 7))
y = (rng.random(3000) < 1 / (1 + np.exp(-X[:, 0] - X[:, 5]))).astype(float)
options = LrOptions(max_iter=25, sigmoid="32,14")
def run(executor):
    def party(ctx):
        mine = type(ctx)(**{**ctx.__dict__, "executor": executor if ctx.index else InMemory()})
        return train_party(mine, X[:, 3:] if ctx.index else X[:, :3].copy(), None if ctx.index else y, 2500, options)
    found = run_parties(2, party, lambda ctx: train_dealer(ctx, options))
    return np.concatenate([found["guest"].standardised, found["host1"].standardised])
print(float(np.abs(run(InMemory()) - run(place)).max()))
ray.shutdown()
"""


@pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed (pip install 'fedwarden[ray]')"
)
@pytest.mark.timeout(400)
def test_two_workers_of_a_cluster_give_the_same_model(tmp_path: Path) -> None:
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_TMPDIR": "/tmp"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ROOT / "tests/engine")],
        capture_output=True,
        text=True,
        timeout=380,
        env=environ,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    # two runs in memory differ by as much: a truncation rounds by its masks
    assert float(done.stdout.split()[-1]) < 3e-5


@pytest.mark.parametrize(
    ("text", "wanted"), [("", None), (" 2 ", (2, None)), ("8@10.0.0.5:6379", (8, "10.0.0.5:6379"))]
)
def test_the_operator_names_the_cluster(monkeypatch: pytest.MonkeyPatch, text: str, wanted: object) -> None:
    monkeypatch.setenv(ray_blocks.VARIABLE, text)
    assert ray_blocks.wished() == wanted


@pytest.mark.parametrize("text", ["many", "0", "@10.0.0.5"])
def test_what_names_no_cluster_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(ray_blocks.VARIABLE, text)
    with pytest.raises(ValueError):
        ray_blocks.wished()


def test_an_address_without_a_cluster_is_refused_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers there
        with pytest.raises(ConnectionRefusedError):
            ray_blocks.OnRay(2, f"127.0.0.1:{taken.getsockname()[1]}")
