"""Bindings, predictions and the serving port, between real agents; the parts of the model are known numbers."""

import http.client
import json
import math
import signal
import time
from pathlib import Path

import pytest
from agent_lab import Lab, gone

from fedwarden.common.api import BindRequest, PartialRequest
from fedwarden.common.errors import FedwardenError, LinkError
from fedwarden.engines.base import Member, Site
from fedwarden.engines.native.engine import NativeEngine
from fedwarden.party.home import Home
from fedwarden.party.models.limits import Counters
from fedwarden.party.models.parts import ModelPart, write_part
from fedwarden.party.models.predict import Predictor, Sample

VERSION, MODEL = "202601010000000000001", "arbiter-0#guest-1#host-2_3#model"
ROWS = {"a1": (1.0, 2.0), "007": (-3.0, 0.5), "很": (0.0, 4.0)}
WEIGHTS = {"guest": (0.5, -0.25), "host1": (0.125, 1.0), "host2": (-0.75, 0.0)}
MEANS = (0.25, 2.0)
PARTIES = {"guest": 1, "host1": 2, "host2": 3}


# a host keeps its own product of means and weights where it is too large to be added under sharing
INTERCEPTS = {"guest": 0.1, "host1": 0.0, "host2": -0.3}


def share(role, values=MEANS):
    return sum(weight * value for weight, value in zip(WEIGHTS[role], values, strict=True))


def expected(values, sample_id=None):
    hosts = ROWS[sample_id] if sample_id else MEANS
    return 1 / (
        1
        + math.exp(-(sum(INTERCEPTS.values()) + share("guest", values) + share("host1", hosts) + share("host2", hosts)))
    )


def part(role, dataset_id, version=VERSION, **changes):
    base = {
        "model_id": MODEL,
        "model_version": version,
        "algorithm": "hetero_lr",
        "role": role,
        "party": PARTIES[role],
        "guest_party": 1,
        "host_roles": {"host1": 2, "host2": 3},
        "features": ["x0", "x1"],
        "intercept": INTERCEPTS[role],
        "coefficients": dict(zip(("x0", "x1"), WEIGHTS[role], strict=True)),
        "standardised": {"x0": 0.0, "x1": 0.0},
        "means": dict(zip(("x0", "x1"), MEANS, strict=True)),
        "fill": {"x0": 9.0, "x1": 9.0},
        "dataset_id": dataset_id,
        "kept": ["x0", "x1"],
    }
    return ModelPart(**{**base, **changes})


