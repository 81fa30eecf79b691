"""The simulated FATE-Flow 1.4.4 answers as the real one was recorded, and trains what the real one trained."""

import copy
import json
import time

import breast
import pytest
from recorded import ask, differences, sample
from simulator.cluster import Standalone

RECORDED_JOB = "202611231752390353175"
#: After the training below: asked as recorded, with that job's id.
SAME_FORM = [
    "version_get",
    "upload_history",
    "table_info",
    "job_query_guest",
    "job_query_all_roles",
    "task_query",
    "job_config",
    "dag_dependency",
    "metrics_hetero_lr_arbiter",
    "metric_all_hetero_lr_arbiter_loss",
    "metric_all_hetero_lr_guest_empty",
    "metric_all_intersection_guest",
    "metric_data_missing",
    "output_data_hetero_lr_guest",
    "output_data_hetero_lr_host_none",
    "output_data_table",
    "output_model_hetero_lr_guest",
    "output_model_hetero_lr_host",
    "output_model_hetero_lr_arbiter",
    "model_load_integer_party_ids",
]
SAME_WORDS = [
    "job_query_missing",
    "job_query_empty",
    "task_query_missing",
    "job_config_missing",
    "submit_empty",
    "predict_no_version",
    "output_data_unknown_component",
    "output_model_unknown_component",
    "bind_no_service_id",
    "bind_integer_party_ids",
    "metric_all_unknown_component",
]
REFUSED_AT_ONCE = [
    "submit_bad_input",
    "submit_initiator_not_in_role",
    "submit_no_components",
    "submit_no_initiator",
    "submit_unknown_module",
    "submit_work_mode_1",
    "submit_work_mode_2",
]
FAIL_LATER = ["submit_bad_optimizer", "submit_batch_size_5", "submit_iterative_affine"]


def wait(flow, job):
    end = time.monotonic() + 60
    while True:
        _, answer = ask(flow, "POST", "/v1/job/query", {"job_id": job})
        states = {row["f_status"] for row in answer["data"]}
        if not states & {"waiting", "running"}:
            return states
        assert time.monotonic() < end, answer
        time.sleep(0.05)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """(server's address, answers of the uploads and the submit, the training's id): FATE's example tables and conf."""
    guest, host = breast.write(tmp_path_factory.mktemp("breast"))
    with Standalone("1.4.4") as server:
        uploads = []
        for file in (guest, host):
            where = {"namespace": "experiment", "table_name": file.stem, "head": 1, "partition": 10, "work_mode": 0}
            uploads.append(
                ask(server.flow, "POST", "/v1/data/upload", {**where, "file": str(file), "use_local_data": 0})[1]
            )
            assert wait(server.flow, uploads[-1]["jobId"]) == {"success"}
        request = sample("1.4.4", "submit_hetero_lr_zeros")["request"]
        submitted = ask(server.flow, "POST", "/v1/job/submit", request)[1]
        assert wait(server.flow, submitted["jobId"]) == {"success"}
        yield server.flow, uploads, submitted


def again(recorded, job):
    """The recorded request about our own job."""
    return json.loads(json.dumps(recorded["request"]).replace(RECORDED_JOB, job))


@pytest.mark.parametrize("name", SAME_FORM)
def test_an_answer_has_the_recorded_keys_and_types(trained, name):
    flow, _, submitted = trained
    recorded = sample("1.4.4", name)
    status, found = ask(flow, recorded["method"], recorded["path"], again(recorded, submitted["jobId"]))
    assert status == recorded["http_status"]
    if name == "upload_history":  # keyed by job id
        assert differences(*[[next(iter(it["data"][0].values()))] for it in (recorded["response"], found)]) == []
        return
    if name == "job_config":  # recorded of a training with other parameters
        for it in (recorded["response"], found):
            del it["data"]["runtime_conf"]["algorithm_parameters"]
    assert differences(recorded["response"], found) == []


