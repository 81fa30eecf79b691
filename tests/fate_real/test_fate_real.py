"""A real FATE 2.2 trains what it says it trains, as well as the native engine; it scores tables and stops jobs."""

import ast
import contextlib
import csv
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import plain
import pytest

from fedwarden.cli import main as warden
from fedwarden.cli.leftovers import end_processes_under

pytestmark = [pytest.mark.real_fate, pytest.mark.timeout(3600)]

#: Each job starts some twenty Python processes; on a busy machine that takes minutes.
JOB_SECONDS = 1800.0
ROWS = 569
#: Algorithm → (iterations, learning rate): one second an iteration when the machine is quiet.
TRAINED = {"hetero_lr": (20, 0.15), "hetero_linr": (30, 0.1)}


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
    """Algorithm → file. Nothing is held out, so that both engines score the rows they trained on."""
    folder = tmp_path_factory.mktemp("options")
    for algorithm, (iterations, rate) in TRAINED.items():
        (folder / algorithm).write_text(f"max_iter: {iterations}\nlearning_rate: {rate}\nvalidation: 0\n")
    return {algorithm: folder / algorithm for algorithm in TRAINED}


@pytest.fixture(scope="module")
def trained():
    """Algorithm → (model id, job id), as the tests go on."""
    return {}


def test_its_version_is_found_out(site, fate, run):
    words = ("attach", "--engine", "fate", "--party", 1, "--flow", fate)
    assert run.warden(*words).out.startswith("attached: 1=127.0.0.1 2=127.0.0.1 (FATE 2.2.0)\n")
    assert run.warden(*words, "--version", "1.4.4", "--json").json["code"] == "FW-DEP-606"


def compared(record, name, algorithm, tables, native, figures, apart):
    """FATE's figure is that of the same descent without encryption, and not far from the native engine's."""
    found = next(it[name] for it in of(record, "guest")["metrics"].values() if name in it)
    iterations, rate = TRAINED[algorithm]
    bare = plain.trained(*tables, algorithm, iterations, rate)
    figures.append(
        f"{algorithm:<12} {name:<9} FATE {found:.5f}   the same descent in plaintext {bare:.5f}"
        f"   native engine {native[algorithm]:.5f}   ({ROWS} rows, {iterations} iterations)"
    )
    assert abs(found - bare) < 0.005, figures[-1]
    assert abs(found - native[algorithm]) < apart, figures[-1]


def test_a_logistic_model_is_as_good_as_the_native_engines(site, run, tables, options, trained, native, figures):
    uploaded(run, tables, "breast")
    trained["hetero_lr"] = submitted(run, "breast", "hetero_lr", "--config", options["hetero_lr"])
    record = ended(run, trained["hetero_lr"][1])
    assert record["state"] == "success", record
    compared(record, "auc", "hetero_lr", tables, native, figures, 0.01)
    arbiter = of(record, "arbiter")
    assert (arbiter["iteration"], arbiter["iterations"]) == (TRAINED["hetero_lr"][0],) * 2, record
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


def test_a_linear_model_explains_about_as_much_as_the_native_engines(
    site, run, tables, options, trained, native, figures
):
    trained["hetero_linr"] = submitted(run, "breast", "hetero_linr", "--config", options["hetero_linr"])
    record = ended(run, trained["hetero_linr"][1])
    assert record["state"] == "success", record
    # the native engine solves the equations; thirty steps of descent come near
    compared(record, "r2_score", "hetero_linr", tables, native, figures, 0.06)


def test_a_job_is_stopped_in_the_middle_of_its_training(site, run, tmp_path):
    file = tmp_path / "long.yaml"
    file.write_text("max_iter: 500\ntol: 0\n")
    _, job = submitted(run, "breast", "hetero_lr", "--config", file)
    end = time.monotonic() + JOB_SECONDS
    while not of(run.warden("job", "show", job, "--json").json, "arbiter")["iteration"]:
        assert time.monotonic() < end, "no iteration"
        time.sleep(1)
    assert workers(job)
    assert run.warden("job", "stop", job).code == 0
    record = ended(run, job)
    assert record["state"] == "failed" and record["cause"]["code"] == "FW-JOB-101", record
    assert run.warden("job", "stop", job, "--json").json["code"] == "FW-JOB-003"
    end = time.monotonic() + 60
    while left := workers(job):
        assert time.monotonic() < end, left
        time.sleep(1)


def workers(job):
    """Processes that FATE runs for this job."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = entry.read_bytes().decode(errors="replace").split("\0")
            if "fate" in " ".join(words) and any(job in word for word in words):
                found.append(entry.parent.name)
    return found


@pytest.fixture(scope="module")
def native(tables, tmp_path_factory):
    """Algorithm → AUC or R² of the native engine's model: same rows, nothing held out."""
    home = tmp_path_factory.mktemp("native") / "home"
    variables = os.environ | {"FEDWARDEN_HOME": str(home), "FEDWARDEN_LANG": "en"}

    def warden(*words):
        command = [sys.executable, "-m", "fedwarden", *map(str, words)]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done
        return done.stdout

    def figure(algorithm, text):
        file = home.parent / f"{algorithm}.yaml"
        file.write_text(text)
        warden("train", "--project", "breast", "--algorithm", algorithm, "--mode", 1, "--config", file)
        job = max(it["job_id"] for it in json.loads(warden("jobs", "--json"))["jobs"])
        metrics = next(iter(of(json.loads(warden("job", "show", job, "--json")), "guest")["metrics"].values()))
        return metrics["auc"] if algorithm == "hetero_lr" else metrics["r2"]

    try:
        warden("deploy", "--party", "1=127.0.0.1", "--party", "2=127.0.0.1")
        warden("upload", "--project", "breast", "--guest", f"1={tables[0]}", "--host", f"2={tables[1]}")
        return {
            "hetero_lr": figure("hetero_lr", f"max_iter: {TRAINED['hetero_lr'][0]}\nvalidation: 0\n"),
            "hetero_linr": figure("hetero_linr", "validation: 0\n"),
        }
    finally:
        end_processes_under(home)
