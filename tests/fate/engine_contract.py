"""What every engine keeps, whatever stands behind it: inherited once per engine by ``test_engine_contract``."""

import ast
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from federation import Programs, Tables

from fedwarden.cli import main as warden

ROLES = 3  # arbiter, guest, one host
SUBMITTED = re.compile(
    r"\{'retcode': 0, 'model_id': '(arbiter-\d+#guest-1#host-2#model)', 'model_version': '(\d{21,})', 'jobid': '\2'\}\n"
)
PREDICTED = re.compile(r'\{"prob":(-?[0-9][0-9.e+-]*),"retmsg":"success","retcode":0\}\n')
PROBE = "p0100"  # an id that both parties hold


class EngineContract:
    """``begin`` and ``end`` put the engine there and take it away; the rest says what it can do."""

    online: ClassVar[tuple[str, ...]] = ("hetero_lr",)  # algorithms that can be published
    example: ClassVar[bool] = True
    offline: ClassVar[bool] = True
    job_seconds: ClassVar[float] = 120.0  # how long a job may take, and how often it is looked at meanwhile
    look_seconds: ClassVar[float] = 0.1
    options: ClassVar[dict[str, dict[str, float]]] = {}  # by algorithm, where the defaults take too long
    end_words: ClassVar[tuple[str, ...]] = ("detach", "--yes")

    @classmethod
    def begin(cls, home: Path, tables: Tables, request: pytest.FixtureRequest) -> Iterator[Path]:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def site(
        cls, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tables: Tables
    ) -> Iterator[Path]:
        with pytest.MonkeyPatch.context() as patch:
            home = tmp_path_factory.mktemp("regulator") / "home"
            patch.setenv("FEDWARDEN_HOME", str(home))
            patch.setenv("FEDWARDEN_LANG", "en")
            patch.setattr(warden, "catch_signals", lambda: None)
            yield from cls.begin(home, tables, request)

    @pytest.fixture
    def run(
        self, site: Path, tables: Tables, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> Programs:
        return Programs(capfd, monkeypatch)

    def upload(self, run: Programs, tables: Tables, project: str, guest: Path | None = None) -> None:
        done = run.script("-f", "upload", "-gp", 1, guest or tables.guest, "-hp", 2, tables.host, "-proj", project)
        assert (done.code, done.out) == (0, "upload success.\n"), done

    def train(self, run: Programs, project: str, algorithm: str, folder: Path) -> tuple[str, str]:
        """(model id, job id) of a job that has ended with success in every role."""
        config = folder / "chosen.yaml"
        config.write_text(json.dumps(self.options.get(algorithm, {})))
        done = run.script("-f", "submit", "-proj", project, "-alg", algorithm, "-m", 1, "--config", config)
        match = SUBMITTED.fullmatch(done.out)
        assert match and done.code == 0, done
        model_id, job = match.groups()
        assert ast.literal_eval(done.out)["model_version"] == job
        end = time.monotonic() + self.job_seconds
        while True:
            seen = run.script("-f", "query", "-jid", job)
            assert set(seen.out.split()) <= {"waiting", "running", "success", "failed"}, seen
            assert len(seen.out.splitlines()) == ROLES
            if set(seen.out.split()) & {"success", "failed"}:
                assert seen.out == "success\n" * ROLES, seen
                return model_id, job
            assert time.monotonic() < end, f"job {job} has not ended: {seen}"
            time.sleep(self.look_seconds)

    def metrics(self, run: Programs, job: str) -> dict:
        shown = run.warden("job", "show", job, "--json")
        assert shown.code == 0, shown
        return next(it["metrics"] for it in shown.json["roles"] if it["role"] == "guest")

    def test_a_logistic_model_is_trained_and_is_good(self, run, tables, tmp_path):
        self.upload(run, tables, "loans")
        _, job = self.train(run, "loans", "hetero_lr", tmp_path)
        auc = {part: found["auc"] for part, found in self.metrics(run, job).items()}
        assert auc and all(0.9 < value <= 1 for value in auc.values()), auc

    def test_what_was_revealed_is_told_role_by_role(self, run, tables):
        shown = run.warden("job", "show", run.warden("jobs", "--json").json["jobs"][0]["job_id"], "--json").json
        told = {it["role"]: [line["what"] for line in it["revealed"]] for it in shown["roles"]}
        assert told["arbiter"] and told["guest"] and set(told) == {"arbiter", "guest", "host1"}

    def test_a_published_model_predicts_one_sample_or_the_reason_why_not(self, run, tables, tmp_path):
        self.upload(run, tables, "online")
        model_id, job = self.train(run, "online", "hetero_lr", tmp_path)
        bound = run.script("-f", "load_bind", "-mid", model_id, "-mver", job, "-mname", "loans", *self.probe())
        if "hetero_lr" not in self.online:
            assert (bound.code, bound.out) == (1, "load_bind failure.\n"), bound
            assert "no online prediction" in bound.err and "job predict" in bound.err
            return
        assert (bound.code, bound.out) == (0, "load_bind success.\n"), bound
        low, high = (
            run.script("-f", "predict", "-mname", "loans", "-params", age, 0.0, "-sid", PROBE) for age in (-2.0, 2.0)
        )
        assert low.code == high.code == 0, (low, high)
        probabilities = [float(PREDICTED.fullmatch(it.out)[1]) for it in (low, high)]
        assert 0 < probabilities[0] < probabilities[1] < 1  # the first column counts for the label

    def probe(self) -> tuple[str, ...]:
        return ("-sid", PROBE)

    def test_a_linear_model_is_trained_and_published_only_where_it_can_be_scored(self, run, tables, tmp_path):
        self.upload(run, tables, "amounts", tables.number)
        model_id, job = self.train(run, "amounts", "hetero_linr", tmp_path)
        assert all(0.4 < found["r2_score"] <= 1 for found in map(_named, self.metrics(run, job).values()))
        bound = run.script("-f", "load_bind", "-mid", model_id, "-mver", job, "-mname", "amounts", *self.probe())
        if "hetero_linr" in self.online:
            assert bound.out == "load_bind success.\n", bound
        else:
            assert (bound.code, bound.out) == (1, "load_bind failure.\n"), bound
            assert "job predict" in bound.err  # what to do instead

    def test_an_addition_or_the_reason_why_not(self, run, tables, tmp_path):
        self.upload(run, tables, "sums")
        if self.example:
            self.train(run, "sums", "example", tmp_path)
            return
        done = run.script("-f", "submit", "-proj", "sums", "-alg", "example", "-m", 1)
        assert (done.code, done.out) == (1, "{'retcode': 1}\n") and "hetero_lr" in done.err

    def test_a_bad_option_is_refused_and_nothing_runs(self, run, tables, tmp_path):
        self.upload(run, tables, "options")
        before = run.warden("jobs", "--json").json["jobs"]
        for text in ("max_iter: 0", "alpha: -1", "optimizer: foo", "no_such_option: 1", "batch_size: 5"):
            (tmp_path / "options.yaml").write_text(text + "\n")
            words = ("-proj", "options", "-alg", "hetero_lr", "-m", 1, "--config", tmp_path / "options.yaml")
            done = run.script("-f", "submit", *words)
            assert (done.code, done.out) == (1, "{'retcode': 1}\n"), (text, done)
            assert text.partition(":")[0] in done.err
        assert run.warden("jobs", "--json").json["jobs"] == before

    def test_a_table_that_is_not_there_is_refused_and_the_party_named(self, run, tables):
        words = ("-gp", 1, tables.guest, "-hp", 2, "/no/such/file.csv", "-proj", "nothing")
        done = run.script("-f", "upload", *words)
        assert (done.code, done.out) == (1, "upload failure.\n"), done
        assert "/no/such/file.csv" in done.err
        submitted = run.script("-f", "submit", "-proj", "nothing", "-alg", "hetero_lr", "-m", 1)
        assert submitted.out == "{'retcode': 1}\n"

    def test_a_label_that_is_not_there_is_refused(self, run, tables):
        words = ("-gp", 1, tables.guest, "-hp", 2, tables.host, "-proj", "label", "--label", "nope")
        done = run.script("-f", "upload", *words)
        assert (done.code, done.out) == (1, "upload failure.\n") and "nope" in done.err, done

    def test_whole_tables_are_scored_or_the_reason_why_not(self, run, tables, tmp_path):
        self.upload(run, tables, "april")
        _, job = self.train(run, "april", "hetero_lr", tmp_path)
        file = tmp_path / "scores.tar.gz"
        done = run.warden("job", "predict", job, "--project", "april", "--output", file, "--json")
        if not self.offline:
            assert done.json["code"] == "FW-USE-605", done
            return
        assert (done.code, done.json["rows"]) == (0, 220), done
        assert file.stat().st_size > 100 and file.stat().st_mode & 0o777 == 0o600

    def test_the_log_tells_when_what_ended(self, run, tables):
        job = run.warden("jobs", "--json").json["jobs"][-1]["job_id"]
        done = run.warden("logs", job, "--json")
        assert done.code == 0 and {"arbiter", "guest", "host1"} <= {line.get("role") for line in done.json["lines"]}

    def before_the_end(self, run: Programs) -> None:
        """What must not happen to it before."""

    def test_what_is_gone_is_gone(self, run, tables):
        self.before_the_end(run)
        done = run.warden(*self.end_words)
        assert done.code == 0, done
        submitted = run.script("-f", "submit", "-proj", "loans", "-alg", "hetero_lr", "-m", 1)
        assert (submitted.code, submitted.out) == (1, "{'retcode': 1}\n") and "nothing is deployed" in submitted.err


def _named(metrics: dict) -> dict:
    """R² has a name in each engine; so does everything else."""
    return metrics if "r2_score" in metrics else {**metrics, "r2_score": metrics.get("r2")}
