"""Poor links between organisations: one-way firewalls, address translation, no way in at all, partitions."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from link_world import DATA, INSIDE, LinkWorld

from rig.fixture import CHECKOUT, hosts

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinkWorld]:
    with hosts(2, RIG_HIDE="", RIG_EXPOSE=f"{CHECKOUT} {sys.base_prefix}") as rig:
        world = LinkWorld(rig, tmp_path_factory.mktemp("links"))
        try:
            yield world
        finally:
            world.close()


@pytest.fixture(autouse=True)
def healthy(world: LinkWorld) -> Iterator[None]:
    yield
    world.open_again()
    world.rig.call("heal")


def succeeded(world: LinkWorld, spec: object, seconds: float = 40) -> dict[str, object]:
    records = world.ended(spec, seconds)  # type: ignore[arg-type]
    assert {record.state for record in records.values()} == {"success"}, {r: x.cause for r, x in records.items()}
    return records  # type: ignore[return-value]


def relayed(records: dict[str, object]) -> list[str]:
    said = [item["what"] for record in records.values() for item in record.revealed]  # type: ignore[attr-defined]
    return [what for what in said if what.startswith("relayed")]


def test_a_host_behind_an_address_translation_is_reached_at_what_it_advertises(world: LinkWorld) -> None:
    assert f"{INSIDE}:{DATA}" in world.rig.shell(2, "ss -Hltn"), "it listens where nobody else can reach it"
    world.no_inbound(1)  # the guest cannot be dialled: its peers must take the advertised way
    records = succeeded(world, world.submit())
    assert not relayed(records)
    assert records["guest"].result["obtained"] == records["guest"].result["expected"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("how", ["drop", "reject with tcp reset"])
def test_a_host_that_takes_no_connection_dials_everybody_itself(world: LinkWorld, how: str) -> None:
    """The arbiter too: its data port is open to parties on other hosts."""
    world.no_inbound(2, how=how)
    begin = time.monotonic()
    assert not relayed(succeeded(world, world.submit()))
    assert time.monotonic() - begin < 8, "nobody waited for a connection that cannot come"


def test_two_that_can_only_dial_out_meet_at_the_relay_and_the_record_says_so(world: LinkWorld) -> None:
    world.no_inbound(1, 2)
    world.change(2, relay=True)
    try:
        records = succeeded(world, world.submit())
    finally:
        world.change(2, relay=None)
    assert sorted(relayed(records)) == sorted(
        f"relayed: link {one}–{other} through the regulator; sizes seen"
        for pair in (("guest", "host1"), ("host1", "arbiter"))
        for one, other in (pair, pair[::-1])
    )
    home = Path(world.site.member(0).home)
    log = [json.loads(line) for line in (home / "relay.log").read_text().splitlines()]
    ended = [event for event in log if event["event"] == "ended"]
    assert {(event["party"], event["other"]) for event in ended} <= {(1, 2), (2, 1), (0, 2), (2, 0)}
    assert all(event["sent"] > 0 and event["received"] > 0 for event in ended)


def test_a_relay_nobody_asked_for_is_used_when_both_directions_fail(world: LinkWorld) -> None:
    world.no_inbound(1, 2)
    records = succeeded(world, world.submit())
    assert {re.findall(r"link (\S+)–(\S+) ", what)[0] for what in relayed(records)} == {
        ("guest", "host1"),
        ("host1", "guest"),
    }, "the arbiter is dialled by both"


@pytest.fixture(scope="module")
def tables(world: LinkWorld) -> dict[str, str]:
    return world.tables()


def in_training(world: LinkWorld, tables: dict[str, str], **given: object) -> object:
    spec = world.submit("hetero_lr", tables, sigmoid="64,28", **given)
    end = time.monotonic() + 60
    while not world.records(spec)["guest"].iteration:
        assert time.monotonic() < end, world.records(spec)
        time.sleep(0.05)
    return spec


def test_a_partition_of_five_seconds_heals_and_the_job_ends_well(world: LinkWorld, tables: dict[str, str]) -> None:
    world.rig.call("delay", "1", "10")
    try:
        spec = in_training(world, tables, max_iter=30, refit=False)
        world.rig.call("partition", "1", "2")
        begin = time.monotonic()
        before = world.records(spec)["guest"].iteration  # type: ignore[arg-type]
        time.sleep(5)
        world.rig.call("heal")
        assert time.monotonic() - begin < 8
        records = succeeded(world, spec, 60)
        assert records["guest"].iteration > before, "it was in the middle of it"  # type: ignore[attr-defined]
    finally:
        world.rig.call("delay", "1", "0")


def test_silence_ends_the_job_at_every_role_within_twenty_seconds_and_names_the_link(
    world: LinkWorld, tables: dict[str, str]
) -> None:
    spec = in_training(world, tables, max_iter=100_000)
    world.rig.call("partition", "1", "2")
    begin = time.monotonic()
    records = world.ended(spec, 25)  # type: ignore[arg-type]
    assert 8 < time.monotonic() - begin < 20
    assert {record.state for record in records.values()} == {"failed"}
    causes = {(r.cause["code"], r.cause["role"], r.cause["params"]["role"]) for r in records.values() if r.cause}
    assert causes <= {("FW-LINK-011", "guest", "host1"), ("FW-LINK-011", "host1", "guest")}, causes


def test_a_killed_worker_ends_the_job_at_every_role_within_ten_seconds(
    world: LinkWorld, tables: dict[str, str]
) -> None:
    spec = in_training(world, tables, max_iter=100_000)
    pid = world.records(spec)["host1"].pid  # type: ignore[arg-type]
    world.rig.shell(2, f"kill -9 {pid}")
    begin = time.monotonic()
    records = world.ended(spec, 12)  # type: ignore[arg-type]
    assert time.monotonic() - begin < 10
    assert {record.state for record in records.values()} == {"failed"}
