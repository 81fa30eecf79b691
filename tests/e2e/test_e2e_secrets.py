"""After a full run no file and no process word holds a password, an id, a feature's value or a probability."""

from __future__ import annotations

import re
import stat
import struct
from pathlib import Path

import pytest
from e2e_scenario import PASSWORD, Scenario
from e2e_world import World


@pytest.fixture(scope="module")
def used(trial: Scenario) -> tuple[Scenario, list[str]]:
    """The one-id scenario after predictions through every door; the probabilities they gave."""
    world, tables = trial.world, trial.tables
    rows = (11, 222)
    probs = []
    for row in rows:
        run = world.script("-f", "predict", "-mname", "one", "-sid", tables.ids[row], "-params", *tables.words(row))
        probs.append(repr(run.prob))
        world.serving(1, "one", tables.named(row), tables.ids[row])
    world.script("-f", "predict", "-mname", "one", "-sid", "stranger-5591", "-params", *tables.words(0))
    world.script("-f", "predict", "-mname", "one", "-params", "7731.25917", "nan")
    for words in (("jobs",), ("models",), ("logs", trial.job), ("job", "show", trial.job)):
        world.warden(*words)
    return trial, probs


def _files(world: World) -> list[Path]:
    return [path for path in world.home.rglob("*") if path.is_file() and not path.is_symlink()]


def test_no_file_holds_a_password_an_id_a_value_or_a_probability(used: tuple[Scenario, list[str]]) -> None:
    it, probs = used
    tables = it.tables
    needles = {
        PASSWORD.encode(): "the password",
        b"stranger-5591": "an unknown sample id",
        b"7731.25917": "a parameter",
    }
    needles |= {sid.encode(): "an id" for sid in tables.ids}
    needles |= {prob[:12].encode(): "a probability" for prob in probs}
    values = {repr(value)[:10].encode() for value in tables.X.ravel().tolist() if value}
    binary = {struct.pack("<d", value): "a feature's value in binary" for value in tables.X[:, 0].tolist()}
    found = []
    for path in _files(it.world):
        text = path.read_bytes()
        found += [f"{path.relative_to(it.world.home)}: {what}" for needle, what in needles.items() if needle in text]
        found += [f"{path.relative_to(it.world.home)}: {what}" for needle, what in binary.items() if needle in text]
        # whole numbers only: the digits of a short value stand in some longer number by chance
        numbers = {number[:10] for number in re.findall(rb"(?<![0-9.])[0-9]+[.][0-9]+(?:e-?[0-9]+)?", text)}
        found += [f"{path.relative_to(it.world.home)}: a feature's value {number!r}" for number in numbers & values]
    assert not found, found[:10]
    assert len(needles) > 500 and len(values) > 5000


def test_keys_stand_in_private_files_only(used: tuple[Scenario, list[str]]) -> None:
    world = used[0].world
    for path in _files(world):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        if b"PRIVATE KEY" in path.read_bytes():
            assert path.suffix in (".pem", ".key"), path
    for folder in (world.home, *(p for p in world.home.rglob("*") if p.is_dir())):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    assert any(b"PRIVATE KEY" in p.read_bytes() for p in _files(world))


def test_no_process_of_ours_was_told_a_secret_in_its_words_or_environment(used: tuple[Scenario, list[str]]) -> None:
    processes = used[0].world.processes()
    assert len(processes) >= 2
    for process in processes:
        told = " ".join(process.cmdline()) + repr(process.environ())
        assert PASSWORD not in told
        assert not [sid for sid in used[0].tables.ids if sid in told]


def test_nothing_is_written_outside_the_regulators_home(used: tuple[Scenario, list[str]]) -> None:
    world = used[0].world
    outside = [path for folder in (world.user, world.temporary) for path in folder.rglob("*") if path.is_file()]
    assert not outside
