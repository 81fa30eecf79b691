"""Two organisations with a FATE cluster each: deployed, used, deployed again, rolled back, deleted, purged."""

import ast
import json
import re
import socket

import pytest
from fate_world import FOLDER, images, knocking

from fedwarden.engines.fate.versions import V1_11_2
from support.tables import breast_tables

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
EXPECTED = {"mysql", "rollsite", "clustermanager", "nodemanager", "python", "fateboard"}
SERVING = {"serving-server", "serving-proxy", "redis"}


@pytest.fixture(scope="module")
def deployed(two):
    """By root's passwords from standard input, images from an archive; a stranger never gets through to a port."""
    with knocking(two.ips, (9370, 8869)) as inside:
        run = two.script(
            *("-f", "deploy", "-e", "fate", "-id", 1, 2, "-ip", *two.ips, "-pw", "-", "--images", images()),
            stdin="\n".join(two.passwords) + "\n",
            timeout=400,
        )
    assert (run.code, run.out) == (0, "deploy success.\n"), run
    assert inside == []
    return run


def test_every_container_of_both_projects_runs_at_every_party(two, deployed):
    for number in (1, 2):
        names = {f"confs-{number}_{it}_1" for it in EXPECTED} | {f"serving-{number}_{it}_1" for it in SERVING}
        assert set(two.containers(number)) == names
    assert "waiting for FATE" in deployed.err
    assert "secure addition by FATE" in deployed.err


def test_a_second_deploy_changes_nothing_and_restarts_nothing(two, deployed):
    before = [two.containers(number) for number in (1, 2)]
    run = two.fate("deploy")
    assert (run.code, run.out) == (0, "deploy success.\n"), run
    assert "nothing was changed" in run.err
    assert [two.containers(number) for number in (1, 2)] == before


def test_passwords_are_the_partys_own_random_and_in_private_files_only(two, deployed):
    found = []
    for number in (1, 2):
        root = f"{FOLDER}/party-{number}"
        assert two.rig.shell(number, f"stat -c '%a %U' {root}/secrets.env {root} {root}/current/").split() == [
            *("600", "root"),
            *("700", "root") * 2,
        ]
        text = two.rig.shell(number, f"cat {root}/secrets.env")
        secrets = [line.partition("=")[2] for line in text.split()]
        assert [len(secret) for secret in secrets] == [32] * 5
        found += secrets
        everybody = two.rig.shell(number, "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; echo; done 2>/dev/null")
        open_files = two.rig.shell(number, f"find {root} -type f -perm /077 -exec cat {{}} + ; true")
        assert not any(secret in everybody + open_files for secret in secrets)
        configuration = two.rig.shell(number, f"cat {root}/current/confs-{number}/confs/eggroll/conf/*")
        assert any(secret in configuration for secret in secrets)
        assert "@@" not in configuration
    assert len(set(found)) == 10
    for path in two.home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(secret.encode() in data for secret in found + two.passwords), path


def test_only_the_named_peers_reach_the_two_public_ports_and_nobody_the_others(two, deployed):
    for number, host in enumerate(two.rig.hosts, 1):
        peer = 3 - number
        for port in (9370, 8869):
            with pytest.raises(OSError, match=r"timed out|unreachable|refused"):
                socket.create_connection((host.ip, port), 1.5)
            two.rig.on(peer, "python3", "-c", f"import socket; socket.create_connection(('{host.ip}', {port}), 5)")
        for port in (9380, 8080, 8059, 8000, 3306, 6379):
            with pytest.raises(OSError, match=r"timed out|refused"):
                socket.create_connection((host.ip, port), 1.5)


@pytest.fixture(scope="module")
def uploaded(two, deployed, tmp_path_factory):
    """Each party's table lies on its own host only."""
    tables = breast_tables(tmp_path_factory.mktemp("tables"), parties=2)
    for host, source in zip(two.rig.hosts, [tables.guest, *tables.hosts], strict=True):
        (host.data / "table.csv").write_bytes(source.read_bytes())
        source.unlink()
    run = two.call("upload", "-proj", "p", "-gp", 1, "/data/table.csv", "-hp", 2, "/data/table.csv")
    assert (run.code, run.out) == (0, "upload success.\n"), run
    return tables


