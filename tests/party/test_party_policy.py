"""The party's policy: obeyed by its agent whatever the regulator asks, read again when it changes, broken means no."""

import json
import os
import re
import signal
import time
from importlib import resources
from pathlib import Path

import pytest
from agent_lab import Lab

from fedwarden.cli import main
from fedwarden.common.api import DatasetRequest
from fedwarden.common.errors import FedwardenError, StateError
from fedwarden.party.home import Home
from fedwarden.party.policy.rules import Policy, PolicyBook, read
from fedwarden.party.tables.datasets import DatasetRegistry

TABLE = "id,y,x0\n" + "".join(f"p{k},{k % 2},{k}\n" for k in range(40))


def template() -> str:
    return resources.files("fedwarden.party.policy").joinpath("policy.template.yaml").read_text("utf-8")


def test_the_template_shows_every_rule_with_its_default_and_is_a_policy(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text(template())
    assert read(file) == Policy()
    shown = re.findall(r"(?m)^#: ?( *\w+):", template())
    wanted = [*Policy.model_fields]
    for part in (Policy().predictions, Policy().serving):
        wanted += [f"  {name}" for name in type(part).model_fields]
    assert [name for name in wanted if name not in shown] == []
    file.write_text(re.sub("(?m)^#: ?", "", template()))
    told = read(file)
    assert told.model_copy(update={"options": {}}) == Policy()
    assert re.search("[\u4e00-\u9fff]", template())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("algorithms: [hetero_svm]", "algorithms.0"),
        ("algorithm: [hetero_lr]", "algorithm"),
        ("options: {no_such: {max: 1}}", "no_such"),
        ("dataset_folders: [data]", "dataset_folders.0"),
        ("serving: {listen: everywhere}", "serving.listen"),
        ("serving: {certificate: /a.pem}", "certificate and key"),
        ("predictions: {per_second: 0}", "predictions.per_second"),
        ("- a list", "dict"),
        ("a: [", "no YAML (line"),
        ("x: " + "y" * 70000, "> 65536"),
    ],
)
def test_what_is_no_policy_is_refused_with_the_place(tmp_path, text, why):
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    with pytest.raises(StateError) as caught:
        read(file)
    assert caught.value.code == "FW-STATE-520"
    assert why in caught.value.params["why"]


def test_the_file_is_read_again_when_it_changes_and_broken_means_no(tmp_path):
    book = PolicyBook(tmp_path / "policy.yaml")
    assert book.now() == Policy()
    book.path.write_text("min_intersection: 7\n")
    assert book.now().min_intersection == 7
    book.path.write_text("min_intersection: many\n")
    for _ in range(2):
        with pytest.raises(StateError):
            book.now()
    book.path.unlink()
    assert book.now() == Policy()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = Lab(tmp_path_factory.mktemp("policy"))
    try:
        made.start(1, 2)
        made.introduce()
        yield made
    finally:
        made.close()


@pytest.fixture
def ruled(world):
    """``ruled(text)`` puts a policy in force at party 1; none afterwards."""
    path = world.home(1) / "policy.yaml"

    def rule(text: str) -> None:
        path.write_text(text)

    yield rule
    path.unlink(missing_ok=True)


def refused(call) -> FedwardenError:
    with pytest.raises(FedwardenError) as caught:
        call()
    return caught.value


jobs = iter(range(10**6))


def submit(world, **fields):
    roles = {"guest": 1, "host1": 2, "arbiter": 2}
    number = f"2026010100000000{next(jobs):05d}"
    spec = world.spec(number, roles, **{"options": {"min_intersection": 100, "max_iter": 50}, **fields})
    return world.client(1).call("POST", "/v1/jobs", spec)


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        ("algorithms: [hetero_lr]", "algorithms"),
        ("privacy: [none]", "privacy"),
        ("roles: [host, arbiter]", "roles"),
        ("min_intersection: 101", "min_intersection"),
        ("options: {max_iter: {max: 49}}", "options.max_iter"),
        ("options: {max_iter: {only: [10, 20]}}", "options.max_iter"),
        ("peers: [3, 4]", "peers"),
    ],
)
def test_a_job_that_the_policy_forbids_is_refused_with_the_rule_and_leaves_nothing(world, ruled, policy, rule):
    ruled(policy)
    error = refused(lambda: submit(world))
    assert (error.code, error.params["rule"], error.params["party"]) == ("FW-JOB-520", rule, 1)
    assert str(error.params["allowed"])
    assert world.client(1).call("GET", "/v1/health")["busy"] == []


@pytest.mark.parametrize(
    ("policy", "options", "rule"),
    [
        ("options: {refit: {only: [false]}}", {"min_intersection": 100}, "options.refit"),
        ("options: {max_iter: {max: 50}}", {"min_intersection": 100}, "options.max_iter"),
        ("min_intersection: 101", {}, "min_intersection"),
        ("min_intersection: 101", {"min_intersection": "500"}, "min_intersection"),
    ],
)
def test_an_option_that_the_job_leaves_out_or_misspells_is_no_way_past_a_rule(world, ruled, policy, options, rule):
    ruled(policy)
    error = refused(lambda: submit(world, algorithm="hetero_lr", options=options))
    assert (error.code, error.params["rule"]) == ("FW-JOB-520", rule)


