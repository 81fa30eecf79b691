"""From a plan to files: what KubeFATE gets wrong is right here, and nothing secret stands in what is rendered."""

import ipaddress
import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from fedwarden.common.errors import DeployError
from fedwarden.engines.fate.deploy import render, secrets
from fedwarden.engines.fate.deploy.plan import Cluster, Plan, Ports, check, subnets

RELEASES = ("1.4.4", "1.11.2")


def cluster(party, address, ports=None, **more):
    return Cluster(
        party=party,
        address=address,
        place=f"root@{address}:22",
        root=f"/opt/fedwarden/fate/party-{party}",
        ports=ports or Ports(),
        subnet=f"10.201.{party}.0/24",
        bind=address,
        **more,
    )


def plan(release="1.4.4", **more):
    clusters = more.pop("clusters", [cluster(1, "10.0.0.1"), cluster(2, "10.0.0.2")])
    return Plan(release=release, clusters=clusters, **more)


def properties(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def compose(files, project):
    return yaml.safe_load(files[f"{project}/docker-compose.yml"])


@pytest.mark.parametrize("release", RELEASES)
def test_the_proxys_coordinator_is_the_partys_own_id(release):
    for party in (1, 2):
        files = render.files(plan(release), party)
        found = properties(files[f"serving-{party}/confs/serving-proxy/conf/application.properties"])
        assert found["coordinator"] == str(party)


@pytest.mark.parametrize("release", RELEASES)
def test_routes_name_every_other_party_by_its_address_and_unknown_ids_go_nowhere(release):
    files = render.files(plan(release), 1)
    training = json.loads(files["confs-1/confs/eggroll/conf/route_table.json"])["route_table"]
    serving = json.loads(files["serving-1/confs/serving-proxy/conf/route_table.json"])["route_table"]
    assert training["2"]["default"] == [{"ip": "10.0.0.2", "port": 9370}]
    assert serving["2"]["default"] == [{"ip": "10.0.0.2", "port": 8869}]
    assert serving["1"]["serving"] == [{"ip": "serving-server", "port": 8000}]
    flow = training["1"]["fateflow"][0]
    assert flow["port"] == 9360
    assert flow["ip"] in compose(files, "confs-1")["services"]
    assert training["default"] == serving["default"] == {"default": [{"ip": "127.0.0.1", "port": 1}]}


@pytest.mark.parametrize("release", RELEASES)
def test_only_the_two_ports_for_parties_are_published_beyond_the_loopback(release):
    files = render.files(plan(release, notebook=True), 1)
    seen = {}
    for project in ("confs-1", "serving-1"):
        for service in compose(files, project)["services"].values():
            for text in service.get("ports", []):
                address, port, _ = text.split(":")
                seen[int(port)] = address
    assert {port for port, address in seen.items() if address != "127.0.0.1"} == {9370, 8869}
    assert {seen[9370], seen[8869]} == {"10.0.0.1"}
    assert {9380, 8080, 8059, 20000} <= set(seen)
    assert not {8000, 3306, 6379, 4670, 4671, 9360, 2181} & set(seen)


def test_a_service_is_opened_only_when_the_operator_says_so():
    files = render.files(plan(opened=["flow"]), 1)
    assert compose(files, "confs-1")["services"]["python"]["ports"] == ["10.0.0.1:9380:9380"]
    assert compose(files, "confs-1")["services"]["fateboard"]["ports"] == ["127.0.0.1:8080:8080"]
    with pytest.raises(DeployError, match="FW-DEP-652"):
        check(plan(opened=["mysql"]))


@pytest.mark.parametrize("release", RELEASES)
def test_no_password_is_known_here_and_every_one_has_its_place(release):
    files = render.files(plan(release), 1)
    places = set(re.findall(r"@@([A-Z_]+)@@", "\n".join(files.values())))
    assert {"MYSQL_ROOT", "MYSQL_FATE", "REDIS"} <= places <= {*secrets.NAMES, "ROOT"}
    for name, text in files.items():
        for line in text.splitlines():
            if re.search(r"passw(or)?d", line, re.I) and "requirepass" not in line:
                assert re.search(r"@@[A-Z_]+@@", line), f"{name}: {line}"
    everything = "\n".join(files.values())
    assert "fate_dev" not in everything
    assert "EMPTY_PASSWORD" not in everything
    server = compose(files, "confs-1")["services"]["mysql"]
    assert server["environment"]["MYSQL_ROOT_PASSWORD"] == "@@MYSQL_ROOT@@"
    # the words of a process can be read by everybody: no password in any of them
    for project in ("confs-1", "serving-1"):
        for service in compose(files, project)["services"].values():
            assert "@@" not in " ".join(service.get("command", []))


@pytest.mark.parametrize("release", RELEASES)
def test_the_network_is_private_and_shared_by_both_projects(release):
    files = render.files(plan(release), 2)
    own = compose(files, "confs-2")["networks"]["fate-network"]
    other = compose(files, "serving-2")["networks"]["fate-network"]
    subnet = ipaddress.IPv4Network(own["ipam"]["config"][0]["subnet"])
    assert subnet.is_private
    assert str(subnet) == "10.201.2.0/24"
    assert own["name"] == other["name"] == "confs-2_fate-network"
    assert other["external"] is True


@pytest.mark.parametrize("release", RELEASES)
def test_bindings_database_tables_and_models_outlive_their_containers(release):
    files = render.files(plan(release), 1)
    serving = compose(files, "serving-1")["services"]["serving-server"]
    told = properties(files["serving-1/confs/serving-server/conf/serving-server.properties"])
    mounts = dict(text.split(":")[:2][::-1] for text in serving["volumes"])
    assert mounts[told["model.cache.path"]] == "@@ROOT@@/data/serving"
    everything = str([compose(files, project)["services"] for project in ("confs-1", "serving-1")])
    for folder in ("mysql", "redis", "tables", "models", "staged"):
        assert f"@@ROOT@@/data/{folder}:" in everything, folder


def test_every_file_that_is_mounted_is_rendered():
    for release in RELEASES:
        files = render.files(plan(release), 1)
        for project in ("confs-1", "serving-1"):
            for service in compose(files, project)["services"].values():
                for volume in service.get("volumes", []):
                    source = volume.split(":")[0]
                    if source.startswith("./"):
                        path = f"{project}/{source[2:]}"
                        assert any(name == path or name.startswith(path + "/") for name in files), volume


def test_flow_finds_its_own_serving_server_inside_the_network():
    old, new = (render.files(plan(release), 1) for release in RELEASES)
    servers = json.loads(old["confs-1/confs/fate_flow/conf/server_conf.json"])["servers"]
    assert servers["servings"] == ["serving-server:8000"]
    assert yaml.safe_load(old["confs-1/confs/fate_flow/conf/base_conf.yaml"])["work_mode"] == 1
    conf = yaml.safe_load(new["confs-1/confs/fate_flow/conf/service_conf.yaml"])
    assert conf["servings"]["hosts"] == ["serving-server:8000"]
    flow = compose(new, "confs-1")["services"]["fateflow"]
    assert flow["networks"]["fate-network"]["ipv4_address"] == conf["fateflow"]["host"] == "10.201.1.100"
    for files, name in ((old, "python"), (new, "fateflow")):
        told = properties(files["serving-1/confs/serving-server/conf/serving-server.properties"])
        assert told["model.transfer.url"] == f"http://{name}:9380/v1/model/transfer"


def test_the_same_plan_has_the_same_hash_and_bytes_and_another_one_has_another():
    first, again = (render.files(plan(), 1) for _ in range(2))
    assert render.digest(first) == render.digest(again)
    assert render.archive(first) == render.archive(again)
    third = cluster(3, "10.0.0.3")
    others = [
        render.files(plan(), 2),
        render.files(plan("1.11.2"), 1),
        render.files(plan(opened=["board"]), 1),
        render.files(plan(registry="registry.example/fate"), 1),
        render.files(plan(clusters=[*plan().clusters, third]), 1),
    ]
    assert len({render.digest(files) for files in [first, *others]}) == 6


def test_a_registry_stands_before_every_image_and_the_notebook_is_left_out_unless_wanted():
    images = plan(registry="registry.example/mirror/").images()
    assert "registry.example/mirror/federatedai/python:1.4.4-release" in images
    assert "registry.example/mirror/federatedai/mysql:8" in images
    assert not any("client" in image for image in plan().images())
    assert any("client" in image for image in plan(notebook=True).images())
    assert set(plan().images()) >= {"mysql:8", "redis:5", "federatedai/serving-proxy:2.0.0-release"}
    assert "federatedai/serving-proxy:2.1.6-release" in plan("1.11.2").images()


def test_two_ids_on_one_host_share_no_port_no_network_no_project():
    both = [cluster(1, "10.0.0.1"), cluster(2, "10.0.0.1", Ports().moved(1000))]
    shared = plan(clusters=both)
    assert not set(shared.listening(1).values()) & set(shared.listening(2).values())
    table = json.loads(render.files(shared, 1)["confs-1/confs/eggroll/conf/route_table.json"])["route_table"]
    assert table["2"]["default"] == [{"ip": "10.0.0.1", "port": 10370}]


def test_fate_2_is_not_deployed():
    with pytest.raises(DeployError, match="FW-DEP-650"):
        check(plan("2.2.0"))


def test_networks_are_cut_from_the_pool_around_what_a_host_uses():
    assert subnets("10.201.0.0/16", [[], []]) == ["10.201.0.0/24", "10.201.1.0/24"]
    assert subnets("10.201.0.0/16", [["10.201.0.0/23"], []]) == ["10.201.2.0/24", "10.201.3.0/24"]
    with pytest.raises(DeployError, match=r"FW-DEP-651.*10\.201\.7\.0/24"):
        subnets("10.201.7.0/24", [["10.201.7.0/25"]])
    for wrong in ("192.167.0.0/16", "nonsense", "8.8.8.0/24"):
        with pytest.raises(DeployError, match="FW-DEP-651"):
            subnets(wrong, [[]])


def test_the_firewall_is_closed_before_it_lets_the_other_parties_in_and_nobody_else(tmp_path):
    shared = plan(clusters=[*plan().clusters, cluster(3, "10.0.0.3")])
    log = tmp_path / "log"
    fake = tmp_path / "iptables"
    fake.write_text(f'#!/bin/sh\necho "$@" >>{log}\ncase "$*" in *"-D "* | *"-C "*) exit 1;; esac\n')
    fake.chmod(0o755)
    script = tmp_path / "firewall.sh"
    script.write_text(render.files(shared, 1)["firewall.sh"])
    subprocess.run(["sh", str(script)], check=True, timeout=20, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    lines = [line.removeprefix("-w 10 ") for line in log.read_text().splitlines()]
    added = [line for line in lines if line.startswith(("-A", "-I"))]
    # every rule goes in at the front, so the one that drops stays last
    assert added[0] == "-I FW-FATE-1 1 -j DROP"
    assert {"-I FW-FATE-1 1 -s 10.0.0.2 -j RETURN", "-I FW-FATE-1 1 -s 10.0.0.3 -j RETURN"} <= set(added[1:])
    jumps = [line for line in added if line.startswith("-I DOCKER-USER")]
    assert [int(re.search(r"--ctorigdstport (\d+)", line)[1]) for line in jumps] == [9370, 8869]


def test_the_init_script_of_the_database_makes_what_eggroll_reads():
    old, new = (render.files(plan(release), 1)["confs-1/confs/mysql/init/eggroll.sql"] for release in RELEASES)
    for table in ("store_locator", "store_partition", "server_node", "session_main", "session_processor"):
        assert f"CREATE TABLE IF NOT EXISTS {table} (" in old
    assert "node_resource" in new
    assert "node_resource" not in old
    assert "'clustermanager', 4670, 'CLUSTER_MANAGER'" in old
    assert "'nodemanager', 4671, 'NODE_MANAGER'" in old


def test_every_script_of_a_host_is_a_posix_shell_script():
    folder = Path(render.__file__).parent / "scripts"
    scripts = sorted(folder.glob("*.sh"))
    assert len(scripts) > 10
    for script in scripts:
        subprocess.run(["sh", "-n", str(script)], check=True, timeout=10)
