"""The whole path with one party id as guest and host on 127.0.0.1 and no config file."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
from e2e_scenario import Scenario
from e2e_tables import pooled_logistic
from e2e_world import SUBMITTED

ALPHA = 0.01  # the default


@pytest.mark.parametrize("function", ["deploy", "upload", "load_bind"])
def test_a_function_that_succeeds_says_one_line_and_exits_0(trial: Scenario, function: str) -> None:
    run = trial.world.runs[function]
    assert (run.out, run.code) == (f"{function} success.\n", 0), run
    assert "error" not in run.err.lower() and "Traceback" not in run.err, run


def test_submit_prints_the_dict_with_the_joint_arbiter(trial: Scenario) -> None:
    run = trial.world.runs["submit"]
    match = SUBMITTED.fullmatch(run.out)
    assert match and run.code == 0, run
    assert match[1] == "arbiter-1#guest-1#host-1#model"
    assert match[2] == match[3]
    began = time.strptime(match[3][:14], "%Y%m%d%H%M%S")
    assert abs(time.mktime(began) - time.time()) < 3600, "a jobid begins with the local time"


def test_query_has_a_line_for_arbiter_guest_and_host(trial: Scenario) -> None:
    run = trial.world.script("-f", "query", "-jid", trial.job)
    assert (run.out, run.code) == ("success\nsuccess\nsuccess\n", 0), run


def test_a_one_id_job_says_that_it_protects_nothing(trial: Scenario) -> None:
    record = str(trial.world.record(trial.job))
    assert re.search(r"'privacy': 'none'", record), record
    assert "protects nothing" in record, record


def test_predict_prints_compact_json_in_the_promised_order(trial: Scenario) -> None:
    run = trial.world.script("-f", "predict", "-mname", "one", "-params", *trial.tables.words(0))
    assert 0 < run.prob < 1, run


def test_probabilities_are_scikit_learns_within_2_percent_for_every_tenth_row(trial: Scenario) -> None:
    world, tables = trial.world, trial.tables
    pooled = pooled_logistic(tables.X, tables.y, ALPHA)
    expected = pooled.prob(tables.X)
    rows = range(0, len(tables.ids), 10)
    off = {}
    for row in rows:
        answer = world.serving(1, "one", tables.named(row), tables.ids[row])
        assert answer["retcode"] == 0, answer
        off[tables.ids[row]] = abs(answer["data"]["score"] - expected[row])
        time.sleep(0.025)  # below the agent's rate limit
    assert len(off) > 50
    assert max(off.values()) <= 0.02, sorted(off.items(), key=lambda item: -item[1])[:5]


def test_script_and_serving_port_give_the_same_probability(trial: Scenario) -> None:
    world, tables = trial.world, trial.tables
    for row in (3, 77):
        run = world.script("-f", "predict", "-mname", "one", "-sid", tables.ids[row], "-params", *tables.words(row))
        served = world.serving(1, "one", tables.named(row), tables.ids[row])
        assert run.prob == pytest.approx(served["data"]["score"], abs=1e-12)


def test_params_from_standard_input_and_left_out_give_the_same(trial: Scenario) -> None:
    world, tables = trial.world, trial.tables
    row, sid = 42, tables.ids[42]
    words = ("-f", "predict", "-mname", "one")
    given = world.script(*words, "-sid", sid, "-params", *tables.words(row)).prob
    piped = world.script(*words, "-sid", sid, "-params", "-", stdin=" ".join(tables.words(row)) + "\n").prob
    looked_up = world.script(*words, "-sid", sid).prob
    sid_piped = world.script(*words, "-sid", "-", stdin=sid + "\n").prob
    assert np.ptp([given, piped, looked_up, sid_piped]) < 1e-12


def test_numbers_in_every_ordinary_spelling_are_numbers(trial: Scenario) -> None:
    world, tables = trial.world, trial.tables
    odd = ["-1e-5", "-2.", "+0.5", "1E2", ".5", "-.25", "3", "-0", "1e-3", "7."]
    run = world.script("-f", "predict", "-mname", "one", "-params", *odd)
    by_name = dict(zip(tables.columns[0], map(float, odd), strict=True))
    served = world.serving(1, "one", by_name, None)
    assert run.prob == pytest.approx(served["data"]["score"], abs=1e-12)


def test_one_prediction_is_quick(trial: Scenario, capsys: pytest.CaptureFixture[str]) -> None:
    world, tables = trial.world, trial.tables
    words = ("-f", "predict", "-mname", "one", "-sid", tables.ids[0], "-params", *tables.words(0))
    seconds = sorted(world.script(*words).seconds for _ in range(5))
    with capsys.disabled():
        print(
            f"\n  one script.py predict: median {seconds[2]:.2f} s, {seconds[0]:.2f} to {seconds[-1]:.2f} s (aim 0.6)"
        )
    assert seconds[2] < 3  # the aim is 0.6 s on an idle machine; a busy one must not fail the suite
