"""The simulated FATE-Flow 2.2 answers as the real one was recorded."""

import copy
import time
import urllib.parse

import breast
import pytest
from recorded import ask, differences, sample
from simulator.cluster import Standalone

#: What our engine reads; the rest of a recorded answer (logging, resources, optimizer state) is left out.
ROW = (
    "job_id",
    "role",
    "party_id",
    "status",
    "progress",
    "create_time",
    "start_time",
    "end_time",
    "elapsed",
    "dag",
    "tag",
)
TASK = ("task_name", "role", "party_id", "status", "start_time", "end_time", "error_report", "component", "task_id")


def wait(flow, job):
    end = time.monotonic() + 60
    while True:
        _, answer = ask(flow, "GET", f"/v2/job/query?job_id={job}")
        states = {row["status"] for row in answer["data"]}
        if not states & {"waiting", "running"}:
            return states
        assert time.monotonic() < end, answer
        time.sleep(0.05)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """(server's address, answer of the recorded submit)."""
    guest, host = breast.write(tmp_path_factory.mktemp("breast"))
    with Standalone("2.2.0") as server:
        for file, meta in ((guest, {"label_name": "y", "label_type": "int64"}), (host, {})):
            body = {"file": str(file), "head": True, "partitions": 4, "meta": {**meta, "match_id_name": "id"}}
            body |= {"namespace": "experiment", "name": file.stem, "extend_sid": True}
            _, answer = ask(server.flow, "POST", "/v2/data/component/upload", body)
            assert wait(server.flow, answer["job_id"]) == {"success"}
        request = sample("2.2", "submit_coordinated_lr")["request"]["body"]
        _, submitted = ask(server.flow, "POST", "/v2/job/submit", request)
        assert wait(server.flow, submitted["job_id"]) == {"success"}
        yield server.flow, submitted


def again(recorded, job):
    """(method, path) of the recorded call about our own job."""
    if "call" in recorded:
        method, _, path = recorded["call"].partition(" ")
        return method, path.replace("<job>", job).replace("[&display]", "")
    path = recorded["request"]["url"].partition("9380")[2]
    parts = urllib.parse.urlsplit(path)
    query = dict(urllib.parse.parse_qsl(parts.query)) | {"job_id": job}
    return recorded["request"]["method"], f"{parts.path}?{urllib.parse.urlencode(query)}"


@pytest.mark.parametrize(
    "name", ["server_info", "metric_key", "metric_arbiter_loss", "metric_model_guest", "data_table"]
)
def test_an_answer_has_the_recorded_keys_and_types(trained, name):
    flow, submitted = trained
    recorded = sample("2.2", name)
    _, found = ask(flow, *again(recorded, submitted["job_id"]))
    if name == "server_info":  # keyed by the instance
        for it in (recorded["response"], found):
            it["data"] = list(it["data"].values())
    assert differences(recorded["response"], found) == []


@pytest.mark.parametrize(("name", "keys"), [("job_query_guest", ROW), ("task_query", TASK)])
def test_rows_have_what_the_engine_reads(trained, name, keys):
    flow, submitted = trained
    recorded = sample("2.2", name)
    _, found = ask(flow, *again(recorded, submitted["job_id"]))
    kept = [{key: it["data"][0][key] for key in keys if key != "dag"} for it in (recorded["response"], found)]
    assert differences(*kept) == []
    if "dag" in keys:
        readers = [
            it["data"][0]["dag"]["dag"]["party_tasks"]["guest_9999"]["tasks"] for it in (recorded["response"], found)
        ]
        assert readers[0]["reader_0"]["parameters"] == readers[1]["reader_0"]["parameters"]


def test_a_table_tells_its_columns_and_which_is_the_label(trained):
    recorded = sample("2.2", "table_query")
    _, found = ask(trained[0], *again(recorded, ""))
    assert recorded["response"]["data"]["count"] == found["data"]["count"] == 569
    fields = [it["data"]["meta"]["schema_meta"]["fields"] for it in (recorded["response"], found)]
    told = [[(field["name"], field["property"]) for field in it] for it in fields]
    assert told[0] == told[1]


