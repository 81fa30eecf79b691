"""Job ids: 21 digits, local time then a counter, strictly increasing even when the clock steps back."""

from __future__ import annotations

import re
import time

from sqlalchemy.orm import Session

from fedwarden.regulator.store import get_meta, set_meta

#: Ours have 21 digits; FATE-Flow's end in a counter, which grows.
FORM = re.compile(r"[0-9]{21,28}", re.ASCII)
_KEY = "last_job_id"


def next_job_id(session: Session, nanoseconds: int | None = None) -> str:
    """YYYYmmddHHMMSS in local time and seven digits: tenths of a microsecond, or one more than the last id."""
    moment = time.time_ns() if nanoseconds is None else nanoseconds
    second, rest = divmod(moment, 1_000_000_000)
    wanted = int(time.strftime("%Y%m%d%H%M%S", time.localtime(second)) + f"{rest // 100:07d}")
    last = int(get_meta(session, _KEY) or 0)
    chosen = str(max(wanted, last + 1))
    set_meta(session, _KEY, chosen)
    return chosen
