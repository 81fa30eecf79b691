"""One host: one id for every role, and two ids beside each other."""

import ast
import json

import pytest
from fate_world import images, world

from fedwarden.engines.fate.versions import V1_11_2
from support.tables import breast_tables

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def one():
    with world(1) as made:
        made.load(1, images())
        yield made


def trained(one, guest, host, tmp_path):
    tables = breast_tables(tmp_path, parties=2)
    for name, source in (("guest", tables.guest), ("host", tables.hosts[0])):
        (one.rig.hosts[0].data / f"{name}.csv").write_bytes(source.read_bytes())
    run = one.call("upload", "-proj", "p", "-gp", guest, "/data/guest.csv", "-hp", host, "/data/host.csv")
    assert (run.code, run.out) == (0, "upload success.\n"), run
    run = one.call("submit", "-proj", "p", "-alg", "hetero_lr", "-m", 1)
    assert run.code == 0, run
    answer = ast.literal_eval(run.out)
    return one.ended(answer["jobid"]), answer


@pytest.mark.rare
def test_one_id_is_guest_host_and_arbiter(one, tmp_path):
    run = one.fate("deploy", ids=[1])
    assert (run.code, run.out) == (0, "deploy success.\n"), run
    try:
        words, answer = trained(one, 1, 1, tmp_path)
        assert words == ["success"] * 3
        assert answer["model_id"] == "arbiter-1#guest-1#host-1#model"
        bound = one.call("load_bind", "-mid", answer["model_id"], "-mver", answer["model_version"], "-mname", "m")
        assert (bound.code, bound.out) == (0, "load_bind success.\n"), bound
        row = (one.rig.hosts[0].data / "guest.csv").read_text().splitlines()[1].split(",")[2:]
        said = one.call("predict", "-mname", "m", "-params", *row)
        assert said.code == 0 and json.loads(said.out)["retcode"] == 0, said
        for algorithm in ("hetero_linr", "example"):
            answer = ast.literal_eval(one.call("submit", "-proj", "p", "-alg", algorithm, "-m", 1).out)
            assert set(one.ended(answer["jobid"])) == {"success"}
            bound = one.call("load_bind", "-mid", answer["model_id"], "-mver", answer["model_version"], "-mname", "n")
            assert (bound.code, bound.out) == (1, "load_bind failure.\n"), bound
    finally:
        run = one.fate("delete", "--purge", ids=[1])
    assert (run.code, run.out) == (0, "delete success.\n"), run
    assert one.everything(1) == []


@pytest.mark.rare
def test_two_ids_get_ports_and_networks_of_their_own_and_work_together(one, tmp_path):
    ips = one.ips * 2
    run = one.fate("deploy", ids=[1, 2], ips=ips)
    assert (run.code, run.out) == (0, "deploy success.\n"), run
    try:
        assert len(one.containers(1)) == 18
        words, _ = trained(one, 1, 2, tmp_path)
        assert words == ["success"] * 3
        listening = one.rig.shell(1, "docker ps --format '{{.Ports}}'")
        for port in (9370, 10370, 8869, 9869, 9380, 10380, 8059, 9059):
            assert f":{port}->" in listening
        subnets = one.rig.shell(
            1,
            "docker network inspect confs-1_fate-network confs-2_fate-network"
            " --format '{{range .IPAM.Config}}{{.Subnet}}{{end}}'",
        ).split()
        assert len(set(subnets)) == 2
    finally:
        run = one.fate("delete", "--purge", ids=[1, 2], ips=ips)
    assert (run.code, run.out) == (0, "delete success.\n"), run
    assert one.everything(1) == []


@pytest.mark.rare
def test_fate_1_11_2_is_deployed_the_same_way(one, tmp_path):
    one.load(1, images(V1_11_2))
    run = one.fate("deploy", "--fate-version", "1.11.2", ids=[1])
    assert (run.code, run.out) == (0, "deploy success.\n"), run
    try:
        services = {name.split("_")[1] for name in one.containers(1)}
        assert {"fateflow", "serving-zookeeper", "serving-admin"} <= services
        words, _ = trained(one, 1, 1, tmp_path)
        assert words == ["success"] * 3
    finally:
        run = one.fate("delete", "--purge", ids=[1])
    assert (run.code, run.out) == (0, "delete success.\n"), run
    assert one.everything(1) == []


@pytest.mark.rare
def test_an_ordinary_user_who_may_use_docker_is_enough_and_leaves_nothing(one, tmp_path):
    file = tmp_path / "fedwarden.yaml"
    party = f"{{id: 1, name: bank, host: {one.ips[0]}, user: deploy, key: {one.rig.hosts[0].key}}}"
    file.write_text(f"deployment: loans\nengine: fate\nparties:\n  - {party}\n")
    run = one.cli("deploy", "-f", file, timeout=400)
    assert run.code == 0, run
    try:
        words, _ = trained(one, 1, 1, tmp_path)
        assert words == ["success"] * 3
        before = one.containers(1)
        assert len(before) == 9
        run = one.cli("deploy", "-f", file, timeout=400)
        assert run.code == 0 and one.containers(1) == before, run
        run = one.cli("destroy", "-f", file, "--yes", timeout=400)
        assert run.code == 0 and "/deploy/.fedwarden/fate/party-1/data/mysql" in run.err + run.out, run
        run = one.cli("deploy", "-f", file, timeout=400)  # the database belongs to the passwords that were kept
        assert run.code == 0, run
    finally:
        run = one.cli("destroy", "-f", file, "--yes", "--purge", timeout=400)
    assert run.code == 0, run
    assert one.everything(1) == []
    assert ".fedwarden" not in one.rig.shell(1, "ls -A ~deploy && ls -A /opt")
