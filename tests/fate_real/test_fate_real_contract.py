"""What every engine keeps (tests/fate/engine_contract.py), kept by a real FATE 2.2."""

from typing import ClassVar

import pytest
from engine_contract import EngineContract
from federation import write_tables

from fedwarden.cli import main as warden

pytestmark = [pytest.mark.real_fate, pytest.mark.timeout(3600)]


@pytest.fixture(scope="session")
def tables(tmp_path_factory):
    return write_tables(tmp_path_factory.mktemp("contract"))


class TestRealFate22(EngineContract):
    """Fewer steps than by default: each is a second here, and the tables ask for no more."""

    online = ()
    example = False
    job_seconds = 1800.0
    look_seconds = 2.0
    options: ClassVar = {
        "hetero_lr": {"max_iter": 3, "learning_rate": 1.0},
        "hetero_linr": {"max_iter": 5, "learning_rate": 0.5},
    }

    @classmethod
    def begin(cls, home, tables, request):
        fate = request.getfixturevalue("fate")
        for party in (1, 2):
            assert warden.run(["attach", "--engine", "fate", "--party", str(party), "--flow", fate]) == 0
        yield home

    def before_the_end(self, run):
        done = run.script("-f", "delete", "-id", 1, 2, "-ip", "127.0.0.1", "127.0.0.1")
        assert (done.code, done.out) == (1, "delete failure.\n") and "detach" in done.err
