"""Registered tables at an agent: checked before registering, looked at again before every job."""

import os

import pytest

from fedwarden.common.errors import FedwardenError


def post(lab, party, path, check=False, **asked):
    body = {"project": "p", "role": "host1", "path": str(path), **asked}
    return lab.client(party).call("POST", "/v1/datasets" + ("?check=1" if check else ""), body)


def submit(lab, dataset, role="guest", **fields):
    roles = {"guest": 1, "arbiter": 3} if role == "guest" else {"guest": 3, role: 1, "arbiter": 3}
    spec = lab.spec("3001", roles, **{"algorithm": "hetero_lr", "role_datasets": {role: dataset}, **fields})
    with pytest.raises(FedwardenError) as caught:
        lab.client(1).call("POST", "/v1/jobs", spec)
    assert not (lab.home(1) / "jobs" / "3001").exists()
    return caught.value


def registered(lab):
    return [dataset["dataset_id"] for dataset in lab.client(1).call("GET", "/v1/datasets")]


def test_checking_registers_nothing_and_registering_gives_an_id(lab, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,a\n1,2\n")
    before = registered(lab)
    checked = post(lab, 1, path, check=True)
    assert checked["dataset_id"] == "" and registered(lab) == before
    made = post(lab, 1, path)
    assert {**made, "dataset_id": ""} == checked
    assert lab.client(1).call("GET", f"/v1/datasets/{made['dataset_id']}") == made
    assert lab.client(1).call("DELETE", f"/v1/datasets/{made['dataset_id']}") == made
    assert registered(lab) == before and path.exists()
    with pytest.raises(FedwardenError) as caught:
        lab.client(1).call("GET", f"/v1/datasets/{made['dataset_id']}")
    assert caught.value.code == "FW-DATA-041"


def test_a_refused_table_is_not_half_registered(lab, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,a\n1,x\n")
    before = registered(lab)
    with pytest.raises(FedwardenError) as caught:
        post(lab, 1, path)
    assert caught.value.code == "FW-DATA-016" and registered(lab) == before


def test_the_agents_own_files_are_no_tables(lab):
    with pytest.raises(FedwardenError) as caught:
        post(lab, 1, lab.home(1) / "key.pem")
    assert caught.value.code == "FW-DATA-007"


def test_a_file_changed_since_is_noticed_even_with_its_size_and_time_kept(lab, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,y,a\n1,0,2\n2,1,3\n")
    made = post(lab, 1, path, role="guest", label="y")
    path.write_text("id,y,a\n1,0,2\n2,1,4\n")
    os.utime(path, ns=(made["mtime_ns"], made["mtime_ns"]))
    assert submit(lab, made["dataset_id"]).code == "FW-DATA-042"
    path.unlink()
    assert submit(lab, made["dataset_id"]).code == "FW-DATA-002"


def test_a_table_that_does_not_fit_the_role_is_refused(lab, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,y,a\n1,0.5,2\n2,1,3\n")
    host = post(lab, 1, path)["dataset_id"]
    guest = post(lab, 1, path, role="guest", label="y")["dataset_id"]
    assert submit(lab, host).code == "FW-DATA-051"
    assert submit(lab, guest).code == "FW-DATA-052"
    assert submit(lab, guest, project="other").code == "FW-DATA-053"
    assert submit(lab, "", role="host1").code == "FW-JOB-065"
