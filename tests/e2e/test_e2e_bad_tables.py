"""A table that cannot be trained on is refused at its own party; nothing is registered anywhere, nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e_refusal import is_refusal
from e2e_scenario import Scenario
from e2e_state import snapshot

ROWS = [f"13010519900101{k:04d},{k % 2},{k}.5,{k * 2}.25" for k in range(150)]
HEAD = "id,y,age,income"


def _with(row: int, text: str) -> str:
    return "\n".join([HEAD, *ROWS[:row], text, *ROWS[row + 1 :]]) + "\n"


BAD = {
    "empty": ("", []),
    "header only": (HEAD + "\n", []),
    "no header": ("\n".join(ROWS) + "\n", ["header"]),
    "duplicate ids": ("\n".join([HEAD, *ROWS, ROWS[4], ROWS[5]]) + "\n", ["2"]),
    "not a number": (_with(7, "130105199001010007,1,7.5,plenty"), ["8", "income"]),
    "nan": (_with(7, "130105199001010007,1,nan,2"), ["8", "age"]),
    "inf": (_with(7, "130105199001010007,1,inf,2"), ["8", "age"]),
    "missing cell": (_with(9, "130105199001010009,1,,2"), ["10", "age"]),
    "spreadsheet id": (_with(3, "1.30105E+17,1,3.5,2"), ["4"]),
    "ragged": (_with(3, "130105199001010003,1"), []),
    "label missing": (_with(3, "130105199001010003,,3.5,2"), ["4"]),
    "same column twice": ("id,y,age,age\n" + "\n".join(ROWS) + "\n", ["age"]),
}


@pytest.mark.parametrize("case", list(BAD))
def test_a_bad_table_is_refused(trained: Scenario, tmp_path: Path, case: str) -> None:
    world, (_, host, _) = trained.world, trained.tables.paths
    text, hints = BAD[case]
    path = tmp_path / "客户 表.csv"
    path.write_text(text, encoding="utf-8")
    before = snapshot(world)
    run = world.script("-f", "upload", "-gp", 1, path, "-hp", 2, host, "-proj", "breast")
    is_refusal(run, *hints)
    assert "plenty" not in run.err, "the cell's own text stays at its party"
    assert snapshot(world) == before
    assert path.read_text(encoding="utf-8") == text


def test_a_bad_host_table_leaves_the_guest_unregistered_too(trained: Scenario, tmp_path: Path) -> None:
    world, (guest, _, _) = trained.world, trained.tables.paths
    path = tmp_path / "host.csv"
    path.write_text("id,a\n1,2\n1,3\n")
    before = snapshot(world)
    is_refusal(world.script("-f", "upload", "-gp", 1, guest, "-hp", 2, path, "-proj", "new"))
    assert snapshot(world) == before
    is_refusal(world.script("-f", "submit", "-proj", "new", "-alg", "hetero_lr", "-m", 1))


def test_bom_crlf_gb18030_and_leading_zeros_are_accepted(trained: Scenario, tmp_path: Path) -> None:
    world = trained.world
    guest, host = tmp_path / "银行.csv", tmp_path / "host.tsv"
    ids = [f"00{k:015d}X" for k in range(200)]
    lines = ["身份证,y,年龄", *(f"{i},{k % 2},{k}.5" for k, i in enumerate(ids))]
    guest.write_bytes("\r\n".join(lines).encode("gb18030"))
    host.write_bytes(
        b"\xef\xbb\xbf" + "\r\n".join(["id\tx", *(f"{i}\t{k * 7 % 13}" for k, i in enumerate(ids))]).encode()
    )
    bytes_before = guest.read_bytes(), host.read_bytes()
    run = world.script("-f", "upload", "-gp", 1, guest, "-hp", 2, host, "-proj", "codes")
    assert (run.out, run.code) == ("upload success.\n", 0), run
    assert "gb18030" in run.err.lower(), f"a notice tells the encoding that was found: {run}"
    _, job = world.train("codes")
    assert (guest.read_bytes(), host.read_bytes()) == bytes_before
    assert "200" in str(world.record(job)), "every id is in common"


def test_labels_that_are_not_binary_are_refused_for_hetero_lr(trained: Scenario, tmp_path: Path) -> None:
    world, (_, host, _) = trained.world, trained.tables.paths
    path = tmp_path / "guest.csv"
    path.write_text("\n".join([HEAD, *(row.replace(",1,", ",7,") for row in ROWS)]) + "\n")
    up = world.script("-f", "upload", "-gp", 1, path, "-hp", 2, host, "-proj", "sevens")
    if up.code == 0:  # the same table would do for hetero_linr
        up = world.script("-f", "submit", "-proj", "sevens", "-alg", "hetero_lr", "-m", 1)
    is_refusal(up, "0", "1")


def test_a_file_that_changed_since_upload_is_noticed_at_submit(trained: Scenario, tmp_path: Path) -> None:
    world, (_, host, _) = trained.world, trained.tables.paths
    path = tmp_path / "guest.csv"
    path.write_bytes(trained.tables.paths[0].read_bytes())
    run = world.script("-f", "upload", "-gp", 1, path, "-hp", 2, host, "-proj", "moving")
    assert run.code == 0, run
    path.write_bytes(path.read_bytes().replace(b"\n", b"\n", 1)[:-2] + b"9\n")
    is_refusal(world.script("-f", "submit", "-proj", "moving", "-alg", "hetero_lr", "-m", 1), str(path))
