"""One promise, four engines; the real FATE 2.2 keeps it too where it can be had (tests/fate_real)."""

import pytest
from engine_contract import EngineContract
from simulator.cluster import Cluster

from fedwarden.cli import main as warden
from fedwarden.cli.leftovers import end_processes_under


class TestNative(EngineContract):
    online = ("hetero_lr", "hetero_linr")
    offline = False
    end_words = ("destroy", "--yes")

    @classmethod
    def begin(cls, home, tables, request):
        try:
            assert warden.run(["deploy", "--party", "1=127.0.0.1", "--party", "2=127.0.0.1"]) == 0
            yield home
        finally:
            end_processes_under(home)

    def probe(self):
        return ()


class Attached(EngineContract):
    version = ""

    @classmethod
    def begin(cls, home, tables, request):
        with Cluster(cls.version, [1, 2], adaptors={2: tables.host}) as cluster:
            for number, party in cluster.parties.items():
                words = ["attach", "--engine", "fate", "--party", str(number), "--flow", party.flow]
                if party.inference:
                    words += ["--serving", party.inference]
                assert warden.run(words) == 0
            yield home

    def before_the_end(self, run):
        done = run.script("-f", "delete", "-id", 1, 2, "-ip", "127.0.0.1", "127.0.0.1")
        assert (done.code, done.out) == (1, "delete failure.\n") and "detach" in done.err


class TestFate144(Attached):
    version = "1.4.4"


class TestFate1112(Attached):
    version = "1.11.2"


class TestFate22(Attached):
    version = "2.2.0"
    online = ()
    example = False


@pytest.fixture(autouse=True)
def _no_other_engine(monkeypatch):
    """Nothing of the caller's own environment takes part."""
    monkeypatch.delenv("FEDWARDEN_SSH_KEY", raising=False)
