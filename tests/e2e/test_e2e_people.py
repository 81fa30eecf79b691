"""The same functions for people: the ``fedwarden`` command."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from e2e_tables import Tables, breast
from e2e_world import World, find


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Tables]]:
    folder = tmp_path_factory.mktemp("desk")
    world, tables = World(folder / "world"), breast(folder / "tables", seed=31)
    try:
        yield world, tables
    finally:
        world.close()


def test_from_deploy_to_destroy_each_with_a_next_line(desk: tuple[World, Tables]) -> None:
    world, tables = desk
    guest, host = tables.paths

    def does(*words: object) -> str:
        run = world.warden(*words)
        assert run.code == 0 and "Traceback" not in run.err, run
        assert "Next:" in run.out + run.err, run
        return run.out

    does("deploy", "--party", "1=127.0.0.1", "--party", "2=127.0.0.1")
    does("upload", "--project", "p", "--guest", f"1={guest}", "--host", f"2={host}")
    shown = does("train", "--project", "p")
    assert "loss" in shown.lower() and "auc" in shown.lower()
    jobs = world.warden("jobs", "--json").json
    job = next(v for key in ("job_id", "jobid") for v in find(jobs, key))
    assert job in does("jobs")
    assert "revealed" in does("job", "show", job, "--all").lower()
    assert job in does("models")
    does("publish", job, "--name", "m")
    shown = float(does("predict", "m", "--sample-id", tables.ids[0]).split()[0])
    script = world.script("-f", "predict", "-mname", "m", "-sid", tables.ids[0])
    assert shown == pytest.approx(script.prob, rel=1e-3), "both programs stand on one thing"
    assert world.warden("logs", job).code == 0
    does("destroy", "--yes")
    assert not world.processes()


def test_a_wrong_word_is_one_clear_line_and_no_traceback(desk: tuple[World, Tables]) -> None:
    run = desk[0].warden("job", "show", "209901010000000000000")
    assert run.code == 1 and "Traceback" not in run.err and run.complaint, run
