"""What is refused: the function's failure form, exit 1, one clear line on stderr, and nothing is changed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from e2e_refusal import is_refusal
from e2e_scenario import Scenario
from e2e_state import snapshot
from e2e_world import World

MODEL = "arbiter-0#guest-1#host-2_3#model"
NOWHERE = "209901010000000000000"
LOCAL = "127.0.0.1"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A regulator who has deployed nothing."""
    return World(tmp_path_factory.mktemp("bare"))


def but_rarely(cases: dict[str, Any], *rare: str) -> list[Any]:
    """The names of the cases; the ``rare`` ones, of a kind with others that stay, belong to test-long."""
    assert set(rare) < set(cases)
    return [pytest.param(case, marks=pytest.mark.long if case in rare else ()) for case in cases]


@pytest.mark.parametrize("words", [(), ("-id", "1"), ("-f",), ("-f", "fly"), ("-f", "fly", "-id", "1")], ids=str)
def test_only_a_missing_or_unknown_function_is_silent_with_exit_2(bare: World, words: tuple[str, ...]) -> None:
    run = bare.script(*words)
    assert (run.out, run.code) == ("", 2), run
    assert run.complaint, run


BEFORE_DEPLOY = {
    "upload": ("-gp", 1, "/etc/hostname", "-hp", 2, "/etc/hostname", "-proj", "p"),
    "submit": ("-proj", "p", "-alg", "hetero_lr", "-m", 1),
    "query": ("-jid", NOWHERE),
    "load_bind": ("-mid", MODEL, "-mver", NOWHERE, "-mname", "m"),
    "predict": ("-mname", "m", "-params", 1, 2),
    "delete": ("-id", 1, 2, "-ip", LOCAL, LOCAL),
}


@pytest.mark.parametrize("function", list(BEFORE_DEPLOY))
def test_out_of_order_functions_are_refused_before_deploy(bare: World, function: str) -> None:
    is_refusal(bare.script("-f", function, *BEFORE_DEPLOY[function]))
    assert not bare.processes() and not list(bare.home.glob("deployments/*"))


DEPLOYS = {
    "no lists": (),
    "no ip": ("-id", 1, 2),
    "no id": ("-ip", LOCAL),
    "unequal": ("-id", 1, 2, "-ip", LOCAL),
    "twice": ("-id", 4, 4, "-ip", LOCAL, LOCAL),
    "zero": ("-id", 0, "-ip", LOCAL),
    "negative": ("-id", -3, "-ip", LOCAL),
    "too great": ("-id", 2147483648, "-ip", LOCAL),
    "no number": ("-id", "one", "-ip", LOCAL),
    "no address": ("-id", 4, "-ip", "300.1.1.1"),
    "a name": ("-id", 4, "-ip", "localhost"),
    "v6": ("-id", 4, "-ip", "::1"),
    "passwords": ("-id", 4, 5, "-ip", LOCAL, LOCAL, "-pw", "only-one-9d1"),
    "another host": ("-id", 4, "-ip", "203.0.113.7"),
    "unknown word": ("-id", 4, "-ip", LOCAL, "--frobnicate"),
    "a stranger": ("-id", 4, "-ip", LOCAL, "-proj"),
    "engine": ("-id", 4, "-ip", LOCAL, "-e", "steam"),
}


RARE_DEPLOYS = ("no lists", "zero", "negative", "no number", "no address", "v6", "engine")


@pytest.mark.parametrize("case", but_rarely(DEPLOYS, *RARE_DEPLOYS))
def test_deploy_refuses_wrong_lists(bare: World, case: str) -> None:
    run = bare.script("-f", "deploy", *DEPLOYS[case])
    is_refusal(run)
    assert "only-one-9d1" not in run.err
    assert not bare.processes() and not list(bare.home.glob("deployments/*"))


def test_a_party_id_deployed_elsewhere_is_refused_by_name(trained: Scenario) -> None:
    before = snapshot(trained.world)
    is_refusal(trained.world.script("-f", "deploy", "-id", 9, 2, "-ip", LOCAL, LOCAL), "2")
    assert snapshot(trained.world) == before