def test_uploads_and_submits_answer_at_once_in_the_recorded_form(trained):
    flow, uploads, submitted = trained
    recorded = sample("1.4.4", "submit_hetero_lr_zeros")
    assert differences(recorded["response"], submitted) == []
    assert submitted["data"]["model_info"]["model_id"] == recorded["response"]["data"]["model_info"]["model_id"]
    missing = sample("1.4.4", "upload_missing_server_file")
    _, found = ask(flow, "POST", missing["path"], missing["request"])
    for it in (found, uploads[0]):
        assert differences(missing["response"], it) == []
    assert wait(flow, found["jobId"]) == {"failed"}
    for name in ("upload_job_query", "upload_task_query"):
        recorded = sample("1.4.4", name)
        _, found = ask(flow, "POST", recorded["path"], {"job_id": uploads[0]["jobId"]})
        assert differences(recorded["response"], found) == []


@pytest.mark.parametrize("name", SAME_WORDS)
def test_an_error_has_the_recorded_words_and_http_200(trained, name):
    flow, _, submitted = trained
    recorded = sample("1.4.4", "errors")[name]
    found = ask(flow, recorded["method"], recorded["path"], again(recorded, submitted["jobId"]))
    assert found == (recorded["http_status"], recorded["response"])


def different(name):
    """The request that differs from the recorded training as ``errors_submit`` says, and what was recorded."""
    recorded = sample("1.4.4", "errors_submit")[name]
    request = copy.deepcopy(sample("1.4.4", "submit_hetero_lr_zeros")["request"])
    for change in recorded["request_difference"]:
        *way, last = change["path"].removeprefix("$.").split(".")
        place = request
        for key in way:
            place = place[key]
        if change["change"] == "removed":
            del place[last]
        else:
            place[last] = change["value"]
    return request, recorded


@pytest.mark.parametrize("name", REFUSED_AT_ONCE)
def test_a_bad_submit_is_refused_with_the_recorded_words(trained, name):
    request, recorded = different(name)
    assert ask(trained[0], "POST", "/v1/job/submit", request) == (200, recorded["response"])


@pytest.mark.parametrize("name", FAIL_LATER)
def test_a_bad_value_is_accepted_and_fails_later(trained, name):
    request, recorded = different(name)
    _, found = ask(trained[0], "POST", "/v1/job/submit", request)
    assert found["retcode"] == recorded["response"]["retcode"] == 0
    assert wait(trained[0], found["jobId"]) == {"failed"}


def test_unknown_paths_and_methods_are_pages(trained):
    assert ask(trained[0], "POST", "/v1/nope", {})[0] == 404
    status, text = ask(trained[0], "GET", "/v1/job/query")
    assert status == 405 and "405 Method Not Allowed" in text


def test_a_stop_says_success_for_a_finished_job_too(trained):
    recorded = sample("1.4.4", "stop")
    flow, _, submitted = trained
    for name, job in (("stop_finished_job", submitted["jobId"]), ("err_stop_missing", "nope")):
        assert ask(flow, "POST", "/v1/job/stop", {"job_id": job}) == (200, recorded[name]["response"])
    assert wait(flow, submitted["jobId"]) == {"success"}


def test_a_look_at_a_table_that_is_not_there_makes_it(trained):
    recorded = sample("1.4.4", "table_info_missing")
    _, found = ask(trained[0], "POST", recorded["path"], recorded["request"])
    assert found["data"]["count"] == 0 and found["data"]["partition"] == recorded["response"]["data"]["partition"]


def test_the_recorded_training_is_repeated_to_the_last_digits(trained):
    """Weights from zero, ten epochs: the losses that a real FATE computed with its encryption, and its AUC and KS."""
    flow, _, submitted = trained
    reference = sample("1.4.4", "reference_runs")["lr10_zeros"]
    asked = {"job_id": submitted["jobId"], "role": "arbiter", "party_id": 10001, "component_name": "hetero_lr_0"}
    _, found = ask(flow, "POST", "/v1/tracking/component/metric/all", asked)
    losses = [loss for _, loss in found["data"]["train"]["loss"]["data"]]
    assert losses == pytest.approx([loss for _, loss in reference["loss"]], abs=1e-9)
    asked = {"job_id": submitted["jobId"], "role": "guest", "party_id": 9999, "component_name": "evaluation_0"}
    _, found = ask(flow, "POST", "/v1/tracking/component/metric/all", asked)
    assert found["data"]["train"]["hetero_lr_0"]["data"] == reference["evaluation"]
