"""Following a job: phase, iteration, loss, bytes, until it ends."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import typer

from fedwarden.cli import job_page, people
from fedwarden.cli.headings import heading, phase
from fedwarden.common.errors import FedwardenError
from fedwarden.regulator import following
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.following import JobView
from fedwarden.regulator.merge import ENDED

EVERY = 0.4


class _Left(Exception):
    """Ctrl-C: the user leaves, the job stays."""


def follow(desk: Desk, job: str, *, quiet: bool) -> dict[str, Any]:
    """Until the job has ended; its state and metrics. Ctrl-C leaves it running and says how to stop it.

    Raises the job's first cause when it fails.
    """
    shown = ""
    try:
        with _leaving():
            while True:
                seen = following.query(desk, job)
                line = line_of(seen)
                if not quiet and line != shown:
                    _print(line, over=bool(shown))
                    shown = line
                if seen.state in ENDED:
                    break
                time.sleep(EVERY)
    except _Left:
        if not quiet:
            print()
        people.say("FW-SAY-006", job=job)
        raise typer.Exit(0) from None
    if not quiet and sys.stdout.isatty():
        print()
    if seen.state == "failed":
        raise FedwardenError.from_dict(seen.row.cause or {"code": "FW-JOB-101"})
    record = following.record_of(seen)
    if not quiet:
        people.say("FW-SAY-005", job=job, state=seen.state)
        table = people.table("metric", "value")
        for name, value in job_page.metrics_of(record):
            table.add_row(name, value)
        if table.rows:
            people.console().print(table)
    guest = seen.records["guest"]
    return {"state": seen.state, "metrics": guest.metrics, "loss": guest.loss, "result": guest.result}


def line_of(seen: JobView) -> str:
    """``running  train  iteration 40/160  loss 0.0688  12.3 MB``, from the guest's record and every link."""
    guest = seen.records["guest"]
    parts = [seen.state, phase(guest.phase) or "-"]
    if guest.iterations:
        parts.append(f"{heading('iteration')} {guest.iteration}/{guest.iterations}")
    if guest.loss is not None:
        parts.append(f"{heading('loss')} {guest.loss:.6f}")
    sent = sum(count.sent for record in seen.records.values() for count in record.links.values())
    return "  ".join([*parts, people.size(sent)])


def _print(line: str, *, over: bool) -> None:
    if sys.stdout.isatty():
        print(("\r\x1b[2K" if over else "") + line, end="", flush=True)
    else:
        print(line, flush=True)


@contextlib.contextmanager
def _leaving() -> Iterator[None]:
    def leave(*_: object) -> None:
        raise _Left

    before = signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