def test_delete_refuses_a_subset_or_a_mixture_and_shows_what_is_deployed(trained: Scenario) -> None:
    world = trained.world
    before = snapshot(world)
    cases = [
        ("-id", 1, 2, "-ip", LOCAL, LOCAL),
        ("-id", 1, 2, 3, 4, "-ip", LOCAL, LOCAL, "127.0.0.2", LOCAL),
        ("-id", 1, 2, 3, "-ip", LOCAL, LOCAL, LOCAL),
    ]
    for words in cases:
        is_refusal(world.script("-f", "delete", *words), "127.0.0.2", "3")
    assert snapshot(world) == before


UPLOADS = {
    "no project": ("-gp", 1, "{guest}", "-hp", 2, "{host}"),
    "no guest": ("-hp", 2, "{host}", "-proj", "p"),
    "no host": ("-gp", 1, "{guest}", "-proj", "p"),
    "two guests": ("-gp", 1, "{guest}", 2, "{host}", "-hp", 2, "{host}", "-proj", "p"),
    "half a pair": ("-gp", 1, "{guest}", "-hp", 2, "-proj", "p"),
    "one host twice": ("-gp", 1, "{guest}", "-hp", 2, "{host}", 2, "{host}", "-proj", "p"),
    "not deployed": ("-gp", 1, "{guest}", "-hp", 77, "{host}", "-proj", "p"),
    "relative": ("-gp", 1, "party0.csv", "-hp", 2, "{host}", "-proj", "p"),
    "missing file": ("-gp", 1, "{guest}", "-hp", 2, "/nowhere/at/all.csv", "-proj", "p"),
    "folder": ("-gp", 1, "{guest}", "-hp", 2, "/etc", "-proj", "p"),
    "device": ("-gp", 1, "{guest}", "-hp", 2, "/dev/zero", "-proj", "p"),
    "label": ("-gp", 1, "{guest}", "-hp", 2, "{host}", "-proj", "p", "--label", "outcome"),
    "id column": ("-gp", 1, "{guest}", "-hp", 2, "{host}", "-proj", "p", "--id-column", "passport"),
}
NAMED = {
    "not deployed": "77",
    "relative": "party0.csv",
    "missing file": "/nowhere/at/all.csv",
    "label": "outcome",
    "id column": "passport",
    "one host twice": "2",
}


RARE_UPLOADS = ("no guest", "no host", "two guests", "half a pair", "folder", "device")


@pytest.mark.parametrize("case", but_rarely(UPLOADS, *RARE_UPLOADS))
def test_upload_refuses_wrong_words(trained: Scenario, case: str) -> None:
    guest, host, _ = map(str, trained.tables.paths)
    words = [str(w).format(guest=guest, host=host) for w in UPLOADS[case]]
    before = snapshot(trained.world)
    is_refusal(trained.world.script("-f", "upload", *words), *([NAMED[case]] if case in NAMED else []))
    assert snapshot(trained.world) == before


SUBMITS = {
    "no project": ("-alg", "hetero_lr", "-m", 1),
    "no algorithm": ("-proj", "breast", "-m", 1),
    "no mode": ("-proj", "breast", "-alg", "hetero_lr"),
    "mode": ("-proj", "breast", "-alg", "hetero_lr", "-m", 2),
    "algorithm": ("-proj", "breast", "-alg", "homo_lr", "-m", 1),
    "unknown project": ("-proj", "nobody", "-alg", "hetero_lr", "-m", 1),
    "no config": ("-proj", "breast", "-alg", "hetero_lr", "-m", 1, "--config", "/nowhere/options.yaml"),
}
CONFIGS = {
    "unknown key": ("alfa: 0.01", "alpha"),
    "out of range": ("validation: 1.5", "validation"),
    "not a number": ("alpha: .nan", "alpha"),
    "a list": ("- 1\n- 2", ""),
    "broken": ("alpha: [0.01", ""),
    "code": ("!!python/object/apply:os.system ['true']", ""),
}


@pytest.mark.parametrize("case", but_rarely(SUBMITS, "no project", "no algorithm", "no mode"))
def test_submit_refuses_wrong_words(trained: Scenario, case: str) -> None:
    before = snapshot(trained.world)
    is_refusal(trained.world.script("-f", "submit", *SUBMITS[case]))
    assert snapshot(trained.world) == before


@pytest.mark.parametrize("case", but_rarely(CONFIGS, "a list", "broken", "not a number"))
def test_submit_refuses_wrong_options(trained: Scenario, tmp_path: Path, case: str) -> None:
    config = tmp_path / "options.yaml"
    config.write_text(CONFIGS[case][0] + "\n")
    before = snapshot(trained.world)
    words = ("-proj", "breast", "-alg", "hetero_lr", "-m", 1, "--config", config)
    is_refusal(trained.world.script("-f", "submit", *words), CONFIGS[case][1])
    assert snapshot(trained.world) == before


