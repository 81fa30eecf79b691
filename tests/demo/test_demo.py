"""``fedwarden demo``: whatever interrupts it, nothing is left running and nothing is left on disk."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fedwarden.cli import demo_texts
from fedwarden.cli.leftovers import end_processes_under, processes_under

DEMO = "import sys; from fedwarden.cli import demo; sys.exit(demo.run('--json' in sys.argv))"


@pytest.fixture
def stage(tmp_path):
    """A folder for the demo's temporary files and a live home beside it that it must not touch."""
    (tmp_path / "temporary").mkdir()
    (tmp_path / "live").mkdir()
    yield tmp_path
    end_processes_under(tmp_path)


def start(stage, *words, **environment):
    places = {"TMPDIR": str(stage / "temporary"), "FEDWARDEN_HOME": str(stage / "live"), "FEDWARDEN_LANG": "en"}
    return subprocess.Popen(
        [sys.executable, "-c", DEMO, *words],
        env={**os.environ, **places, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def nothing_left(stage):
    assert processes_under(stage) == []
    assert list((stage / "temporary").iterdir()) == []
    assert list((stage / "live").iterdir()) == []


def is_host_worker(process):
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"fedwarden.party.worker" in words and b"host1" in words


def test_it_shows_the_gain_and_leaves_nothing(stage):
    out, err = (demo := start(stage, "--json")).communicate(timeout=170)
    assert demo.returncode == 0, err
    answer = json.loads(out)
    # scikit-learn on the pooled rows of the same split
    assert answer["joint"]["auc"] == pytest.approx(0.7205, abs=2e-3)
    assert answer["guest_alone"]["auc"] == pytest.approx(0.6482, abs=1e-3)
    assert 0 < answer["prediction"]["prob"] < 1
    assert answer["rows"]["common"] == 24_500
    assert answer["rows"]["training"] + answer["rows"]["validation"] == 24_500
    assert answer["seconds"] >= sum(answer["phases"].values()) - 0.1
    nothing_left(stage)


@pytest.mark.parametrize(
    ("number", "after"), [(signal.SIGINT, "register"), (signal.SIGTERM, "write two tables"), (signal.SIGINT, "publish")]
)
def test_a_signal_takes_everything_down(stage, number, after):
    demo = start(stage)
    assert demo.stdout is not None
    for line in demo.stdout:
        if after in line:
            break
    if after != "publish":
        end = time.monotonic() + 30
        while not processes_under(stage):  # in the midst of the next step
            assert time.monotonic() < end, "no agent runs after 30 s"
            time.sleep(0.05)
    demo.send_signal(number)
    demo.send_signal(number)  # an impatient second one changes nothing
    _, err = demo.communicate(timeout=60)
    assert demo.returncode == 130, err
    assert "taken down" in err
    nothing_left(stage)


def test_a_failure_takes_everything_down_and_says_why(stage):
    """A worker is killed in mid-training: the job fails, the demo says so and cleans up."""
    demo = start(stage)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "register" in line:
            break
    end = time.monotonic() + 30
    while not (workers := [number for number in processes_under(stage) if is_host_worker(number)]):
        assert time.monotonic() < end, "no worker of the host within 30 s"
        time.sleep(0.02)
    os.kill(workers[0], signal.SIGKILL)
    _, err = demo.communicate(timeout=90)
    assert demo.returncode == 1
    assert err.startswith("error: ")
    assert len(err.strip().splitlines()) == 1
    nothing_left(stage)


def test_every_text_speaks_both_languages():
    texts = [value for value in vars(demo_texts).values() if isinstance(value, demo_texts.Text)]
    texts += demo_texts.PHASES.values()
    assert len(texts) > 15
    for text in texts:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh), text.en
        assert sorted(part.split("}")[0] for part in text.en.split("{")[1:]) == sorted(
            part.split("}")[0] for part in text.zh.split("{")[1:]
        )
