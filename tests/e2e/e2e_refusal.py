"""The failure forms of script.py: words, exit code, one line."""

from __future__ import annotations

import re

from e2e_world import Run

REFUSED = re.compile(r'\{"retmsg":"(?:[^"\\]|\\.)+","retcode":(\d+)\}\n')


def is_refusal(run: Run, *hints: str) -> None:
    """The failure form of the function that stands after -f, and one line that names what is wrong."""
    function = run.words[run.words.index("-f") + 1]
    assert run.code == 1, run
    if function == "submit":
        assert run.out == "{'retcode': 1}\n", run
    elif function == "query":
        assert run.out == "failed\n", run
    elif function == "predict":
        match = REFUSED.fullmatch(run.out)
        assert match and int(match[1]) != 0, run
    else:
        assert run.out == f"{function} failure.\n", run
    assert len(run.complaint) == 1 and "Traceback" not in run.err, run
    assert len(run.complaint[0]) > 20, run
    for hint in hints:
        assert hint in run.err, f"{hint!r} is not named: {run}"