def test_query_of_an_unknown_job_is_failed(trained: Scenario) -> None:
    for job in (NOWHERE, "../../etc/passwd"):
        is_refusal(trained.world.script("-f", "query", "-jid", job))
    is_refusal(trained.world.script("-f", "query"))


def test_load_bind_refuses_what_is_no_finished_model(trained: Scenario) -> None:
    world = trained.world
    before = snapshot(world)
    good = ("-mid", trained.model, "-mver", trained.job, "-mname", "m")
    for place in (0, 2, 4):
        is_refusal(world.script("-f", "load_bind", *good[:place], *good[place + 2 :]))
    is_refusal(world.script("-f", "load_bind", "-mid", trained.model, "-mver", NOWHERE, "-mname", "m"), NOWHERE)
    other = "arbiter-0#guest-2#host-1_3#model"
    is_refusal(world.script("-f", "load_bind", "-mid", other, "-mver", trained.job, "-mname", "m"), other)
    assert snapshot(world) == before


def test_predict_of_a_name_that_is_not_bound_is_104(trained: Scenario) -> None:
    run = trained.world.script("-f", "predict", "-mname", "nobody", "-params", *trained.tables.words(0))
    is_refusal(run, "nobody")
    assert json.loads(run.out)["retcode"] == 104


@pytest.mark.parametrize("wrong", ["nan", "NaN", "inf", "-inf", "1e999", "abc", "", "1,5", "0x10", "1_0", "٣"])
def test_a_param_that_is_no_finite_number_is_refused_and_its_column_named(trained: Scenario, wrong: str) -> None:
    words = trained.tables.words(0)
    words[3] = wrong
    run = trained.world.script("-f", "predict", "-mname", "three", "-params", *words)
    is_refusal(run, trained.tables.columns[0][3])
    assert json.loads(run.out)["retcode"] == 100, run


def test_a_wrong_count_of_params_is_refused_and_the_column_named(trained: Scenario) -> None:
    world, tables = trained.world, trained.tables
    few = world.script("-f", "predict", "-mname", "three", "-params", *tables.words(0)[:-1])
    is_refusal(few, tables.columns[0][-1])
    many = world.script("-f", "predict", "-mname", "three", "-params", *tables.words(0), "1.0")
    is_refusal(many, "11")
    none = world.script("-f", "predict", "-mname", "three")
    is_refusal(none)
    assert {json.loads(run.out)["retcode"] for run in (few, many, none)} == {100}


def test_an_unknown_sample_id_names_the_host(trained: Scenario) -> None:
    world, tables = trained.world, trained.tables
    run = world.script("-f", "predict", "-mname", "three", "-sid", "nobody-77", "-params", *tables.words(0))
    is_refusal(run)
    assert re.search(r"\b(2|3)\b", run.err), f"the host is named: {run}"
    assert "nobody-77" not in (world.home / "regulator.db").read_bytes().decode("latin-1")


@pytest.mark.parametrize("function", ["deploy", "upload", "submit", "query", "load_bind", "predict", "delete"])
def test_every_failure_is_strict_json_when_asked(trained: Scenario, function: str) -> None:
    run = trained.world.script("-f", function, "--json")
    assert run.code == 1, run
    answer = run.json
    assert answer["retcode"] != 0 and answer["code"].startswith("FW-") and answer["message"] and "fix" in answer, run


def test_help_tells_every_function(bare: World) -> None:
    run = bare.script("-h")
    assert run.code == 0 and all(f in run.out for f in BEFORE_DEPLOY), run


def test_stdout_words_stay_and_the_message_is_chinese_in_a_chinese_locale(bare: World) -> None:
    class Chinese(World):
        @property
        def environ(self) -> dict[str, str]:
            kept = {k: v for k, v in super().environ.items() if k not in ("FEDWARDEN_LANG", "LC_ALL", "LC_MESSAGES")}
            return kept | {"LANG": "zh_CN.UTF-8"}

    run = Chinese(bare.base).script("-f", "deploy", "-id", 1, 2, "-ip", LOCAL)
    is_refusal(run)
    assert re.search(r"[\u4e00-\u9fff]", run.err), run
