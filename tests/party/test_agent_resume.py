"""A failed job's next attempt at an agent: what it carries on, what is refused; real worker processes."""

import os
import signal
import time

import psutil
import pytest
from msgspec.structs import replace

from fedwarden.common.api import Binding, RoleStatus
from fedwarden.common.errors import FedwardenError, JobError
from fedwarden.common.files import write_struct
from fedwarden.party.home import Home
from fedwarden.party.jobs.checks import check_not_done

OWN = {"guest": 1, "arbiter": 1}


def call(lab, spec, job=None):
    return lab.client(1).call("POST", f"/v1/jobs/{job or spec.job_id}/resume", spec)


def refused(lab, spec, job=None):
    with pytest.raises(FedwardenError) as caught:
        call(lab, spec, job)
    return caught.value


def failed(lab, job, **options):
    """A job whose guest was killed, and its text."""
    spec = lab.spec(job, OWN, options={"seconds": 1, **options})
    lab.client(1).call("POST", "/v1/jobs", spec)
    lab.until(1, job, "running")
    os.kill(lab.states(1, job)["guest"]["pid"], signal.SIGKILL)
    end = time.monotonic() + 10
    while lab.states(1, job)["guest"]["state"] != "failed":
        assert time.monotonic() < end
        time.sleep(0.03)
    lab.client(1).call("POST", f"/v1/jobs/{job}/stop")
    lab.until(1, job, "failed")
    return spec


def test_the_next_attempt_runs_under_the_same_id_and_remembers_the_one_before(lab):
    spec = failed(lab, "1601")
    again = replace(spec, attempt=2)
    answer = call(lab, again)
    assert [status["state"] for status in answer] == ["waiting", "waiting"]
    found = lab.until(1, "1601", "success")
    assert found["guest"]["attempt"] == 2
    (before,) = found["guest"]["attempts"]
    assert (before["attempt"], before["cause"]["code"]) == (1, "FW-JOB-060")
    assert [status["state"] for status in call(lab, again)] == ["success", "success"], "the same text, the same answer"


def test_a_role_that_has_said_it_failed_may_take_a_moment_to_be_gone(lab):
    spec = lab.spec("1607", OWN, options={"act": "linger", "seconds": 1.5})
    lab.client(1).call("POST", "/v1/jobs", spec)
    lab.until(1, "1607", "failed")
    pids = [status["pid"] for status in lab.states(1, "1607").values()]
    assert all(map(psutil.pid_exists, pids)), "their processes are still there"
    answer = call(lab, replace(spec, attempt=2))
    assert [status["attempt"] for status in answer] == [2, 2]
    assert not any(map(psutil.pid_exists, pids))
    lab.client(1).call("POST", "/v1/jobs/1607/stop")


def test_a_job_that_has_succeeded_is_not_run_again(lab):
    spec = lab.spec("1608", OWN, options={"seconds": 0})
    lab.client(1).call("POST", "/v1/jobs", spec)
    before = lab.until(1, "1608", "success")
    part = lab.home(1) / "models" / "1608" / "guest.json"
    part.parent.mkdir(parents=True)
    part.write_text("{}")
    assert refused(lab, replace(spec, attempt=2)).code == "FW-JOB-770"
    assert part.exists() and lab.states(1, "1608") == before


def test_a_party_whose_model_is_bound_runs_the_job_no_more_whatever_others_came_to(tmp_path, lab):
    spec = lab.spec("1609", OWN)
    two = replace(spec, roles=[*spec.roles, replace(spec.roles[0], role="host1", party=2)])
    mine = [RoleStatus(job_id="1609", role=role, party=1, state="success") for role in OWN]
    home = Home(tmp_path)
    check_not_done(home, two, mine, 1)  # the host may have failed at its very end
    bound = Binding(name="s", model_id="m", model_version="1609", algorithm="hetero_lr", roles=["guest"], bound="")
    write_struct(home.bindings_json, [bound])
    with pytest.raises(JobError) as caught:
        check_not_done(home, two, mine, 1)
    assert (caught.value.code, caught.value.params["job"]) == ("FW-JOB-770", "1609")
    mine[0].state = "failed"
    check_not_done(home, two, mine, 1)


def test_addresses_may_change_between_attempts_and_nothing_else(lab):
    spec = failed(lab, "1602")
    moved = [replace(peer, data_port=peer.data_port + 1) for peer in spec.roles]
    for changed in ({"project": "other"}, {"options": {"seconds": 2}}, {"roles": spec.roles[::-1]}):
        assert refused(lab, replace(spec, attempt=2, **changed)).code == "FW-JOB-063"
    assert refused(lab, replace(spec, attempt=2), job="1603").code == "FW-JOB-063"
    call(lab, replace(spec, attempt=2, roles=moved))
    lab.until(1, "1602", "success")


def test_only_a_newer_attempt_of_a_job_that_has_ended_is_taken(lab):
    unknown = lab.spec("1604", OWN)
    assert refused(lab, replace(unknown, attempt=2)).code == "FW-JOB-066"
    spec = lab.spec("1605", OWN, options={"seconds": 30})
    lab.client(1).call("POST", "/v1/jobs", spec)
    lab.until(1, "1605", "running")
    error = refused(lab, replace(spec, attempt=2))
    assert (error.code, error.params["party"]) == ("FW-JOB-503", 1)
    lab.client(1).call("POST", "/v1/jobs/1605/stop")
    call(lab, replace(spec, attempt=3))
    lab.client(1).call("POST", "/v1/jobs/1605/stop")
    error = refused(lab, replace(spec, attempt=2))
    assert (error.code, error.params["known"]) == ("FW-JOB-504", 3)


def test_a_worker_that_cannot_write_its_record_is_failed_with_the_folder_and_the_record_follows(lab):
    spec = lab.spec("1606", OWN, options={"seconds": 1})
    lab.client(1).call("POST", "/v1/jobs", spec)
    lab.until(1, "1606", "running")
    agent = psutil.Process(lab.client(1).call("GET", "/v1/health")["pid"])
    workers = [psutil.Process(status["pid"]) for status in lab.states(1, "1606").values()]
    before = agent.rlimit(psutil.RLIMIT_FSIZE)
    for process in (agent, *workers):
        process.rlimit(psutil.RLIMIT_FSIZE, (0, before[1]))
    try:
        assert not psutil.wait_procs(workers, 20)[1]
        end = time.monotonic() + 10
        while lab.client(1).call("GET", "/v1/health")["busy"]:
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        agent.rlimit(psutil.RLIMIT_FSIZE, before)
    found = lab.until(1, "1606", "failed")
    for role, status in found.items():
        assert status["cause"]["code"] == "FW-JOB-502", status
        assert status["cause"]["params"]["folder"] == str(lab.home(1)) and status["cause"]["role"] == role
    on_disk = lab.home(1) / "jobs" / "1606" / "guest.status.json"
    assert b"FW-JOB-502" in on_disk.read_bytes(), "written down once there is room"
    call(lab, replace(spec, attempt=2))
    lab.until(1, "1606", "success")
