"""Options with FATE: documented, validated before FATE sees them, written as FATE was recorded to take them."""

import copy
import json
import re
from pathlib import Path

import pytest
from recorded import sample

from fedwarden.common.api import JobPeer, JobSpec
from fedwarden.common.errors import UsageError
from fedwarden.common.options import OPTIONS as NATIVE
from fedwarden.engines.fate import jobs, versions
from fedwarden.engines.fate.options import INSTEAD, OPTIONS, resolve
from fedwarden.engines.fate.tables import TableName, table_name

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("page", ["fate.md", "fate.zh.md"])
def test_every_option_and_its_default_is_documented(page):
    text = (DOCS / page).read_text("utf-8")
    for model in OPTIONS.values():
        for name in model.model_fields:
            assert f"`{name}`" in text or f"`{name}: " in text, name


@pytest.mark.parametrize("version", versions.VERSIONS, ids=lambda it: it.name)
@pytest.mark.parametrize("algorithm", sorted(OPTIONS))
def test_every_option_of_the_native_engine_has_a_meaning_or_a_reason(version, algorithm):
    for name, field in NATIVE[algorithm].model_fields.items():
        if name in OPTIONS[algorithm].model_fields or name == "psi":
            continue
        with pytest.raises(UsageError) as caught:
            resolve(version, algorithm, {name: field.default})
        assert caught.value.code == "FW-USE-601", name
        assert caught.value.params["instead"], name
    assert not any(set(INSTEAD) & set(model.model_fields) for model in OPTIONS.values())


def test_defaults_are_those_the_version_can_do():
    old, new = (resolve(version, "hetero_lr", {}) for version in (versions.V1_4_4, versions.V2_2))
    assert (old["optimizer"], old["key_length"], old["psi"]) == ("nesterov", 2048, "rsa")
    assert (new["optimizer"], new["key_length"], new["psi"]) == ("sgd", 1024, "ecdh")
    assert resolve(versions.V1_11_2, "hetero_linr", {})["optimizer"] == "sgd"


@pytest.mark.parametrize(
    ("version", "given", "code"),
    [
        (versions.V2_2, {"optimizer": "nesterov"}, "FW-USE-601"),
        (versions.V2_2, {"key_length": 2048}, "FW-USE-601"),
        (versions.V2_2, {"psi": "rsa"}, "FW-USE-601"),
        (versions.V1_4_4, {"key_length": 512}, "FW-USE-023"),
        (versions.V1_4_4, {"penalty": "L3"}, "FW-USE-023"),
        (versions.V1_4_4, {"early_stop": "never"}, "FW-USE-023"),
        (versions.V1_4_4, {"alpha": float("nan")}, "FW-USE-023"),
        (versions.V1_4_4, {"max_iter": True}, "FW-USE-023"),
        (versions.V1_4_4, {"learning_rat": 1}, "FW-USE-022"),
    ],
)
def test_bad_values_are_refused(version, given, code):
    with pytest.raises(UsageError) as caught:
        resolve(version, "hetero_lr", given)
    assert caught.value.code == code
    assert caught.value.message("en") and caught.value.message("zh")


def spec(algorithm, options, **tables):
    parties = {"guest": 9999, "host1": 10000, "arbiter": 10001}
    return JobSpec(
        job_id="7",
        project="p",
        algorithm=algorithm,
        options=options,
        roles=[
            JobPeer(role=role, party=party, host="", data_port=0, fingerprint="") for role, party in parties.items()
        ],
        role_datasets={role: table.dataset_id for role, table in tables.items()},
        model_id="",
        privacy="fate",
        created="2026-01-01T00:00:00Z",
    )


def test_the_written_training_is_the_recorded_one_of_1_4_4():
    """Apart from options that we always say and FATE's example leaves to its defaults."""
    recorded = copy.deepcopy(sample("1.4.4", "submit_hetero_lr_zeros")["request"])
    given = {
        "max_iter": 10,
        "key_length": 1024,
        "tol": recorded["job_runtime_conf"]["algorithm_parameters"]["hetero_lr_0"]["tol"],
    }
    guest = TableName("experiment", "breast_hetero_guest", "y", "refuse")
    host = TableName("experiment", "breast_hetero_host", None, "refuse")
    options = resolve(versions.V1_4_4, "hetero_lr", given)
    ours = jobs.body(versions.V1_4_4, spec("hetero_lr", options, guest=guest, host1=host), 0)
    assert ours["job_dsl"] == recorded["job_dsl"]
    conf, theirs = ours["job_runtime_conf"], recorded["job_runtime_conf"]
    assert (conf["initiator"], conf["role"]) == (theirs["initiator"], theirs["role"])
    for role in ("guest", "host"):
        assert conf["role_parameters"][role]["evaluation_0"] == theirs["role_parameters"][role]["evaluation_0"]
        data = [it["role_parameters"][role]["args"]["data"]["train_data"] for it in (conf, theirs)]
        assert data[0] == data[1]
        told = [it["role_parameters"][role]["dataio_0"] for it in (conf, theirs)]
        assert {key: told[0][key] for key in ("with_label", "output_format")} == {
            key: told[1][key] for key in ("with_label", "output_format")
        }
    trained = [it["algorithm_parameters"]["hetero_lr_0"] for it in (conf, theirs)]
    same = set(trained[1]) & set(trained[0]) - {"init_param"}
    assert {key: trained[0][key] for key in same} == {key: trained[1][key] for key in same}
    assert {"optimizer", "learning_rate", "alpha", "max_iter", "penalty", "batch_size"} <= same
    assert trained[0]["init_param"]["init_method"] == trained[1]["init_param"]["init_method"] == "zeros"


def test_the_written_addition_is_the_recorded_one():
    recorded = sample("1.4.4", "submit_secure_add_example")["request"]
    ours = jobs.body(versions.V1_4_4, spec("example", resolve(versions.V1_4_4, "example", {})), 0)
    assert ours["job_dsl"] == recorded["job_dsl"]
    conf, theirs = ours["job_runtime_conf"], recorded["job_runtime_conf"]
    assert conf["role_parameters"] == theirs["role_parameters"]
    assert conf["algorithm_parameters"]["secure_add_example_0"]["data_num"] == 1000


@pytest.mark.parametrize("project", ["loans", "贷款", "a b", "x" * 64, "../../etc"])
def test_tables_are_named_in_letters_that_fate_takes_and_apart_for_each_project(project):
    found = table_name("d1", project, "guest", 1, "y", "mean")
    assert re.fullmatch(r"fedwarden_d1_[A-Za-z0-9_]{1,40}", found.namespace) and found.name == "guest_1"
    assert table_name("d1", project + "2", "guest", 1, "y", "mean").namespace != found.namespace


def test_a_tables_id_carries_what_fate_does_not_keep():
    name = TableName("n", "host1_2", "the label & more=", "mean", 12, "编号")
    assert TableName.parse(name.dataset_id) == name
    assert json.dumps(name.dataset_id)
