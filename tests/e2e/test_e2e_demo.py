"""`fedwarden demo`: two organisations, one joint model, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e_world import World


@pytest.mark.long  # tests/demo runs the demo in `make test`
def test_demo_shows_what_the_partner_adds_and_leaves_nothing(tmp_path: Path) -> None:
    world = World(tmp_path / "world")
    run = world.warden("demo", "--json", timeout=170)
    assert run.code == 0, run
    answer = run.json
    alone, joint = answer["guest_alone"]["auc"], answer["joint"]["auc"]
    assert 0.62 < alone < 0.70 <= joint < 0.78 and joint - alone >= 0.04, answer
    assert 0 < answer["seconds"] <= run.seconds
    prediction = answer["prediction"]
    assert 0 < (prediction["prob"] if isinstance(prediction, dict) else prediction) < 1
    assert not world.processes()
    left = [p for folder in (world.home, world.user, world.temporary) for p in folder.rglob("*") if p.is_file()]
    assert not left, "the demo has a home of its own and takes it away"
