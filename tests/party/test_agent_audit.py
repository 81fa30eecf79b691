"""What an agent was asked and did stands in its audit log: who, what, how many; never a value."""

import json
import signal
import urllib.request

import pytest

from fedwarden.common.chain_lines import read_lines
from fedwarden.common.damage import find_damage
from fedwarden.common.errors import FedwardenError, IdentityError


def records(lab, party):
    """The log as the regulator gets it, whole and undamaged."""
    text, start = b"", 0
    while part := lab.client(party).fetch("GET", f"/v1/audit?start={start}")[0]:
        text, start = text + part, start + len(part)
    found, unreadable = read_lines(text)
    assert find_damage(found, (), unreadable) == []
    return found


def said(found, action, subject=None):
    return [it for it in found if it.action == action and subject in (None, it.subject)]


def test_a_job_from_request_to_what_it_revealed(lab):
    roles = {"guest": 1, "host1": 2, "arbiter": 3}
    spec = lab.spec("audit-1", roles, options={"act": "finish"})
    for party in (1, 2, 3):
        lab.client(party).call("POST", "/v1/jobs", spec)
    for party in (1, 2, 3):
        lab.until(party, "audit-1", "success", "failed")
    found = records(lab, 1)
    (asked,) = said(found, "POST /v1/jobs", "audit-1")
    (starts,) = said(found, "job starts", "audit-1")
    assert asked.actor == "regulator"
    assert len(asked.details["key"]) == 64
    assert starts.seq < asked.seq, "noted before any worker ran"
    assert starts.details["roles"] == roles
    assert starts.details["own"] == ["guest"]
    (status,) = lab.states(1, "audit-1").values()
    for _ in range(100):
        ended = said(records(lab, 1), "job ended", "audit-1")
        if ended:
            break
    assert ended[0].details["state"] == status["state"]
    assert ended[0].details["revealed"] == status["revealed"]


def test_a_refusal_stands_there_with_who_and_why(lab):
    with pytest.raises(IdentityError):
        lab.client(1, lab.as_party(2)).call("GET", "/v1/jobs")
    with pytest.raises(FedwardenError):
        lab.client(1).call("POST", "/v1/jobs", lab.spec("audit-2", {"guest": 2, "arbiter": 3}))
    found = records(lab, 1)
    assert said(found, "GET /v1/jobs")[-1].details["code"] == "FW-ID-060"
    assert said(found, "GET /v1/jobs")[-1].actor == "party 2"
    (refused,) = said(found, "POST /v1/jobs", "audit-2")
    assert (refused.details["decision"], refused.details["code"]) == ("refused", "FW-JOB-062")


def test_nobody_but_the_regulator_reads_it(lab):
    for method, path in (("GET", "/v1/audit"), ("POST", "/v1/audit/heads")):
        with pytest.raises(IdentityError) as caught:
            lab.client(1, lab.as_party(2)).fetch(method, path, {} if method == "POST" else None)
        assert caught.value.code == "FW-ID-060"


def test_heads_are_exchanged(lab):
    head = {"seq": 12, "digest": "ab" * 32}
    own = lab.client(1).call("POST", "/v1/audit/heads", head)
    noted = said(records(lab, 1), "head noted")[-1]
    assert (noted.details["seq"], noted.details["digest"]) == (12, "ab" * 32)
    assert (own["seq"], own["digest"]) == (noted.seq, noted.digest)
    for wrong in ({"seq": -1, "digest": "ab" * 32}, {"seq": 1, "digest": "ab"}):
        with pytest.raises(FedwardenError) as caught:
            lab.client(1).call("POST", "/v1/audit/heads", wrong)
        assert caught.value.code == "FW-USE-062"


def test_a_prediction_is_counted_without_what_was_asked(lab):
    with pytest.raises(FedwardenError):
        lab.client(1).call("POST", "/v1/predict", {"name": "credit", "sample_id": "person-4711", "params": [47.11]})
    body = {"head": {"serviceId": "person-4711"}, "body": {"featureData": {"income": 47.11}}}
    url = f"http://127.0.0.1:{lab.infos[1].serving_port}/federation/v1/inference"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["retcode"] != 0
    found = records(lab, 1)
    assert said(found, "POST /v1/predict", "credit")[-1].details == {
        "decision": "refused",
        "code": "FW-MODEL-001",
        "count": 1,
    }
    assert said(found, "inference")[-1].actor == "serving port"
    text = (lab.home(1) / "audit.jsonl").read_text()
    assert "person-4711" not in text and "47.11" not in text
    assert "47.11" not in text
    assert "income" not in text


def test_the_chain_goes_on_after_a_kill_and_tells_of_the_job_that_died(lone):
    lone.start(1, 2, 3)
    lone.introduce()
    spec = lone.spec("audit-3", {"guest": 1, "host1": 2, "arbiter": 3}, options={"act": "finish", "seconds": 60})
    for party in (1, 2, 3):
        lone.client(party).call("POST", "/v1/jobs", spec)
    lone.kill(1, signal.SIGKILL)
    path = lone.home(1) / "audit.jsonl"
    path.write_bytes(path.read_bytes() + b'{"seq": 99, "at')  # as a kill in mid-line leaves it
    lone.start(1)
    found = records(lone, 1)
    assert [it.action for it in found if it.actor == "agent"] == [
        "agent started",
        "job starts",
        "line torn",
        "agent started",
        "job ended",
    ]
    assert said(found, "job ended", "audit-3")[0].details["cause"] in ("FW-JOB-068", "FW-JOB-106")
