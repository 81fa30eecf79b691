"""The shape of one message."""

from __future__ import annotations

from typing import NamedTuple


class Msg(NamedTuple):
    """One sentence in both languages, with how to fix it; ``retcode`` is what a prediction answers for it."""

    en: str
    zh: str
    fix_en: str = ""
    fix_zh: str = ""
    retcode: int = 9001
