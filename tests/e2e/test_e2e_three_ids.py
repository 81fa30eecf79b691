"""Guest 1 and hosts 2 and 3, with the regulator's own arbiter."""

from __future__ import annotations

import math
import time

import pytest
from e2e_scenario import Scenario
from e2e_tables import pooled_logistic
from e2e_world import find


def test_every_function_says_its_word(trained: Scenario) -> None:
    for function in ("deploy", "upload", "load_bind"):
        run = trained.world.runs[function]
        assert (run.out, run.code) == (f"{function} success.\n", 0), run


def test_every_party_has_its_own_agent_and_ports(trio: Scenario) -> None:
    agents = trio.world.agents()
    assert sorted(agents) == [0, 1, 2, 3], "one agent per party id and the regulator's arbiter"
    assert len({a["pid"] for a in agents.values()}) == 4
    assert len({a["fingerprint"] for a in agents.values()}) == 4
    ports = [(a["bind"], a[kind]) for a in agents.values() for kind in ("control_port", "data_port", "serving_port")]
    assert len(set(ports)) == len(ports)


def test_hosts_stand_in_numeric_order_whatever_order_they_were_given_in(trained: Scenario) -> None:
    assert trained.model == "arbiter-0#guest-1#host-2_3#model"
    assert trained.final == ["success"] * 4


def test_each_party_keeps_its_own_part_only(trained: Scenario) -> None:
    world, tables = trained.world, trained.tables
    for party, role, own in [(1, "guest", 0), (2, "host1", 1), (3, "host2", 2)]:
        folder = world.party_homes()[party] / "models" / trained.job
        assert [p.name for p in folder.iterdir()] == [f"{role}.json"]
        part = world.model_part(party, trained.job, role)
        assert sorted(part["coefficients"]) == sorted(tables.columns[own])
    assert not (world.party_homes()[0] / "models" / trained.job / "guest.json").exists()


def test_without_sample_id_the_host_mean_stands_in_and_stderr_says_so(trained: Scenario) -> None:
    world, tables = trained.world, trained.tables
    words = ("-f", "predict", "-mname", "three", "-params", *tables.words(5))
    run = world.script(*words)
    assert 0 <= run.prob <= 1
    assert any("mean" in line for line in run.complaint), run
    strict = world.script(*words, "--json")
    assert strict.code == 0, strict
    assert strict.json["retcode"] == 0 and strict.json["host_features"] == "training-mean", strict
    assert strict.json["prob"] == run.prob
    looked_up = world.script(*words, "-sid", tables.ids[5], "--json").json
    assert looked_up["host_features"] == "looked-up"


def test_the_mean_that_stands_in_is_each_hosts_training_mean(trained: Scenario) -> None:
    world, tables = trained.world, trained.tables
    parts = [world.model_part(p, trained.job, r) for p, r in [(1, "guest"), (2, "host1"), (3, "host2")]]
    score = parts[0]["intercept"] + sum(parts[0]["coefficients"][k] * v for k, v in tables.named(5).items())
    for part in parts[1:]:
        score += sum(weight * part["means"][name] for name, weight in part["coefficients"].items())
    served = world.serving(1, "three", tables.named(5), None)
    assert served["data"]["score"] == pytest.approx(1 / (1 + math.exp(-score)), abs=1e-9)


def test_probabilities_follow_the_pooled_model(trained: Scenario) -> None:
    world, tables = trained.world, trained.tables
    expected = pooled_logistic(tables.X, tables.y, 0.01).prob(tables.X)
    off = []
    for row in range(0, len(tables.ids), 10):
        answer = world.serving(1, "three", tables.named(row), tables.ids[row])
        assert answer["retcode"] == 0, answer
        off.append(abs(answer["data"]["score"] - expected[row]))
        time.sleep(0.025)
    assert max(off) <= 0.02, sorted(off)[-5:]


def test_the_record_tells_phases_bytes_metrics_and_what_was_revealed(trained: Scenario) -> None:
    record = trained.world.record(trained.job)
    text = str(record)
    for word in ("auc", "ks", "accuracy", "phases", "links", "revealed"):
        assert word in text.lower(), f"{word} is missing: {text[:2000]}"
    revealed = [line for lines in find(record, "revealed") for line in lines]
    assert revealed and all({"what", "to"} <= set(line) for line in revealed)
    auc = [v for v in find(record, "auc") if isinstance(v, float)]
    assert auc and all(0.97 < v <= 1 for v in auc), auc
    assert any(sum(v.get("sent", 0) for v in links.values()) > 0 for links in find(record, "links")), text[:2000]


def test_a_second_binding_of_a_name_says_what_was_there(trained: Scenario) -> None:
    again = trained.world.bind(trained.model, trained.job, "three")
    assert (again.out, again.code) == ("load_bind success.\n", 0), again
    assert trained.job in again.err, again


def test_the_same_deploy_twice_changes_nothing(trio: Scenario) -> None:
    world = trio.world
    before = world.agents()
    run = world.script("-f", "deploy", "-id", 1, 2, 3, "-ip", "127.0.0.1", "127.0.0.1", "127.0.0.2")
    assert (run.out, run.code) == ("deploy success.\n", 0), run
    assert world.agents() == before
