"""A real FATE 2.2 does what the simulated one promises; its models are as good as the native engine's."""

import ast
import csv
import json
import os
import subprocess
import sys
import tarfile
import time

import pytest

from fedwarden.cli import main as warden
from fedwarden.cli.leftovers import end_processes_under

pytestmark = [pytest.mark.real_fate, pytest.mark.timeout(3600)]

#: Each job starts some twenty Python processes; on a busy machine that takes minutes.
JOB_SECONDS = 1800.0
ROWS, ITERATIONS = 569, 3


def ended(run, job):
    """The job's record once it has ended."""
    end = time.monotonic() + JOB_SECONDS
    while True:
        words = run.script("-f", "query", "-jid", job)
        assert words.code == 0 and set(words.out.split()) <= {"waiting", "running", "success", "failed"}, words
        record = run.warden("job", "show", job, "--json").json
        if record["state"] in ("success", "failed"):
            return record
        assert time.monotonic() < end, record
        time.sleep(2)


def submitted(run, project, algorithm, *more):
    """(model id, job id)."""
    done = run.script("-f", "submit", "-proj", project, "-alg", algorithm, "-m", 1, *more)
    assert done.code == 0, done
    told = ast.literal_eval(done.out)
    return told["model_id"], told["jobid"]


def uploaded(run, tables, project):
    done = run.script("-f", "upload", "-gp", 1, tables[0], "-hp", 2, tables[1], "-proj", project)
    assert (done.code, done.out) == (0, "upload success.\n"), done


def of(record, role):
    return next(it for it in record["roles"] if it["role"] == role)


@pytest.fixture(scope="module")
def site(fate, home):
    """Guest and host on one FATE-Flow: it runs every role of a job itself."""
    for party in (1, 2):
        assert warden.run(["attach", "--engine", "fate", "--party", str(party), "--flow", fate]) == 0
    return home


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    file = tmp_path_factory.mktemp("options") / "options.yaml"
    file.write_text(f"max_iter: {ITERATIONS}\n")
    return file


@pytest.fixture(scope="module")
def trained():
    """Algorithm → (model id, job id), as the tests go on."""
    return {}


def test_its_version_is_found_out(site, fate, run):
    words = ("attach", "--engine", "fate", "--party", 1, "--flow", fate)
    assert run.warden(*words).out.startswith("attached: 1=127.0.0.1 2=127.0.0.1 (FATE 2.2.0)\n")
    assert run.warden(*words, "--version", "1.4.4", "--json").json["code"] == "FW-DEP-606"


def test_a_logistic_model_is_as_good_as_the_native_engines(site, run, tables, options, trained, native_auc):
    uploaded(run, tables, "breast")
    trained["hetero_lr"] = submitted(run, "breast", "hetero_lr", "--config", options)
    record = ended(run, trained["hetero_lr"][1])
    assert record["state"] == "success", record
    found = [it["auc"] for it in of(record, "guest")["metrics"].values() if "auc" in it]
    assert found and abs(found[0] - native_auc) < 0.01, (found, native_auc)
    arbiter = of(record, "arbiter")
    assert (arbiter["iteration"], arbiter["iterations"]) == (ITERATIONS, ITERATIONS), record
    assert 0 < arbiter["loss"] < 0.6931  # that of zero weights


def test_it_is_not_published_and_the_reason_is_said(site, run, trained):
    model_id, job = trained["hetero_lr"]
    bound = run.script("-f", "load_bind", "-mid", model_id, "-mver", job, "-mname", "breast")
    assert (bound.code, bound.out) == (1, "load_bind failure.\n"), bound
    assert "no online prediction" in bound.err and "job predict" in bound.err


def test_whole_tables_are_scored(site, run, trained, tmp_path):
    file = tmp_path / "scores.tar.gz"
    words = ("--project", "breast", "--output", file, "--json")
    done = run.warden("job", "predict", trained["hetero_lr"][1], *words)
    assert (done.code, done.json["rows"]) == (0, ROWS), done
    with tarfile.open(file) as packed:
        texts = [packed.extractfile(it).read().decode() for it in packed.getmembers() if it.name.endswith(".csv")]
    rows = [row for text in texts for row in csv.DictReader(text.splitlines())]
    assert len(rows) == ROWS and all(0 < float(row["predict_score"]) < 1 for row in rows)


def test_a_linear_model_is_trained(site, run, options, trained):
    trained["hetero_linr"] = submitted(run, "breast", "hetero_linr", "--config", options)
    record = ended(run, trained["hetero_linr"][1])
    assert record["state"] == "success", record
    metrics = of(record, "guest")["metrics"]
    assert any("rmse" in it or "root_mean_squared_error" in it for it in metrics.values()), metrics


def test_a_running_job_is_stopped(site, run):
    _, job = submitted(run, "breast", "hetero_lr")
    assert run.warden("job", "stop", job).code == 0
    assert ended(run, job)["state"] == "failed"
    assert run.warden("job", "stop", job, "--json").json["code"] == "FW-JOB-003"


@pytest.fixture(scope="module")
def native_auc(tables, options, tmp_path_factory):
    """AUC of the native engine's model: same rows, same options."""
    home = tmp_path_factory.mktemp("native") / "home"
    variables = os.environ | {"FEDWARDEN_HOME": str(home), "FEDWARDEN_LANG": "en"}

    def warden(*words):
        command = [sys.executable, "-m", "fedwarden", *map(str, words)]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done
        return done.stdout

    try:
        warden("deploy", "--party", "1=127.0.0.1", "--party", "2=127.0.0.1")
        warden("upload", "--project", "breast", "--guest", f"1={tables[0]}", "--host", f"2={tables[1]}")
        words = ("--project", "breast", "--algorithm", "hetero_lr", "--mode", 1, "--config", options)
        warden("train", *words)
        job = json.loads(warden("jobs", "--json"))["jobs"][0]["job_id"]
        record = json.loads(warden("job", "show", job, "--json"))
        return next(iter(of(record, "guest")["metrics"].values()))["auc"]
    finally:
        end_processes_under(home)
