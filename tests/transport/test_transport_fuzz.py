"""Bytes from strangers, chosen by a fuzzer that watches which branches they reach."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_transport_frames import HELLO

from fedwarden.transport import frames

HERE = Path(__file__).parent


def fuzz(corpus: Path, runs: int, seconds: int) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("atheris", reason="atheris has no wheel for this Python or machine")
    corpus.mkdir()
    buffers, _ = frames.encode(frames.DATA, "psi.tokens", 3, [np.zeros((4, 2), dtype=np.uint64)], {"a": 1})
    (corpus / "frame").write_bytes(b"".join(buffers))
    (corpus / "abort").write_bytes(b"".join(frames.encode(frames.ABORT, meta={"code": "FW-JOB-101"})[0])[4:])
    (corpus / "hello").write_bytes(HELLO)
    return subprocess.run(
        [
            # by way of a shell: a process that is started from a large one counts that one's memory as its own peak
            "sh", "-c", '"$@"; exit $?', "sh",
            sys.executable, str(HERE / "fuzz_decoders.py"), f"-runs={runs}", f"-max_total_time={seconds}",
            "-max_len=2048", "-rss_limit_mb=1024", f"-artifact_prefix={corpus.parent}/", str(corpus),
        ],
        capture_output=True,
        text=True,
        timeout=seconds * 4 + 60,
        check=False,
    )  # fmt: skip


def test_no_bytes_get_past_the_decoders_checks(tmp_path: Path) -> None:
    done = fuzz(tmp_path / "corpus", 40_000, 8)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Done" in done.stderr, done.stderr[-500:]


@pytest.mark.long
def test_nor_do_two_million(tmp_path: Path) -> None:
    done = fuzz(tmp_path / "corpus", 2_000_000, 150)
    assert done.returncode == 0, done.stderr[-2000:]
