"""What script.py prints: the old words, or strict JSON; one clear line on stderr. stdout gets nothing else, ever."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from typing import Any, Protocol

from fedwarden.common.api import Notice
from fedwarden.common.errors import DataError, FedwardenError


class Told(Protocol):
    """An error, or a finding about a host."""

    def message(self) -> str: ...

    def fix(self) -> str: ...


def text_of(notice: Notice) -> str:
    from fedwarden.common import messages

    return messages.render(notice.code, notice.params)


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def failure_form(function: str, error: FedwardenError) -> str:
    """The function's words for a failure."""
    if function == "submit":
        return "{'retcode': 1}"
    if function == "query":
        return "failed"
    if function == "predict":
        return compact({"retmsg": error.message() or error.code, "retcode": error.retcode or 9001})
    return f"{function} failure."


def failure_json(function: str, error: FedwardenError) -> str:
    retcode = (error.retcode or 9001) if function == "predict" else 1
    head = {"retcode": retcode, "code": error.code, "message": whose(error), "fix": error.fix(), "params": error.params}
    return strict({**head, **error.beside})


def plain(notes: list[Notice]) -> list[dict[str, str]]:
    """Notices as strict JSON says them."""
    return [{"code": note.code, "message": text_of(note)} for note in notes]


def success_json(function: str, notes: list[Notice], **fields: Any) -> str:
    head = {"retcode": 0, "code": "", "message": f"{function} success.", "fix": ""}
    return strict({**head, **fields, "notices": plain(notes)})


def strict(value: Any) -> str:
    """JSON that every parser takes: no NaN, no Infinity."""
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value


def say(line: str) -> None:
    """One line on stdout, as UTF-8 whatever the locale."""
    _write(1, line)


def say_lines(text: str) -> None:
    """Several lines on stdout at once."""
    _send(1, text)


def complain(error: FedwardenError) -> None:
    """One line on stderr: what is wrong and how to fix it."""
    from fedwarden.common import messages

    word = "错误：" if messages.language() == "zh" else "error: "
    _write(2, word + sentence(error))


def sentence(told: Told) -> str:
    """What is wrong, a full stop, how to fix it."""
    from fedwarden.common import messages

    fix = told.fix()
    message = whose(told).rstrip()
    if fix and message[-1:] not in ".。!?！？":
        message += "。" if messages.language() == "zh" else "."
    return f"{message} {fix}".rstrip()


def whose(told: Told) -> str:
    """The message; of a table that was refused, with the role and the party in front."""
    from fedwarden.common import messages

    message = told.message()
    if not isinstance(told, DataError) or not {"role", "party"} <= set(told.params):
        return message
    who = {"role": told.params["role"], "party": told.params["party"]}
    return message if str(who["role"]) in message else messages.render("FW-SAY-712", {**who, "message": message})


def tell(note: Notice) -> None:
    _write(2, noted(note))


def noted(note: Notice) -> str:
    from fedwarden.common import messages

    return ("提示：" if messages.language() == "zh" else "note: ") + text_of(note)


def _write(descriptor: int, line: str) -> None:
    _send(descriptor, line.replace("\n", " ") + "\n")


def _send(descriptor: int, text: str) -> None:
    (sys.stdout if descriptor == 1 else sys.stderr).flush()
    data = text.encode("utf-8", "backslashreplace")
    with contextlib.suppress(BrokenPipeError):
        while data:
            data = data[os.write(descriptor, data) :]
