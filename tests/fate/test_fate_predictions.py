"""Online prediction through FATE-Serving, batch prediction, model files: what comes back, and what is refused."""

import math
import zipfile

import pytest
from simulator.cluster import Cluster
from simulator.learning import probability

from fedwarden.common.errors import ModelError
from fedwarden.engines.fate.http import Web
from fedwarden.engines.fate.prediction import infer, score_of
from fedwarden.engines.fate.publishing import compose_model_id, parse_model_id

PROBE = "p0100"


@pytest.fixture
def shop(run, tables):
    """Parties 1 and 2 with FATE 1.4.4, a model trained and bound to ``s``."""
    with Cluster("1.4.4", [1, 2], adaptors={2: tables.host}) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        cluster.model_id, cluster.job = run.submit("p")
        assert run.ended(cluster.job)["state"] == "success"
        done = bind(run, cluster)
        assert done.code == 0, done
        yield cluster


def bind(run, shop, *more):
    words = ("-mid", shop.model_id, "-mver", shop.job, "-mname", "s", "-sid", PROBE)
    return run.script("-f", "load_bind", *words, *more)


def predict(run, *more):
    return run.script("-f", "predict", "-mname", "s", "-params", 0.5, -0.25, "-sid", PROBE, *more)


def test_a_score_is_that_of_both_parts_of_the_model(run, shop, tables):
    parts = {key[0]: model for key, model in _models(shop)}
    row = dict(zip(("id", "x0", "x1"), _row(tables.host, PROBE), strict=True))
    score = parts["guest"]["intercept"] + sum(
        w * x for w, x in zip(parts["guest"]["weights"], (0.5, -0.25), strict=True)
    )
    score += sum(
        w * float(row[name]) for name, w in zip(parts["host"]["header"], parts["host"]["weights"], strict=True)
    )
    told = predict(run, "--json").json
    assert told["prob"] == pytest.approx(probability(score), abs=1e-12)
    assert told["host_features"] == "adaptor" and told["model_version"] == shop.job


def _models(shop):
    for party in shop.parties.values():
        yield from ((key, model) for key, model in party.node.models.items() if key[3] == shop.job)


def _row(path, who):
    return next(line.split(",") for line in path.read_text().splitlines() if line.startswith(f"{who},"))


def test_the_stock_adaptors_constants_are_told_about(run, tables):
    with Cluster("1.4.4", [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        cluster.model_id, cluster.job = run.submit("p")
        run.ended(cluster.job)
        assert bind(run, cluster).code == 0
        first = predict(run)
        second = run.script("-f", "predict", "-mname", "s", "-params", 0.5, -0.25, "-sid", "p0200")
        assert first.out == second.out and "same constants" in first.err  # whoever is asked about


def test_the_guests_features_have_to_be_given_and_in_full(run, shop):
    done = run.script("-f", "predict", "-mname", "s", "-sid", PROBE, "--json")
    assert (done.json["code"], done.json["retcode"]) == ("FW-MODEL-611", 100) and "age, income" in done.json["fix"]
    done = run.script("-f", "predict", "-mname", "s", "-params", 0.5, "-sid", PROBE)
    assert done.code == 1 and '"retcode":100' in done.out and "income" in done.err


def test_an_id_that_the_host_does_not_know_is_refused(run, shop):
    done = run.script("-f", "predict", "-mname", "s", "-params", 0.5, 0.1, "-sid", "nobody", "--json")
    assert (done.json["code"], done.json["retcode"]) == ("FW-MODEL-605", 113)
    assert "nobody" not in done.out + done.err


def test_a_container_made_anew_has_forgotten_and_binding_again_heals_it(run, shop):
    before = predict(run)
    for party, code in ((1, "FW-MODEL-603"), (2, "FW-MODEL-606")):
        shop.parties[party].restart_serving()
        done = predict(run, "--json")
        assert (done.json["code"], done.json["retcode"]) == (code, 104)
        assert bind(run, shop).code == 0
        assert predict(run) == before


def test_a_wrong_coordinator_is_named_and_load_bind_does_not_succeed(run, shop):
    shop.parties[1].proxy.coordinator = "9999"
    done = predict(run, "--json")
    assert (done.json["code"], done.json["retcode"]) == ("FW-MODEL-604", 105) and "coordinator" in done.json["fix"]
    bound = bind(run, shop)
    assert (bound.code, bound.out) == (1, "load_bind failure.\n") and "coordinator" in bound.err


def test_a_party_that_does_not_load_is_named(run, shop):
    shop.parties[2].front.servings = []
    done = bind(run, shop, "--json")
    assert done.json["code"] == "FW-MODEL-600" and "party 2" in done.json["message"]
    assert "configure servings" in done.json["message"]


def test_success_without_a_score_is_a_failure(run, tables):
    """FATE-Serving says success for load, bind and inference of a linear model, and gives no score."""
    with Cluster("1.4.4", [1, 2]) as cluster:
        run.attach(cluster)
        done = run.script("-f", "upload", "-gp", 1, tables.number, "-hp", 2, tables.host, "-proj", "p")
        assert done.code == 0
        model_id, job = run.submit("p", "hetero_linr")
        assert run.ended(job)["state"] == "success"
        roles = {"guest": ["1"], "host": ["2"], "arbiter": ["2"]}
        model = {"work_mode": 1, "model_id": model_id, "model_version": job}
        body = {"initiator": {"role": "guest", "party_id": "1"}, "role": roles, "job_parameters": model}
        flow, serving = Web(cluster.parties[1].flow, "-", 1), Web(cluster.parties[1].inference, "-", 1)
        assert flow.ask("POST", "/v1/model/load", body)["retcode"] == 0
        assert flow.ask("POST", "/v1/model/bind", {**body, "service_id": "l"})["retcode"] == 0
        with pytest.raises(ModelError) as caught:
            infer(serving, 1, "l", {"age": 1.0}, {})
        assert caught.value.code == "FW-MODEL-602"


def test_a_failed_binding_leaves_the_name_with_its_old_model(run, shop, tables):
    before = predict(run)
    run.upload(tables, "q")
    _, job = run.submit("q", "hetero_lr")
    model_id = run.ended(job)["model_id"]
    words = ("-mid", model_id, "-mver", job, "-mname", "s", "-sid", "nobody")
    assert run.script("-f", "load_bind", *words).out == "load_bind failure.\n"
    shop.parties[1].server.adaptor = None
    assert predict(run) == before


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ({"retcode": 0, "data": {"score": 0.018}}, 0.018),
        ({"retcode": 0, "data": {"prob": 0.5}}, 0.5),
        ({"retcode": 0, "prob": 0.25}, 0.25),
        ({"retcode": 0, "data": {}}, None),
        ({"retcode": 0}, None),
        ({"retcode": 0, "data": {"score": math.nan}}, None),
        ({"retcode": 0, "data": {"score": "0.5"}}, None),
        ({"retcode": 0, "data": {"score": True}}, None),
        ({"retcode": 0, "data": [0.5]}, None),
    ],
)
def test_every_shape_of_an_answer_is_read(answer, score):
    assert score_of(answer) == score


