"""100 Mbit/s and 20 ms between two organisations: a training of usual size still ends while one waits."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from link_world import LinkWorld

from fedwarden.data.credit import credit_tables
from rig.fixture import CHECKOUT, hosts

pytestmark = [pytest.mark.long, pytest.mark.rare]


def test_twenty_iterations_on_thirty_thousand_people(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bank, partner = credit_tables(30_000, 30_000, 30_000)
    bank.write_csv(tmp_path / "bank.csv")
    partner.write_csv(tmp_path / "partner.csv")
    with hosts(2, RIG_HIDE="", RIG_EXPOSE=f"{CHECKOUT} {sys.base_prefix}") as rig:
        world = LinkWorld(rig, tmp_path_factory.mktemp("slow"))
        try:
            tables = world.register(tmp_path / "bank.csv", tmp_path / "partner.csv", "y")
            for host in ("1", "2"):
                rig.call("delay", host, "5")  # each way, at both hosts: 20 ms from one to the other and back
                rig.call("rate", host, "100mbit")
            options = {"validation": 0, "max_iter": 20, "sigmoid": "32,14"}
            records = world.ended(world.submit("hetero_lr", tables, **options), 150)
        finally:
            world.close()
    assert {record.state for record in records.values()} == {"success"}, {r: x.cause for r, x in records.items()}
    phases = {phase.name: phase.seconds for phase in records["guest"].phases}
    megabytes = {
        role: round(sum(link.sent for link in record.links.values()) / 1e6, 1) for role, record in records.items()
    }
    with capsys.disabled():
        print(f"\n30,000x23, 20 iterations, 100 Mbit/s, 20 ms: {phases['train']:.1f} s; sent (MB): {megabytes}")
    assert records["guest"].iteration == 20
    assert phases["train"] < 60  # 20 s on a machine that does nothing else
