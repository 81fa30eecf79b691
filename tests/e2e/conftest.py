"""Scenarios that several files look at; each is real processes on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_scenario import PASSWORD, Scenario
from e2e_tables import breast
from e2e_world import SUBMITTED, World


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """One party id as guest and host on 127.0.0.1, no config file: from deploy to the bound name ``one``."""
    folder = tmp_path_factory.mktemp("trial")
    it = Scenario(World(folder / "world"), breast(folder / "tables", hosts=1))
    world, (guest, host) = it.world, it.tables.paths
    try:
        world.step("deploy", "-f", "deploy", "-u", "root", "-pw", PASSWORD, "-id", 1, "-ip", "127.0.0.1")
        world.step("upload", "-f", "upload", "-gp", 1, guest, "-hp", 1, host, "-proj", "breast")
        world.step("submit", "-f", "submit", "-proj", "breast", "-alg", "hetero_lr", "-m", 1)
        match = SUBMITTED.fullmatch(world.runs["submit"].out)
        if match:
            it.model, it.job = match[1], match[3]
            it.final = world.wait(it.job)
            world.step("load_bind", "-f", "load_bind", "-mid", it.model, "-mver", it.job, "-mname", "one")
        yield it
    finally:
        world.close()


@pytest.fixture(scope="session")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """Guest 1, hosts 2 and 3 (the last on another loopback address); ``breast`` uploaded, nothing trained."""
    folder = tmp_path_factory.mktemp("trio")
    it = Scenario(World(folder / "world"), breast(folder / "tables", hosts=2, seed=6))
    world, (guest, host1, host2) = it.world, it.tables.paths
    try:
        ips = ("127.0.0.1", "127.0.0.1", "127.0.0.2")
        world.step("deploy", "-f", "deploy", "-u", "-pw", "a", "b", "c", "-id", 1, 2, 3, "-ip", *ips)
        # Hosts in another order than their numbers: roles are numbered by party id all the same.
        world.step("upload", "-f", "upload", "-gp", 1, guest, "-hp", 3, host2, 2, host1, "-proj", "breast")
        yield it
    finally:
        world.close()


@pytest.fixture(scope="session")
def trained(trio: Scenario) -> Scenario:
    """``trio`` with a model bound as ``three`` (default options)."""
    world = trio.world
    trio.model, trio.job = world.submit("breast")
    trio.final = world.wait(trio.job)
    world.step("load_bind", "-f", "load_bind", "-mid", trio.model, "-mver", trio.job, "-mname", "three")
    return trio


@pytest.fixture
def options(tmp_path: Path) -> Path:
    """``--config`` of the exactness promises."""
    path = tmp_path / "options.yaml"
    path.write_text("validation: 0\nalpha: 0.01\n")
    return path