def test_no_copy_of_a_table_stays_where_fate_read_it(two, uploaded):
    for number in (1, 2):
        assert two.rig.shell(number, f"ls {FOLDER}/party-{number}/data/staged") == ""


@pytest.fixture(scope="module")
def trained(two, uploaded):
    run = two.call("submit", "-proj", "p", "-alg", "hetero_lr", "-m", 1)
    assert run.code == 0, run
    answer = ast.literal_eval(run.out)
    assert answer["retcode"] == 0
    assert two.ended(answer["jobid"]) == ["success"] * 3
    return answer


def test_a_trained_model_is_published_and_predicts(two, trained, uploaded):
    model = ("-mid", trained["model_id"], "-mver", trained["model_version"], "-mname", "m")
    run = two.call("load_bind", *model)
    assert (run.code, run.out) == (0, "load_bind success.\n"), run
    row = [repr(float(value)) for value in uploaded.blocks[0][0]]
    run = two.call("predict", "-mname", "m", "-params", *row)
    assert run.code == 0, run
    answer = json.loads(run.out)
    assert answer["retcode"] == 0
    assert 0 <= answer["prob"] <= 1


@pytest.mark.parametrize("algorithm", ["hetero_linr", "example"])
def test_models_that_serving_cannot_score_train_and_are_refused_at_load_bind(two, uploaded, algorithm):
    run = two.call("submit", "-proj", "p", "-alg", algorithm, "-m", 1)
    assert run.code == 0, run
    answer = ast.literal_eval(run.out)
    assert set(two.ended(answer["jobid"])) == {"success"}
    model = ("-mid", answer["model_id"], "-mver", answer["model_version"], "-mname", "n")
    run = two.call("load_bind", *model)
    assert (run.code, run.out) == (1, "load_bind failure.\n"), run


def test_a_release_that_does_not_come_up_is_taken_back_and_the_one_before_runs_again(two, deployed):
    before = [two.current(number, number) for number in (1, 2)]
    broken = images(V1_11_2, fateflow="echo out of luck; exit 3")
    run = two.fate("deploy", "--fate-version", "1.11.2", "--images", broken, "--start-seconds", 60, "--json")
    assert run.code == 1, run
    failure = json.loads(run.out)
    assert failure["code"] == "FW-DEP-665"
    assert failure["params"]["said"] == "out of luck"
    assert "fateflow" in failure["params"]["container"]
    assert [two.current(number, number) for number in (1, 2)] == before
    for number in (1, 2):
        names = {f"confs-{number}_{it}_1" for it in EXPECTED} | {f"serving-{number}_{it}_1" for it in SERVING}
        assert set(two.containers(number)) == set(two.everything(number)) == names
        assert len(two.rig.shell(number, f"ls {FOLDER}/party-{number}/releases").split()) == 1


def test_zz_delete_keeps_the_data_says_so_and_purge_leaves_nothing(two, deployed):
    run = two.fate("delete")
    assert (run.code, run.out) == (0, "delete success.\n"), run
    assert "fedwarden destroy --purge --party 1=" in run.err
    for number in (1, 2):
        assert two.everything(number) == []
        assert not re.search("confs-|FW-FATE", two.rig.shell(number, "docker network ls; iptables -S"))
        assert two.rig.shell(number, f"ls {FOLDER}/party-{number}/data/mysql") != ""
        assert two.rig.shell(number, "ls /data").split() in ([], ["table.csv"])
    again = two.fate("deploy")  # the kept database belongs to the kept passwords
    assert (again.code, again.out) == (0, "deploy success.\n"), again
    purged = two.fate("delete", "--purge")
    assert (purged.code, purged.out) == (0, "delete success.\n"), purged
    for number in (1, 2):
        assert two.everything(number) == []
        assert "FW-FATE" not in two.rig.shell(number, "iptables -S")
        assert "fedwarden" not in two.rig.shell(number, "ls -A /opt")
