"""What look.sh tells becomes facts, and facts become the first obstacle or nothing."""

import pytest
from msgspec.structs import replace
from test_fate_render import cluster

from fedwarden.common.errors import DeployError, UsageError
from fedwarden.engines.base import Member, Site
from fedwarden.engines.fate.deploy import facts, images, plan, preflight
from fedwarden.engines.fate.deploy.deployer import check_wishes, wishes_of
from fedwarden.engines.fate.deploy.plan import Plan

GOOD = """\
a talkative login shell says hello
folder /opt/fedwarden/fate/party-1
user root
uid 0
clock 1700000000.5
memory_kb 33554432
cpu avx
firewall yes
writable yes
disk_kb 104857600
address 10.0.0.1
route 10.0.0.0/24 dev
current 0123456789abcdef
owner me
docker 20.10.24
compose v1 1.29.2
docker_disk_kb 104857600
image redis:5 sha256:aa
network bridge 172.17.0.0/16
network confs-1_fate-network 10.201.1.0/24
container_port 9370 confs-1_rollsite_1 confs-1
listen 22 sshd 77
listen 9370 docker-proxy 99
"""
OWN = cluster(1, "10.0.0.1")
PLAN = Plan(release="1.4.4", clusters=[OWN, cluster(2, "10.0.0.2")])


def judged(text=GOOD, owner="me", **changed):
    found = facts.parse(text)
    for name, value in changed.items():
        setattr(found, name, value)
    return preflight.judge(PLAN, OWN, found, preflight.Needs(), "10.0.0.1:22", owner)


def test_facts_are_read_and_other_lines_passed_over():
    found = facts.parse(GOOD)
    assert (found.docker, found.compose, found.current, found.owner) == ("20.10.24", "v1", "0123456789abcdef", "me")
    assert found.images == {"redis:5": "sha256:aa"}
    assert found.memory == 32 << 30
    assert found.holders[9370] == facts.Holder("confs-1_rollsite_1", "confs-1")
    assert found.holders[22] == facts.Holder("sshd (77)")


def test_a_good_host_has_no_finding_and_its_own_containers_are_no_obstacle():
    assert judged() == []


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("FW-DEP-653", {"docker_error": "absent"}),
        ("FW-DEP-653", {"docker_error": "Cannot connect to the Docker daemon"}),
        ("FW-DEP-654", {"compose": ""}),
        ("FW-DEP-655", {"missing_tools": ["flock"]}),
        ("FW-DEP-656", {"writable": False}),
        ("FW-DEP-657", {"database": "foreign"}),
        ("FW-DEP-658", {"clock_offset": -120.0}),
        ("FW-DEP-659", {"memory": 2 << 30}),
        ("FW-DEP-660", {"disk": 1 << 30}),
        ("FW-DEP-660", {"docker_disk": 1 << 30}),
        ("FW-DEP-661", {"holders": {8869: facts.Holder("nginx (1)")}}),
        ("FW-DEP-661", {"owner": "", "current": ""}),  # KubeFATE's own confs-1 holds the port
        ("FW-DEP-662", {"networks": {"other": ["10.201.0.0/16"]}}),
        ("FW-DEP-662", {"routes": [("10.201.1.0/24", "dev")], "networks": {}}),
        ("FW-DEP-675", {"owner": "another regulator"}),
    ],
)
def test_each_obstacle_has_its_code(code, changed):
    with pytest.raises(DeployError, match=code):
        judged(**changed)


def test_what_is_no_obstacle_is_told():
    assert [it.code for it in judged(memory=8 << 30, avx=False, firewall=False)] == [
        "FW-NOTE-650",
        "FW-NOTE-651",
        "FW-NOTE-652",
    ]


def test_ids_of_one_host_move_apart_and_loopback_is_for_one_party_alone():
    three = plan.clusters([(2, "10.0.0.1", "root@h:22"), (1, "10.0.0.1", "root@h:22"), (3, "10.0.0.3", "")], "zhang")
    assert [it.ports.rollsite for it in three] == [9370, 10370, 9370]
    assert [it.root for it in three] == [
        "/opt/fedwarden/fate/party-1",
        "/opt/fedwarden/fate/party-2",
        "~/.fedwarden/fate/party-3",
    ]
    assert plan.clusters([(1, "127.0.0.1", "")], "root")[0].address == "127.0.0.1"
    with pytest.raises(DeployError, match="FW-DEP-673"):
        plan.clusters([(1, "127.0.0.1", ""), (2, "10.0.0.2", "root@h:22")], "root")


def test_a_cluster_keeps_its_network_and_new_ones_avoid_what_hosts_use():
    fresh = replace(cluster(3, "10.0.0.3"), subnet="", bind="")
    before = Plan(release="1.4.4", clusters=[OWN, fresh])
    after = plan.resolved(before, {1: [], 3: ["10.201.0.0/24"]}, {1: ["10.0.0.1"], 3: ["192.168.1.5"]})
    assert after.cluster(1) == OWN
    assert (after.cluster(3).subnet, after.cluster(3).bind) == ("10.201.1.0/24", "0.0.0.0")


def test_wishes_of_the_file_and_of_words_are_one_and_nonsense_is_refused():
    def site(first, second, words):
        members = [
            Member(party=number, host="h", home="", details={"fate": told})
            for number, told in ((1, first), (2, second))
        ]
        return Site(deployment="d1", members=members, plan={"fate": words})

    found = wishes_of(site({"version": "1.11.2", "arbiter": 2}, {"version": "1.11.2", "arbiter": 2}, {"arbiter": 1}))
    assert (found.version, found.arbiter) == ("1.11.2", 1)
    with pytest.raises(UsageError, match="FW-USE-652"):
        wishes_of(site({"arbiter": 1}, {}, {}))
    with pytest.raises(UsageError, match=r"FW-USE-652.*tag"):
        wishes_of(site({"tag": 1}, {"tag": 1}, {}))
    with pytest.raises(DeployError, match="FW-DEP-651"):
        check_wishes(wishes_of(site({}, {}, {"subnets": "9.0.0.0/8"})))


def test_images_of_one_tag_and_different_content_are_told():
    assert images.apart({1: {"a": "1", "b": "2"}, 2: {"a": "1", "b": "3"}}) == ["b"]