def test_a_broken_policy_lets_no_job_and_no_table_in(world, ruled, tmp_path):
    ruled("roles: guest\n")
    assert refused(lambda: submit(world)).code == "FW-STATE-520"
    (tmp_path / "t.csv").write_text(TABLE)
    assert refused(lambda: register(world, tmp_path / "t.csv")).code == "FW-STATE-520"


def test_a_job_waits_for_the_operators_yes_to_every_peers_key(world, ruled):
    ruled("pins: confirm\nalgorithms: [example]\n")
    error = refused(lambda: submit(world))
    assert (error.code, error.params["party"], error.params["owner"]) == ("FW-ID-520", 2, 1)
    pins = world.home(1) / "pins.json"
    pins.write_text(json.dumps({"2": "ab" * 32}))
    assert refused(lambda: submit(world)).code == "FW-ID-520"
    pins.write_text(json.dumps({"2": world.infos[2].fingerprint}))
    (status,) = submit(world)
    assert status["role"] == "guest"
    world.client(1).call("POST", f"/v1/jobs/{status['job_id']}/stop", {})
    pins.unlink()


def register(world, path: Path, check: bool = False):
    body = {"project": "p", "role": "guest", "path": str(path), "label": "y"}
    return world.client(1).call("POST", "/v1/datasets" + ("?check=1" if check else ""), body)


def test_tables_come_only_from_the_folders_of_the_policy_whatever_links_say(world, ruled, tmp_path):
    allowed, other = tmp_path / "allowed", tmp_path / "other"
    for folder in (allowed, other):
        folder.mkdir()
        (folder / "t.csv").write_text(TABLE)
    (allowed / "link.csv").symlink_to(other / "t.csv")
    (allowed / "folder").symlink_to(other)
    ruled(f"dataset_folders: [{allowed}]\n")
    good = register(world, allowed / "t.csv")
    for path in (other / "t.csv", allowed / "link.csv", allowed / "folder/t.csv", allowed / "../other/t.csv"):
        error = refused(lambda path=path: register(world, path, check=True))
        assert (error.code, error.params["rule"]) == ("FW-DATA-520", "dataset_folders"), path
    ruled(f"dataset_folders: [{other}]\n")  # what is registered already is looked at again before a job
    error = refused(lambda: submit(world, algorithm="hetero_lr", role_datasets={"guest": good["dataset_id"]}))
    assert error.code == "FW-DATA-520"


@pytest.mark.parametrize(("target", "code"), [("other/t.csv", "FW-DATA-520"), ("home/t.csv", "FW-DATA-007")])
def test_a_link_that_is_moved_between_the_look_and_the_opening_leads_nowhere(tmp_path, monkeypatch, target, code):
    """The policy's word counts for the file that was opened, not for what the path meant a moment before."""
    allowed, other = tmp_path / "allowed", tmp_path / "other"
    for folder in (allowed, other, tmp_path / "home"):
        folder.mkdir()
        (folder / "t.csv").write_text(TABLE)
    link = allowed / "link.csv"
    link.symlink_to(allowed / "t.csv")
    home = Home(tmp_path / "home")
    home.policy_yaml.write_text(f"dataset_folders: [{allowed}]\n")
    registry = DatasetRegistry(home)
    request = DatasetRequest(project="p", role="host1", path=str(link))
    assert registry.check(request).rows == 40
    really_open = os.open

    def open_late(path, *words, **more):
        if path != str(link):
            return really_open(path, *words, **more)
        link.unlink()
        link.symlink_to(tmp_path / target)
        try:
            return really_open(path, *words, **more)
        finally:
            link.unlink()
            link.symlink_to(allowed / "t.csv")

    monkeypatch.setattr(os, "open", open_late)
    assert refused(lambda: registry.check(request)).code == code
    assert link.readlink() == allowed / "t.csv"


def test_an_agent_of_root_reads_no_system_folder_by_default(world, ruled):
    if os.geteuid():
        pytest.skip("the agents of this session do not run as root")
    assert refused(lambda: register(world, Path("/etc/passwd"), check=True)).code == "FW-DATA-520"
    ruled("dataset_folders: [/etc]\n")  # the operator's own word is stronger
    assert refused(lambda: register(world, Path("/etc/passwd"), check=True)).code != "FW-DATA-520"


def test_tables_are_bounded_in_rows(world, ruled, tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    for policy, rule in (("min_rows: 41", "min_rows"), ("max_rows: 39", "max_rows")):
        ruled(policy)
        error = refused(lambda: register(world, tmp_path / "t.csv", check=True))
        assert (error.code, error.params["rule"]) == ("FW-DATA-520", rule)
    ruled("min_rows: 40\nmax_rows: 40\n")
    assert register(world, tmp_path / "t.csv", check=True)["rows"] == 40


def test_sighup_tells_the_policy_in_the_log_and_the_agent_lives(world, ruled):
    ruled("min_rows: 12345\n")
    world.processes[1].send_signal(signal.SIGHUP)
    end = time.monotonic() + 10
    while "12345" not in (world.home(1) / "agent.log").read_text():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert world.client(1).call("GET", "/v1/health")["party"] == 1


@pytest.mark.parametrize("words", [["policy"], ["peers"], ["token", "list"]])
def test_no_rules_are_shown_for_a_folder_without_an_agent(tmp_path, monkeypatch, capfd, words):
    monkeypatch.setenv("FEDWARDEN_LANG", "en")
    assert main.run(["party", *words, "--home", str(tmp_path / "not here")]) == 1
    told = capfd.readouterr()
    assert told.out == ""
    assert "not here" in told.err
