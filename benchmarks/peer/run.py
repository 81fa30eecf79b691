"""SPU beside fedwarden: the same vertical logistic regression, full batch, both in this run on this machine.

python benchmarks/peer/run.py                      569x30, 30,000x23, 100,000x100
python benchmarks/peer/run.py --case lr-30000x23   one (may be repeated)

SPU lives in an environment of its own, ``.venv-peer``, made from requirements/peer.lock; it needs Python 3.10 or 3.11
(PEER_PYTHON names one). Without one, or without a package source, the reason is printed and the exit code is 0.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import cases  # noqa: E402
import run as ours  # noqa: E402
from world import Failed, World  # noqa: E402

ENVIRONMENT = ROOT / ".venv-peer"
LOCK = ROOT / "requirements" / "peer.lock"
RESULTS = Path(__file__).with_name("results.json")
PARTY = Path(__file__).with_name("spu_party.py")
DEFAULT = ["lr-569x30", "lr-30000x23", "lr-100000x100"]
FITS = ((3, 10), (3, 11))
#: SPU's sigmoid and fixed point; a peer that computed something else would not be worth timing.
TOLERANCE = 0.02


def python_that_fits() -> str | None:
    """A Python 3.10 or 3.11: PEER_PYTHON, this one, or one on the PATH or of a version manager."""
    managed = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.1[01]*/bin/python3"))
    wanted = [os.environ.get("PEER_PYTHON"), sys.executable, shutil.which("python3.11"), shutil.which("python3.10")]
    for candidate in [*filter(None, wanted), *map(str, managed)]:
        probe = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
        done = subprocess.run([candidate, "-c", probe], capture_output=True, text=True, check=False)
        if done.returncode == 0 and tuple(map(int, done.stdout.split())) in FITS:
            return candidate
    return None


def environment() -> Path | str:
    """The Python of the peer's environment, made when it is not there; or why it cannot be had."""
    made, done = ENVIRONMENT / "bin" / "python", ENVIRONMENT / ".made"
    if done.exists() and done.read_text() == LOCK.read_text():
        return made
    python = python_that_fits()
    if python is None:
        return "SPU needs Python 3.10 or 3.11; set PEER_PYTHON=/path/of/python3.11"
    print("making .venv-peer (about 1 GB) ...", file=sys.stderr)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(ENVIRONMENT)], check=True)
    pip = [str(made), "-m", "pip", "--disable-pip-version-check", "-qq", "install", "--require-hashes", "-r", str(LOCK)]
    got = subprocess.run(pip, capture_output=True, text=True, check=False)
    if got.returncode:
        return f"pip could not install requirements/peer.lock: {got.stderr.strip().splitlines()[-1:]}"
    done.write_text(LOCK.read_text())
    return made


def spu(python: Path, case: cases.Case, features: np.ndarray, label: np.ndarray, folder: Path) -> dict[str, Any]:
    """Median seconds of an iteration over two SPU processes; raises Failed when its weights are not numpy's."""
    cut, iterations = case.guest_columns, 3 if case.rows * case.columns > 5 * 10**6 else 7
    data = folder / f"{case.name}.npz"
    np.savez(data, guest=features[:, :cut], host=features[:, cut:], label=label)
    ports = [str(port) for port in free_ports(2)]
    words = [str(python), str(PARTY), "--ports", *ports, "--data", str(data), "--iterations", str(iterations)]
    parties = [
        subprocess.Popen([*words, "--rank", str(rank)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for rank in (0, 1)
    ]
    try:
        told = [party.communicate(timeout=1800) for party in parties]
    finally:
        for party in parties:
            party.kill()
    lines = [next((line for line in out.splitlines() if line.startswith("{")), "") for out, _ in told]
    if not all(lines):
        raise Failed(f"SPU on {case.name}: {told[0][1].strip()[-300:]}")
    answers = [json.loads(line) for line in lines]
    combine = [str(python), str(PARTY), "--combine"]
    joined = subprocess.run(combine, input="\n".join(lines), capture_output=True, text=True, timeout=120, check=True)
    weights = np.array(json.loads([line for line in joined.stdout.splitlines() if line.startswith("[")][-1]))
    error = float(np.max(np.abs(weights - plaintext(features, label, iterations))) / np.max(np.abs(weights)))
    if error > TOLERANCE:
        raise Failed(f"SPU on {case.name}: weights off by {error:.3f} of the largest")
    return {
        "peer_seconds": max(statistics.median(answer["seconds"][1:]) for answer in answers),
        "peer_memory_mb": max(answer["peak_memory_mb"] for answer in answers),
        "peer_error": error,
    }


def plaintext(features: np.ndarray, label: np.ndarray, iterations: int) -> np.ndarray:
    """What the peer's iterations must give."""
    weights = np.zeros(features.shape[1])
    for _ in range(iterations):
        left = 1 / (1 + np.exp(-(features @ weights))) - label
        weights = weights - 0.1 * (features.T @ left / len(label) + 0.01 * weights)
    return weights


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="SPU 0.9.5 and fedwarden on the same rows")
    parser.add_argument("--case", action="append", help="lr-ROWSxCOLUMNS; may be repeated")
    parser.add_argument("--no-store", action="store_true", help="print only")
    chosen = parser.parse_args(arguments)
    python = environment()
    if isinstance(python, str):
        print(f"skipped: {python}")
        return 0
    with World() as world, tempfile.TemporaryDirectory() as folder:
        for name in chosen.case or DEFAULT:
            case = cases.parse(name)
            features, label = cases.generate(case)
            row = ours.measure(world, case, "32,14")
            row |= spu(python, case, features, label, Path(folder))
            row["peer"], row["peer_ratio"] = "SPU 0.9.5 SEMI2K", row["peer_seconds"] / row["seconds_per_iteration"]
            print(
                f"{name:<16} SPU {row['peer_seconds'] * 1000:9.1f} ms  fedwarden "
                f"{row['seconds_per_iteration'] * 1000:8.1f} ms  ratio {row['peer_ratio']:6.1f}  "
                f"(weights within {row['peer_error']:.1e})",
                flush=True,
            )
            if not chosen.no_store:
                kept = ("case", "series", "peer", "peer_seconds", "peer_memory_mb", "peer_error", "peer_ratio")
                ours.store({key: row[key] for key in (*kept, "seconds_per_iteration", "date", "cpus")}, RESULTS)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failed as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(1)
