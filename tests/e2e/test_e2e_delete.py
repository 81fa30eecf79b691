"""delete ends running jobs as failed and takes away processes, ports, keys, folders and models; never a source file."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path

from e2e_tables import breast
from e2e_world import World, eventually, listening

IPS = ("127.0.0.1", "127.0.0.1")


def test_after_delete_nothing_is_left_but_the_history_and_the_tables(tmp_path: Path) -> None:
    world, tables = World(tmp_path / "world"), breast(tmp_path / "tables")
    guest, host = tables.paths
    digest = [hashlib.sha256(path.read_bytes()).hexdigest() for path in tables.paths]
    try:
        assert world.script("-f", "deploy", "-id", 41, 42, "-ip", *IPS).out == "deploy success.\n"
        up = world.script("-f", "upload", "-gp", 41, guest, "-hp", 42, host, "-proj", "p")
        assert up.out == "upload success.\n", up
        model, done = world.train("p")
        assert world.bind(model, done, "m").out == "load_bind success.\n"
        endless = tmp_path / "endless.yaml"
        endless.write_text("max_iter: 100000\n")
        _, running = world.submit("p", "hetero_lr", "--config", endless)
        agents = world.agents()
        assert sorted(agents) == [0, 41, 42]
        ports = [(a["bind"], a[k]) for a in agents.values() for k in ("control_port", "data_port", "serving_port")]
        assert any(listening(port, bind) for bind, port in ports)

        run = world.script("-f", "delete", "-id", 42, 41, "-ip", *IPS)
        assert (run.out, run.code) == ("delete success.\n", 0), run
        assert not world.processes()
        assert not [port for bind, port in ports if listening(port, bind)]
        left = (
            [str(p) for p in (world.home / "deployments").rglob("*")] if (world.home / "deployments").exists() else []
        )
        assert not left
        keys = [p for p in world.home.rglob("*") if p.is_file() and p.parent.name != "pki" and _holds_key(p)]
        assert not keys
        assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in tables.paths] == digest

        assert world.states(done) == ["success"] * 3, "the regulator keeps the history of jobs"
        assert world.states(running) == ["failed"] * 3
        after = world.script("-f", "predict", "-mname", "m", "-params", *tables.words(0))
        assert after.code == 1 and '"retcode":104' in after.out, after
        again = world.script("-f", "delete", "-id", 41, 42, "-ip", *IPS)
        assert (again.out, again.code) == ("delete failure.\n", 1), again
    finally:
        world.close()


def test_a_second_deployment_becomes_current_and_leaves_the_first_running(tmp_path: Path) -> None:
    world = World(tmp_path / "world")
    try:
        assert world.script("-f", "deploy", "-id", 1, "-ip", IPS[0]).code == 0
        first = world.agents()
        assert world.script("-f", "deploy", "-id", 2, "-ip", IPS[0]).code == 0
        assert listening(first[1]["control_port"], first[1]["bind"])
        tables = breast(tmp_path / "tables")
        words = ("-gp", 1, tables.paths[0], "-hp", 1, tables.paths[1], "-proj", "p")
        refused = world.script("-f", "upload", *words)
        assert (refused.out, refused.code) == ("upload failure.\n", 1), "party 1 is not of the current deployment"
        # An agent that is dead already is no reason not to take its deployment away.
        os.kill(first[1]["pid"], signal.SIGKILL)
        eventually(lambda: not listening(first[1]["control_port"]), 5, "the killed agent's port closes")
        run = world.script("-f", "delete", "-id", 1, "-ip", IPS[0])
        assert (run.out, run.code) == ("delete success.\n", 0), run
        assert sorted(a for a in world.agents() if a) == [2]
        assert world.script("-f", "delete", "-id", 2, "-ip", IPS[0]).code == 0
        assert not world.processes() and not list(world.home.glob("deployments/*/*"))
    finally:
        world.close()


def _holds_key(path: Path) -> bool:
    return b"PRIVATE KEY" in path.read_bytes()
