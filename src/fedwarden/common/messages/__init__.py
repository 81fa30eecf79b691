"""Every sentence a person reads, in English and Chinese.

One module per area holds ``MESSAGES: dict[str, Msg]``; modules are found by listing this package, so a new area needs
no registration. ``{name}`` places are filled from an error's parameters.
"""

from __future__ import annotations

import importlib
import locale
import os
import pkgutil
import string
from functools import cache
from typing import Any

from fedwarden.common.messages.msg import Msg

__all__ = ["Msg", "catalogue", "language", "render", "render_fix", "retcode"]


@cache
def catalogue() -> dict[str, Msg]:
    """All messages by code. Raises ValueError when two areas use one code."""
    out: dict[str, Msg] = {}
    for info in pkgutil.iter_modules(__path__):
        if info.name == "msg":
            continue
        module = importlib.import_module(f"{__name__}.{info.name}")
        for code, msg in module.MESSAGES.items():
            if code in out:
                raise ValueError(f"message code {code} stands twice")
            out[code] = msg
    return out


def language() -> str:
    """``zh`` or ``en``: FEDWARDEN_LANG, else the locale's."""
    chosen = os.environ.get("FEDWARDEN_LANG", "").lower()
    if not chosen:
        for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            if os.environ.get(name):
                chosen = os.environ[name].lower()
                break
        else:
            chosen = (locale.getlocale()[0] or "").lower()
    return "zh" if chosen.startswith(("zh", "chinese")) else "en"


class _Lenient(string.Formatter):
    """Fills what it has; a place without a value keeps its name, so that a message never fails to print."""

    def get_value(self, key: int | str, args: Any, kwargs: Any) -> Any:
        return kwargs.get(str(key), "{" + str(key) + "}")


def _fill(text: str, params: dict[str, Any]) -> str:
    shown = {k: ", ".join(map(str, v)) if isinstance(v, list | tuple) else v for k, v in params.items()}
    return " ".join(_Lenient().vformat(text, (), shown).split())


def render(code: str, params: dict[str, Any], lang: str | None = None) -> str:
    msg = catalogue().get(code)
    if msg is None:
        return f"{code} {params}"
    return _fill(msg.zh if (lang or language()) == "zh" else msg.en, params)


def render_fix(code: str, params: dict[str, Any], lang: str | None = None) -> str:
    msg = catalogue().get(code)
    if msg is None:
        return ""
    return _fill(msg.fix_zh if (lang or language()) == "zh" else msg.fix_en, params)


def retcode(code: str) -> int:
    msg = catalogue().get(code)
    return msg.retcode if msg is not None else 9001