@pytest.mark.parametrize(
    ("roles", "model_id"),
    [
        ({"guest": [1], "host": [2], "arbiter": [2]}, "arbiter-2#guest-1#host-2#model"),
        (
            {"guest": [9999], "host": [10000, 9999], "arbiter": [10001]},
            "arbiter-10001#guest-9999#host-9999_10000#model",
        ),
        ({"guest": [1], "host": [10, 9]}, "guest-1#host-9_10#model"),
    ],
)
def test_model_ids_are_composed_and_read(roles, model_id):
    assert compose_model_id(roles) == model_id
    assert parse_model_id(model_id) == {role: sorted(parties) for role, parties in roles.items()}


@pytest.mark.parametrize("text", ["", "model", "guest-1#model", "guest-a#host-2#model", "guest-1#host-2"])
def test_what_is_no_model_id_is_refused(text):
    with pytest.raises(ModelError) as caught:
        parse_model_id(text)
    assert caught.value.code == "FW-MODEL-601"


@pytest.mark.parametrize("version", ["1.4.4", "1.11.2", "2.2.0"])
def test_whole_tables_are_scored_and_parts_of_the_model_are_exported(run, tables, tmp_path, version):
    with Cluster(version, [1, 2]) as cluster:
        run.attach(cluster)
        run.upload(tables, "p")
        _, job = run.submit("p")
        run.ended(job)
        done = run.warden("job", "predict", job, "--project", "p", "--json").json
        assert done["rows"] == 220 and done["job_id"] in done["table"] and "file" not in done
        trained, scored = (
            next(it for key, it in cluster.parties[1].node.jobs[one].outputs.items() if key[1] == "guest")["rows"]
            for one in (job, done["job_id"])
        )
        assert [row[3] for row in scored] == pytest.approx([row[3] for row in trained])
        file = tmp_path / "guest.model"
        assert run.warden("model", "export", job, "--party", 1, "--output", file).code == 0
        assert file.stat().st_mode & 0o777 == 0o600
        if version != "2.2.0":
            assert zipfile.ZipFile(file).testzip() is None
        assert run.warden("model", "export", job, "--party", 7, "--output", file, "--json").json["code"] == "FW-USE-606"
        run.upload(tables, "other", 2, tables.other)
        refused = run.warden("job", "predict", job, "--project", "nothing", "--json")
        assert refused.json["code"] == "FW-JOB-002"
