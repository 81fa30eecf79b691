"""The parser of script.py: numbers that argparse refuses, and no value ever repeated."""

from __future__ import annotations

import pytest

from fedwarden.cli.predicting import check_params
from fedwarden.cli.words import FUNCTIONS, OPTIONS, USAGE, function_of, parse
from fedwarden.common.errors import ModelError, UsageError


def test_negative_and_odd_numbers_are_values() -> None:
    odd = ["-1e-5", "-2.", "+0.5", "-.5", "-0"]
    given = parse("predict", ["-f", "predict", "-mname", "m", "-params", *odd, "-sid", "-"])
    assert given.many("params") == odd
    assert given.one("sid") == "-"


def test_options_may_stand_in_any_order_and_users_may_be_bare() -> None:
    given = parse("deploy", ["-ip", "127.0.0.1", "-u", "-id", "1", "--function=deploy", "-pw", "-secret"])
    assert given.many("id") == ["1"]
    assert given.has("users")
    assert given.many("password") == ["-secret"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["-id", "1", "-ip", "a", "--frob"], "FW-USE-001"),
        (["-id", "1", "-ip", "a", "-frob=1"], "FW-USE-001"),
        (["--frob"], "FW-USE-001"),
        (["-id"], "FW-USE-002"),
        (["-id", "-ip", "a"], "FW-USE-002"),
        (["-id", "1", "-id", "2", "-ip", "a"], "FW-USE-003"),
        (["stray", "-id", "1", "-ip", "a"], "FW-USE-004"),
        (["-id", "1", "-ip", "a", "--json", "stray"], "FW-USE-004"),
        (["-id", "1", "-ip", "a", "-proj", "p"], "FW-USE-006"),
        (["-ip", "a"], "FW-USE-005"),
        (["-id", "1", "-ip", "a", "-u", "root", "--junk"], "FW-USE-001"),
        (["-id", "1", "-ip", "a", "-u", "root", "---junk"], "FW-USE-004"),
        (["-id", "1", "-ip", "a", "-u", "root", "--"], "FW-USE-004"),
        (["-id", "1", "-ip", "a", "-u", "-9x"], "FW-USE-004"),
    ],
    ids=str,
)
def test_wrong_words_are_refused(words: list[str], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse("deploy", ["-f", "deploy", *words] if words[0] != "stray" else words)
    assert caught.value.code == code


def test_no_message_repeats_a_value() -> None:
    secret = "hunter2-Passw0rd"
    for words in (
        ["-f", "deploy", secret],
        ["-f", "deploy", "--json", secret],
        ["-f", "deploy", f"--passwort={secret}"],
        ["-f", "deploy", "-id", "1", "-ip", "a", "-e", "native", secret],
    ):
        with pytest.raises(UsageError) as caught:
            parse("deploy", words)
        assert secret not in str(caught.value) + caught.value.fix("en")


@pytest.mark.parametrize(
    ("words", "function"),
    [
        ([], None),
        (["-f"], None),
        (["-f", "fly"], None),
        (["-f", "query"], "query"),
        (["--function=query"], "query"),
        (["-id", "1", "--function", "delete"], "delete"),
    ],
)
def test_the_function_is_found_whatever_else_is_wrong(words: list[str], function: str | None) -> None:
    assert function_of(words) == function


def test_the_help_names_every_option_and_function() -> None:
    for option in OPTIONS:
        assert all(spelling in USAGE for spelling in option.spellings), option
    assert all(function in USAGE for function in FUNCTIONS)


@pytest.mark.parametrize("text", ["-1e-5", "-2.", "+0.5", ".5", "1E+3", "007"])
def test_numbers(text: str) -> None:
    assert check_params([text], ["x"]) == [float(text)]


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "", "1_0", "0x1", "٣", "1,5", " 1", "1 ", "--", "1e"])
def test_what_is_no_finite_number_names_the_column_and_not_the_value(text: str) -> None:
    with pytest.raises(ModelError) as caught:
        check_params(["1", text], ["age", "收入"])
    assert caught.value.retcode == 100
    assert "收入" in caught.value.message("zh")
    assert text not in caught.value.params.values()


def test_a_wrong_count_names_the_columns() -> None:
    with pytest.raises(ModelError) as few:
        check_params(["1"], ["a", "b", "c"])
    assert few.value.params["missing"] == ["b", "c"]
    with pytest.raises(ModelError) as many:
        check_params(["1", "2"], ["a"])
    assert many.value.params["extra"] == 1
