"""Tables for people: their headings follow the language, and none is forgotten; the first cause stands on top."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from fedwarden.cli import headings, job_page

CLI = Path(headings.__file__).parent


def test_every_heading_of_every_table_speaks_chinese() -> None:
    used = set()
    for path in CLI.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "people.table":
                titles = [keyword.value for keyword in node.keywords if keyword.arg == "title"]
                used |= {it.value.strip() for it in [*node.args, *titles] if isinstance(it, ast.Constant)}
    assert len(used) > 25
    assert used - set(headings.CHINESE) == set()
    assert all(re.search(r"[\u4e00-\u9fff]", word) for word in headings.CHINESE.values())


RECORD = {
    **dict.fromkeys(("job_id", "project", "algorithm", "model_id", "created", "ended"), "x"),
    "mode": 1,
    "state": "failed",
    "privacy": "sealed",
    "options": {"alpha": 1.0},
    "cause": {"code": "FW-LINK-001", "params": {"party": 2, "address": "a:1"}, "role": "host1", "party": 2},
    "attempts": [],
    "roles": [
        {
            **{"role": "host1", "party": 2, "state": "failed", "phase": "train", "loss": 0.5, "iteration": 1},
            **{"iterations": 9, "phases": [{"name": "train", "seconds": 1.0}], "notices": []},
            **{"links": {"guest": {"sent": 1, "received": 2}}, "metrics": {"auc": 0.5}, "result": {}},
            "revealed": [{"what": "loss", "to": "guest", "count": 1}],
        }
    ],
}


@pytest.mark.parametrize(
    ("lang", "there", "absent"),
    [
        ("en", ["First cause: host1", "iteration", "options in force"], []),
        ("zh", ["首要原因：host1", "迭代", "生效的选项"], ["iteration", "seconds"]),
    ],
)
def test_a_job_is_shown_in_the_readers_language_first_cause_first(
    lang: str, there: list[str], absent: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FEDWARDEN_LANG", lang)
    job_page.show(RECORD, everything=True)
    out = capsys.readouterr().out
    assert out.startswith(there[0])
    assert "FW-LINK-001" in out.splitlines()[0] + out.splitlines()[1]
    assert [word for word in there if word not in " ".join(out.split())] == []
    assert [word for word in absent if word in out.split()] == []
