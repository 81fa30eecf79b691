"""Tables to try a federation with, and the two programs run in this process."""

import ast
import json
import random
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from fedwarden.cli import main as warden
from fedwarden.cli import script


class Tables(NamedTuple):
    """Ids of guest and host are shuffled and only partly in common; ``number``: a label for linear regression."""

    guest: Path
    host: Path
    other: Path
    number: Path


def write_tables(folder: Path) -> Tables:
    draw = random.Random(4)
    people = [f"p{k:04}" for k in range(260)]
    features = {who: [draw.gauss(0, 1) for _ in range(5)] for who in people}
    weights = (1.1, -0.7, 0.9, -1.3, 0.4)
    score = {who: sum(w * x for w, x in zip(weights, features[who], strict=True)) for who in people}

    def write(name: str, header: str, who: list[str], row) -> Path:
        draw.shuffle(who)
        path = folder / name
        path.write_text("\n".join([header, *(",".join(map(str, (one, *row(one)))) for one in who)]) + "\n")
        return path

    def label(who: str) -> int:
        return int(score[who] + 0.5 * draw.gauss(0, 1) > 0)

    return Tables(
        guest=write("guest.csv", "id,y,age,income", people[:240], lambda w: (label(w), *_short(features[w][:2]))),
        host=write("host.csv", "id,x0,x1", people[20:], lambda w: _short(features[w][2:4])),
        other=write("other.csv", "id,z", people[:], lambda w: _short(features[w][4:])),
        number=write("number.csv", "id,y,age", people[:240], lambda w: _short([score[w], features[w][0]])),
    )


def _short(values: list[float]) -> list[str]:
    return [f"{value:.5f}" for value in values]


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Programs:
    """script.py and the fedwarden command. Every run is checked for the promise that failures say one clear line."""

    def __init__(self, captured: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._captured = captured
        monkeypatch.setattr(script, "catch_signals", lambda: None)
        monkeypatch.setattr(warden, "catch_signals", lambda: None)

    def script(self, *words: object) -> Answer:
        return self._answer(lambda: script.main([str(word) for word in words]))

    def warden(self, *words: object) -> Answer:
        return self._answer(lambda: warden.run([str(word) for word in words]))

    def _answer(self, run) -> Answer:
        self._captured.readouterr()
        code = run()
        out, err = self._captured.readouterr()
        if code == 1:
            assert [line[:7] for line in err.splitlines() if not line.startswith("note: ")] == ["error: "], err
        return Answer(code, out, err)

    def attach(self, cluster, *more: object) -> Answer:
        """Every party of a simulated cluster, one by one; the last answer."""
        for number, party in cluster.parties.items():
            serving = ["--serving", party.inference] if party.inference else []
            done = self.warden("attach", "--engine", "fate", "--party", number, "--flow", party.flow, *serving, *more)
            assert done.code == 0, done
        return done

    def upload(self, tables: Tables, project: str, *hosts: object) -> Answer:
        pairs = hosts or (2, tables.host)
        done = self.script("-f", "upload", "-gp", 1, tables.guest, "-hp", *pairs, "-proj", project)
        assert done.code == 0, done
        return done

    def submit(self, project: str, algorithm: str = "hetero_lr", *more: object) -> tuple[str, str]:
        """(model id, job id)."""
        done = self.script("-f", "submit", "-proj", project, "-alg", algorithm, "-m", 1, *more)
        assert done.code == 0, done
        told = ast.literal_eval(done.out)
        return told["model_id"], told["jobid"]

    def ended(self, job: str) -> dict:
        """The job's record once it has ended; a failed one's once the party that knows the cause has told it."""
        end = time.monotonic() + 60
        while True:
            record = self.warden("job", "show", job, "--json").json
            if record["state"] == "success" or (record["state"] == "failed" and record.get("cause")):
                return record
            assert time.monotonic() < end, record
            time.sleep(0.05)
