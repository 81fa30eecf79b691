"""Training options: defaults filled in, ranges held, unknown keys refused with the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from fedwarden.common import options
from fedwarden.common.errors import UsageError


def test_every_option_is_filled_in() -> None:
    found = options.resolve("hetero_lr", {})
    assert found["alpha"] == 0.01
    assert found["max_iter"] == 160
    assert found["sigmoid"] == "auto"
    assert found["validation"] == 0.2
    assert found["min_intersection"] == 100
    assert set(options.resolve("example", {})) == {"data_num", "link_timeout", "queue_timeout", "retries"}


@pytest.mark.parametrize("model", list(options.OPTIONS.values()))
def test_every_option_is_explained_in_both_languages(model: type) -> None:
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        assert field.description, name
        assert any("\u4e00" <= sign <= "\u9fff" for sign in field.json_schema_extra["zh"]), name


@pytest.mark.parametrize(
    ("given", "key", "value"),
    [
        ({"alpha": "1e-3"}, "alpha", 0.001),
        ({"alpha": 0}, "alpha", 0.0),
        ({"sigmoid": "64, 28"}, "sigmoid", "64,28"),
        ({"sigmoid": [32, 14]}, "sigmoid", "32,14"),
        ({"sigmoid": "taylor"}, "sigmoid", "taylor"),
        ({"seed": None}, "seed", None),
        ({"max_iter": 20.0}, "max_iter", 20),
    ],
)
def test_ordinary_spellings_are_understood(given: dict, key: str, value: object) -> None:
    assert options.resolve("hetero_lr", given)[key] == value


@pytest.mark.parametrize(
    "given",
    [
        {"alpha": -1},
        {"alpha": float("nan")},
        {"alpha": True},
        {"alpha": "much"},
        {"validation": 0.9},
        {"validation": -0.1},
        {"max_iter": 0},
        {"max_iter": 1.5},
        {"sigmoid": "33,14"},
        {"sigmoid": "32"},
        {"sigmoid": "32,0"},
        {"sigmoid": "16,16"},
        {"min_intersection": 0},
        {"seed": -1},
        {"optimizer": "magic"},
    ],
    ids=str,
)
def test_a_value_out_of_range_names_its_option_and_the_range(given: dict) -> None:
    with pytest.raises(UsageError) as caught:
        options.resolve("hetero_lr", given)
    (key,) = given
    assert caught.value.code == "FW-USE-023"
    assert key in caught.value.message("en")
    assert key in caught.value.fix("zh")


def test_an_unknown_key_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError) as caught:
        options.resolve("hetero_lr", {"alfa": 1})
    assert caught.value.code == "FW-USE-022"
    assert "alpha" in caught.value.fix("en")
    with pytest.raises(UsageError):
        options.resolve("hetero_linr", {"max_iter": 3})  # solved in one pass


@pytest.mark.parametrize("given", [{"optimizer": "adam"}, {"psi": "rsa"}])
def test_what_other_systems_know_is_not_silently_ignored(given: dict) -> None:
    with pytest.raises(UsageError) as caught:
        options.resolve("hetero_lr", given)
    assert caught.value.code == "FW-USE-018"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("alpha: [", "FW-USE-021"),
        ("- a\n- b", "FW-USE-021"),
        ("1: 2", "FW-USE-021"),
        ("!!python/object/apply:os.system ['true']", "FW-USE-021"),
        ("x" * (2 << 20), "FW-USE-020"),
    ],
)
def test_files_that_are_no_options_are_refused(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "options.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        options.read_config(path)
    assert caught.value.code == code


def test_missing_files_folders_and_devices_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path, Path("/dev/zero")):
        with pytest.raises(UsageError) as caught:
            options.read_config(path)
        assert caught.value.code == "FW-USE-020"


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "options.yaml"
    path.write_text("# nothing\n")
    assert options.read_config(path) == {}