def test_a_model_tells_its_header_and_weights_as_recorded(trained):
    """Ten epochs of the recorded training: FATE 2.2's weights, which it computed under encryption."""
    flow, submitted = trained
    recorded = sample("2.2", "model_query_guest")
    _, found = ask(flow, *again(recorded, submitted["job_id"]))
    models = [it["data"]["output_model"]["data"]["estimator"] for it in (recorded["response"], found)]
    assert models[0]["header"] == models[1]["header"]
    weights = [[row[0] for row in it["param"]["coef_"]] for it in models]
    assert weights[1] == pytest.approx(weights[0], abs=1e-6)
    assert models[1]["param"]["intercept_"] == pytest.approx(models[0]["param"]["intercept_"], abs=1e-6)


def test_scored_rows_have_the_recorded_columns(trained):
    flow, submitted = trained
    recorded = sample("2.2", "data_display")
    _, found = ask(flow, *again(recorded, submitted["job_id"]))
    rows = [it["train_output_data"][0]["data"][0] for it in (recorded["response"], found)]
    assert [type(value) for value in rows[0]] == [type(value) for value in rows[1]]
    assert found["train_output_data"][0]["total"] == recorded["response"]["train_output_data"][0]["total"]


def test_errors_have_the_recorded_words(trained):
    flow, _ = trained
    recorded = sample("2.2", "errors")
    calls = {
        "job_not_found": ("GET", "/v2/job/query?job_id=nope"),
        "task_not_found": ("GET", "/v2/job/task/query?job_id=nope"),
        "table_not_found": ("GET", "/v2/table/query?namespace=experiment&name=nope"),
        "missing_field": ("POST", "/v2/job/stop", {}),
        "submit_empty": ("POST", "/v2/job/submit", {}),
        "submit_no_dag": ("POST", "/v2/job/submit", {"dag_schema": {}}),
        "unknown_path": ("GET", "/v2/nope"),
        "v1_job_query": ("POST", "/v1/job/query", {"job_id": "1"}),
    }
    for name, call in calls.items():
        assert ask(flow, *call) == (recorded[name]["http_status"], recorded[name]["response"]), name


def test_load_says_success_for_anything_and_bind_does_not_exist(trained):
    recorded = sample("2.2", "stubs_and_stop")
    assert ask(trained[0], "POST", "/v2/model/load", {"any": 1}) == (
        200,
        recorded["model_load_unknown_model"]["response"],
    )
    assert ask(trained[0], "POST", "/v2/model/bind", {}) == (200, recorded["model_bind"]["response"])


def test_the_engine_writes_the_recorded_dag(trained):
    """What our builder writes for the same options is the recorded request, but for options it leaves out."""
    from fedwarden.common.api import JobPeer, JobSpec
    from fedwarden.engines.fate import jobs, options, versions
    from fedwarden.engines.fate.tables import TableName

    recorded = copy.deepcopy(sample("2.2", "submit_coordinated_lr")["request"]["body"]["dag_schema"])
    parties = {"guest": 9999, "host1": 10000, "arbiter": 10000}
    peers = [JobPeer(role=role, party=party, host="", data_port=0, fingerprint="") for role, party in parties.items()]
    tables = {
        role: TableName("experiment", f"breast_hetero_{role[:5].rstrip('1')}", None, "refuse").dataset_id
        for role in ("guest", "host1")
    }
    given = {"max_iter": 10, "early_stop": "diff", "tol": 0, "timeout": 3600}
    spec = JobSpec(
        job_id="1",
        project="p",
        algorithm="hetero_lr",
        options=options.resolve(versions.V2_2, "hetero_lr", given),
        roles=peers,
        role_datasets=tables,
        model_id="",
        privacy="fate",
        created="2026-01-01T00:00:00Z",
    )
    ours = jobs.body(versions.V2_2, spec, 1)["dag_schema"]
    for dag in (recorded["dag"], ours["dag"]):
        parameters = dag["tasks"]["model_0"]["parameters"]
        for key in ("floating_point_precision", "output_cv_data"):
            parameters.pop(key, None)
        for key in ("metrics", "label_column_name", "predict_column_name"):
            dag["tasks"]["evaluation_0"]["parameters"].pop(key, None)
    assert ours == recorded