def publish(lab: Lab) -> None:
    for role, party in PARTIES.items():
        path = lab.folder / f"{role}.csv"
        header = "id,y,x0,x1" if role == "guest" else "id,x0,x1"
        rows = [
            f"{one},{place % 2},{a},{b}" if role == "guest" else f"{one},{a},{b}"
            for place, (one, (a, b)) in enumerate(ROWS.items())
        ]
        if role == "host1":
            rows.append("gap,,1")
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        asked = {"project": "p", "role": role, "path": str(path), "missing": "mean"}
        dataset = lab.client(party).call("POST", "/v1/datasets", {**asked, "label": "y"} if role == "guest" else asked)
        write_part(lab.home(party), part(role, dataset["dataset_id"]))
        bind = {"name": "toy", "model_id": MODEL, "model_version": VERSION}
        assert lab.client(party).call("POST", "/v1/bindings", bind) is None


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Guest 1, hosts 2 and 3, a model bound as ``toy`` at all of them."""
    made = Lab(tmp_path_factory.mktemp("shop"))
    try:
        made.start(1, 2, 3)
        made.introduce()
        publish(made)
        yield made
    finally:
        made.close()


def predict(lab, **asked):
    return lab.client(1).call("POST", "/v1/predict", {"name": "toy", **asked})


def refused(lab, **asked) -> FedwardenError:
    with pytest.raises(FedwardenError) as caught:
        predict(lab, **asked)
    assert "{" not in caught.value.message("en") + caught.value.message("zh") + caught.value.fix("zh")
    return caught.value


def serve(lab, call, body, headers=None, method="POST"):
    connection = http.client.HTTPConnection("127.0.0.1", lab.infos[1].serving_port, timeout=10)
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, f"/federation/v1/{call}", text, {"Content-Type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def ask(features, remote=..., **head):
    body = {"featureData": features}
    if remote is not ...:
        body["sendToRemoteFeatureData"] = remote
    return {"head": {"serviceId": "toy", **head}, "body": body}


@pytest.mark.parametrize("sample_id", [None, *ROWS])
def test_a_prediction_is_the_sum_of_all_parts(shop, sample_id):
    answer = predict(shop, params=[1.5, -2.0], sample_id=sample_id)
    assert answer["prob"] == pytest.approx(expected((1.5, -2.0), sample_id), abs=1e-15)
    assert answer["host_features"] == ("looked-up" if sample_id else "training-mean")
    assert (answer["model_id"], answer["model_version"]) == (MODEL, VERSION)


def test_without_params_the_guest_looks_up_too(shop):
    assert predict(shop, sample_id="007")["prob"] == pytest.approx(expected(ROWS["007"], "007"), abs=1e-15)


def test_a_missing_cell_counts_as_what_training_filled_in(shop):
    request = PartialRequest(model_id=MODEL, model_version=VERSION, role="host1", sample_id="gap")
    answer = shop.client(2, shop.as_party(1)).call("POST", "/v1/partial", request)
    assert answer["score"] == pytest.approx(share("host1", (9.0, 1.0)))


@pytest.mark.parametrize(
    ("asked", "code", "retcode"),
    [
        ({"name": "none", "params": [1, 2]}, "FW-MODEL-001", 104),
        ({"params": [1]}, "FW-MODEL-003", 100),
        ({"params": [1, 2, 3]}, "FW-MODEL-003", 100),
        ({}, "FW-MODEL-010", 100),
        ({"sample_id": "nobody"}, "FW-MODEL-008", 113),
        ({"params": [1, 2], "sample_id": "nobody"}, "FW-MODEL-007", 2113),
        ({"params": [1, 2], "sample_id": "7"}, "FW-MODEL-007", 2113),
    ],
)
def test_bad_questions_are_refused_with_fates_number(shop, asked, code, retcode):
    error = refused(shop, **asked)
    assert (error.code, error.retcode) == (code, retcode)
    if code == "FW-MODEL-003":
        assert error.params["column"] in ("x1", "+3")


def test_a_value_beyond_any_unit_is_told_and_one_beyond_numbers_refused(tmp_path):
    guest = part("guest", "ds-1", standardised={"x0": WEIGHTS["guest"][0] * 2.0, "x1": 0.0}, host_roles={})
    asked = Predictor(1, None, None, None, None, None, Counters(Home(tmp_path)), None)

    def columns(*values):
        told = asked.score(guest, Sample(by_order=list(values))).notices
        return [notice.params["columns"] for notice in told]

    assert columns(MEANS[0] + 1.9e6, 1.0) == []
    assert columns(MEANS[0] - 2.1e6, 1.0) == [["x0"]]
    assert columns(1e300, 1e300) == [["x0"]], "the spread of x1 is not known"
    with pytest.raises(FedwardenError) as caught:
        asked.score(part("guest", "ds-1", coefficients={"x0": 9.0, "x1": 9.0}), Sample(by_order=[1e308, -1e308]))
    assert (caught.value.code, caught.value.retcode) == ("FW-MODEL-560", 100)
    asked.close()


def test_only_the_models_guest_gets_a_share_and_only_of_a_part_that_is_there(shop):
    request = {"model_id": MODEL, "model_version": VERSION, "role": "host1"}
    assert shop.client(2, shop.as_party(1)).call("POST", "/v1/partial", request)["score"] == share("host1")
    for credentials, changes, code in (
        (shop.as_party(3), {}, "FW-ID-064"),
        (shop.as_party(2), {}, "FW-ID-064"),
        (shop.regulator, {}, "FW-ID-060"),
        (shop.as_party(1), {"role": "host2"}, "FW-MODEL-015"),
        (shop.as_party(1), {"model_id": "other"}, "FW-MODEL-015"),
        (shop.as_party(1), {"model_version": "../../x"}, "FW-USE-062"),
    ):
        with pytest.raises(FedwardenError) as caught:
            shop.client(2, credentials).call("POST", "/v1/partial", {**request, **changes})
        assert caught.value.code == code


def test_a_new_key_of_the_guests_party_gets_no_share(shop):
    """A certificate of the same CA for party 1, but not the pinned key."""
    stranger = Lab.__new__(Lab)
    stranger.folder, stranger.ca = shop.folder / "stranger", shop.ca
    stranger.enrol(1)
    request = {"model_id": MODEL, "model_version": VERSION, "role": "host1"}
    with pytest.raises(FedwardenError) as caught:
        shop.client(2, stranger.as_party(1)).call("POST", "/v1/partial", request)
    assert caught.value.code == "FW-ID-064"


def test_bindings_are_repointed_told_and_refused(shop):
    client = shop.client(1)
    later = "202601010000000000002"
    write_part(shop.home(1), part("guest", "ds-none", later))
    bind = {"name": "again", "model_id": MODEL, "model_version": VERSION}
    assert client.call("POST", "/v1/bindings", bind) is None
    before = client.call("POST", "/v1/bindings", {**bind, "model_version": later})
    assert before["model_version"] == VERSION
    for changes, code in (
        ({"model_version": "1"}, "FW-MODEL-002"),
        ({"model_id": "x"}, "FW-MODEL-016"),
        ({"name": "../x"}, "FW-USE-062"),
    ):
        with pytest.raises(FedwardenError) as caught:
            client.call("POST", "/v1/bindings", {**bind, **changes})
        assert caught.value.code == code
    assert client.call("DELETE", "/v1/bindings/again")["model_version"] == later
    assert [one["name"] for one in client.call("GET", "/v1/bindings")] == ["toy"]
    held = client.call("GET", "/v1/models")
    assert [(one["role"], one["features"]) for one in held] == [("guest", 2), ("guest", 2)]
    assert "0.25" not in json.dumps(held)


def test_a_bind_that_one_party_cannot_do_leaves_nothing_at_the_others(shop):
    members = [
        Member(
            party=party,
            host="127.0.0.1",
            home="/",
            control_port=shop.infos[1].control_port if party == 1 else 1,
            fingerprint=shop.infos[1].fingerprint,
        )
        for party in (1, 2)
    ]
    engine = NativeEngine(lambda: shop.ca, shop.regulator)
    request = BindRequest(name="waise", model_id=MODEL, model_version=VERSION)
    before = shop.client(1).call("GET", "/v1/bindings")
    assert before, "another name is bound and has to stay"
    with pytest.raises(LinkError):
        engine.load_bind(Site(deployment="d1", members=members), [1, 2], request)
    assert shop.client(1).call("GET", "/v1/bindings") == before


def test_a_party_that_lacks_one_of_its_parts_does_not_bind(shop):
    version = "202601010000000000003"
    write_part(shop.home(1), part("guest", "ds-none", version, host_roles={"host1": 1}))
    with pytest.raises(FedwardenError) as caught:
        shop.client(1).call("POST", "/v1/bindings", {"name": "n", "model_id": MODEL, "model_version": version})
    assert caught.value.code == "FW-MODEL-022" and caught.value.params["role"] == "host1"


def test_inference_answers_in_fates_form(shop):
    for method in ("POST", "GET"):
        status, answer = serve(shop, "inference", ask({"x1": -2, "x0": "1.5"}, {"id": "007"}), method=method)
        assert status == 200
        assert list(answer) == ["retcode", "retmsg", "data", "flag"]
        assert (answer["retcode"], answer["retmsg"], answer["flag"]) == (0, "", 0)
        assert list(answer["data"]) == ["score", "modelId", "modelVersion", "timestamp"]
        assert answer["data"]["score"] == pytest.approx(expected((1.5, -2.0), "007"), abs=1e-15)
        assert abs(answer["data"]["timestamp"] / 1000 - time.time()) < 60


@pytest.mark.parametrize("remote", [..., {}])
def test_inference_without_an_id_takes_the_hosts_training_means(shop, remote):
    _, answer = serve(shop, "inference", ask({"x0": 1.5, "x1": -2}, remote, caseid="1"))
    assert answer["data"]["score"] == pytest.approx(expected((1.5, -2.0)), abs=1e-15)


@pytest.mark.parametrize(
    ("asked", "retcode"),
    [
        ({"body": {"featureData": {}}}, 100),
        ({"head": {"serviceId": "toy"}}, 100),
        (ask(None), 100),
        (ask({"x0": 1, "x1": 2}, None), 100),
        (ask({"x0": 1}), 100),
        (ask({"x0": 1, "x1": 2, "x2": 3}), 100),
        (ask({"x0": 1, "X1": 2}), 100),
        (ask({"x0": 1, "x1": None}), 100),
        (ask({"x0": 1, "x1": "nan"}), 100),
        (ask({"x0": 1, "x1": True}), 100),
        (ask({"x0": 1, "x1": 10**400}), 100),
        (ask({"x0": 1, "x1": 2}, {"device": "7"}), 100),
        (ask({"x0": 1, "x1": 2}, {"id": "nobody"}), 2113),
        (ask({"x0": 1, "x1": 2}, serviceId="none"), 104),
    ],
)
def test_inference_refusals_carry_fates_codes_in_http_200(shop, asked, retcode):
    status, answer = serve(shop, "inference", asked)
    assert (status, answer["retcode"]) == (200, retcode)
    assert answer["retmsg"] and "score" not in answer["data"]


@pytest.mark.parametrize("text", [b'{"head":{"serviceId":"toy"},}', b"", b"[]", b"5", b'"x"', b"\xff"])
def test_malformed_json_is_a_system_error_in_fates_other_form(shop, text):
    assert serve(shop, "inference", text) == (200, {"code": 110, "message": "SYSTEM_ERROR"})


def test_unknown_calls_and_large_bodies_are_parameter_errors(shop):
    for call, body in (("unknown", ask({})), ("inference", b" " * (1 << 20) + b"{}")):
        status, answer = serve(shop, call, body)
        assert (status, answer["retcode"]) == (200, 100)


def batch(rows):
    return {"head": {"serviceId": "toy"}, "body": {"batchDataList": rows}}


def row(index, remote=None, **features):
    return {"index": index, "featureData": features, "sendToRemoteFeatureData": remote or {}}


def test_a_batch_answers_every_row_with_its_own_code(shop):
    rows = [row(0, {"id": "a1"}, x0=1, x1=2), row(1, {"id": "none"}, x0=1, x1=2), row(2, x0=1), row(3, x0=0, x1=0)]
    status, answer = serve(shop, "batchInference", batch(rows))
    assert status == 200 and answer["retcode"] == 0
    assert [one["retcode"] for one in answer["batchDataList"]] == [0, 2113, 100, 0]
    assert answer["batchDataList"][0]["data"]["score"] == pytest.approx(expected((1, 2), "a1"), abs=1e-15)
    assert answer["batchDataList"][3]["data"]["score"] == pytest.approx(expected((0, 0)), abs=1e-15)
    assert answer["singleInferenceResultMap"] == {str(one["index"]): one for one in answer["batchDataList"]}
    assert set(answer["data"]) == {"modelId", "modelVersion", "timestamp"}


@pytest.mark.parametrize(
    ("rows", "retcode"),
    [
        ([], 100),
        (None, 100),
        ([{"featureData": {}}], 100),
        ([row(0, x0=1, x1=2), row(0, x0=1, x1=2)], 100),
        ([row(1, x0=1, x1=2)], 100),
        ([row(number, x0=1, x1=2) for number in range(301)], 2100),
    ],
)
def test_a_batch_that_is_none_is_refused_whole(shop, rows, retcode):
    assert serve(shop, "batchInference", batch(rows))[1]["retcode"] == retcode


@pytest.mark.parametrize(
    "headers", [{"Host": "bank.example"}, {"Origin": "https://bank.example"}, {"Origin": "null"}, {"Host": "10.0.0.1"}]
)
def test_web_pages_and_other_names_are_turned_away(shop, headers):
    status, answer = serve(shop, "inference", ask({"x0": 1, "x1": 2}), headers)
    assert status == 403 and "score" not in answer["data"]


def test_the_serving_port_is_open_on_loopback_alone(shop):
    port = f":{shop.infos[1].serving_port:04X}"
    places = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = [place for place in places if place.endswith(port)]
    assert listening and set(listening) == {f"0100007F{port}"}


def test_nothing_that_was_asked_or_answered_is_kept(shop):
    secret = 0.7315926535
    score = predict(shop, params=[secret, 2.0], sample_id="a1")["prob"]
    serve(shop, "inference", ask({"x0": secret, "x1": 2}, {"id": "很"}))
    for party in (1, 2, 3):
        for path in shop.home(party).rglob("*"):
            if path.is_file():
                text = path.read_text(errors="replace")
                assert str(secret) not in text and str(score) not in text and "很" not in text, path


def test_a_changed_table_is_noticed_and_the_host_named(shop):
    path = shop.folder / "host2.csv"
    before = path.read_bytes()
    path.write_bytes(before + b"new,1,1\n")
    try:
        error = refused(shop, params=[1, 2], sample_id="a1")
        assert (error.code, error.retcode, error.params["role"]) == ("FW-MODEL-013", 2102, "host2")
        assert predict(shop, params=[1, 2])["host_features"] == "training-mean"
    finally:
        path.write_bytes(before)
    assert predict(shop, params=[1, 2], sample_id="a1")["prob"] == pytest.approx(expected((1, 2), "a1"))


def test_bindings_and_predictions_survive_a_restart_and_a_dead_host_is_105(shop):
    want = expected((1, 2), "a1")
    for party in (1, 2, 3):
        shop.kill(party, signal.SIGKILL)
    shop.start(1, 2, 3)
    assert predict(shop, params=[1, 2], sample_id="a1")["prob"] == pytest.approx(want, abs=1e-15)
    pid = shop.infos[3].pid
    shop.kill(3)
    assert gone(pid)
    error = refused(shop, params=[1, 2], sample_id="a1")
    assert (error.code, error.retcode, error.params["role"]) == ("FW-MODEL-009", 105, "host2")
    assert serve(shop, "inference", ask({"x0": 1, "x1": 2}, {"id": "a1"}))[1]["retcode"] == 105
    shop.start(3)


def test_a_host_that_hangs_is_105_within_three_seconds(shop):
    process = shop.processes[3]
    process.send_signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert serve(shop, "inference", ask({"x0": 1, "x1": 2}, {"id": "a1"}))[1]["retcode"] == 105
        assert time.monotonic() - begun < 3.2
    finally:
        process.send_signal(signal.SIGCONT)


def test_more_scores_than_the_limit_are_refused_as_overload_and_only_for_a_while(shop):
    rows = [row(number, x0=1) for number in range(300)]  # refused one by one, so quickly; they count all the same
    codes = [serve(shop, "batchInference", batch(rows))[1]["retcode"] for _ in range(2)]
    assert codes[1] == 124  # 300 at once, 50 a second
    end = time.monotonic() + 10
    while serve(shop, "inference", ask({"x0": 1, "x1": 2}))[1]["retcode"] != 0:
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def ruled(shop):
    """``ruled(party, text)`` puts a policy in force; none afterwards."""
    written = []

    def rule(party, text):
        written.append(shop.home(party) / "policy.yaml")
        written[-1].write_text(text)

    yield rule
    for path in written:
        path.unlink(missing_ok=True)


def test_a_hosts_policy_bounds_what_a_guest_may_ask_in_all_and_the_guest_is_told(shop, ruled):
    ruled(2, "predictions: {per_model: 0}\n")
    error = refused(shop, params=[1, 2])
    assert (error.code, error.params["party"], error.params["rule"]) == ("FW-MODEL-520", 2, "per_model")
    ruled(2, "predictions: {per_caller: 0}\n")
    assert refused(shop, params=[1, 2]).params["rule"] == "per_caller"
    ruled(2, "peers: [3]\n")
    assert refused(shop, params=[1, 2]).code == "FW-MODEL-521"
    ruled(2, "peers: nobody\n")
    assert refused(shop, params=[1, 2]).code == "FW-STATE-520"
    ruled(2, "peers: [1]\n")
    assert predict(shop, params=[1, 2])["prob"]


def test_a_table_that_the_policy_no_longer_allows_is_not_looked_into_though_it_was_read_before(shop, ruled):
    known = next(iter(ROWS))
    before = predict(shop, params=[1, 2], sample_id=known)["prob"]
    ruled(2, "dataset_folders: [/nowhere]\n")
    error = refused(shop, params=[1, 2], sample_id=known)
    assert (error.code, error.params["party"], error.params["why"]) == ("FW-MODEL-013", 2, "FW-DATA-520")
    ruled(2, f"dataset_folders: [{shop.folder}]\n")
    assert predict(shop, params=[1, 2], sample_id=known)["prob"] == before


def test_a_guests_policy_bounds_the_rate_of_every_caller(shop, ruled):
    time.sleep(0.5)  # tests before this one may have used up the callers' allowance, which refills at 50 a second
    predict(shop, params=[1, 2])  # and is counted up at the rate of the moment when a caller asks
    serve(shop, "inference", ask({"x0": 1, "x1": 2}))
    ruled(1, "predictions: {per_second: 0.001, burst: 1}\n")
    predict(shop, params=[1, 2])
    assert refused(shop, params=[1, 2]).code == "FW-MODEL-006"
    assert serve(shop, "inference", ask({"x0": 1, "x1": 2}))[1]["retcode"] == 0  # another caller


def test_the_agent_never_imports_the_training_stack(shop):
    maps = Path(f"/proc/{shop.infos[1].pid}/maps").read_text()
    assert "polars" in maps and not [name for name in ("numba", "llvmlite", "sklearn", "scipy") if f"/{name}/" in maps]


def test_a_service_name_may_be_chinese(shop):
    for party in PARTIES.values():
        bind = {"name": "征信评分-1", "model_id": MODEL, "model_version": VERSION}
        assert shop.client(party).call("POST", "/v1/bindings", bind) is None
    answer = shop.client(1).call("POST", "/v1/predict", {"name": "征信评分-1", "params": [1.5, -2.0]})
    assert answer["prob"] == pytest.approx(expected((1.5, -2.0)), abs=1e-15)
    with pytest.raises(FedwardenError) as caught:
        shop.client(1).call("POST", "/v1/bindings", {"name": "../toy", "model_id": MODEL, "model_version": VERSION})
    assert caught.value.code == "FW-USE-062"
