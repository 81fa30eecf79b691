"""``fedwarden demo``: two organisations on this machine, from nothing to a federated prediction and back to nothing.

It has a home of its own in a temporary folder and takes any free ports, so it runs beside a live deployment. The
guest-alone figure is fitted by the guest on the very rows of the joint training (option ``guest_alone``).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fedwarden.cli import demo_texts as texts
from fedwarden.cli import forms, predicting
from fedwarden.cli.leftovers import DEMO, LOCK, end_dead_demos, end_processes_under
from fedwarden.common import messages
from fedwarden.common.errors import DeployError, FedwardenError, JobError
from fedwarden.common.files import locked
from fedwarden.regulator import deletion, deployments, following, publishing, submitting, uploads
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.opening import open_desk

PARTIES, ADDRESSES = [1, 2], ["127.0.0.1", "127.0.0.1"]
TRAIN_SECONDS = 150.0
#: The seed makes the split the same every time; with this one the figures are near the averages of eleven seeds tried
#: (alone 0.65, together 0.72, standard deviation about 0.01).
OPTIONS: dict[str, Any] = {"guest_alone": True, "seed": 2009}


def run(as_json: bool = False) -> int:
    """Runs the demo and prints its result; the exit code: 0, 1 after a failure, 130 after Ctrl-C."""
    clean(as_json, quiet=True)
    try:
        answer = play(tell=None if as_json else _say)
    except FedwardenError as error:
        if as_json:
            forms.say(forms.failure_json("demo", error))
        forms.complain(error)
        return 1
    except KeyboardInterrupt:
        print(texts.STOPPED(), file=sys.stderr)
        return 130
    if as_json:
        forms.say(forms.strict({"retcode": 0, **answer}))
    else:
        show(answer)
    return 0


def clean(as_json: bool, *, quiet: bool = False) -> int:
    """Ends what demos left that were killed (kill -9, a crash); ``quiet``: says so only when there was something."""
    ended = end_dead_demos()
    if quiet:
        if ended and not as_json:
            forms.say(messages.render("FW-SAY-582", {"count": ended}))
    elif as_json:
        forms.say(forms.strict({"retcode": 0, "ended": ended}))
    else:
        forms.say(messages.render("FW-SAY-582", {"count": ended}))
        forms.say(messages.render("FW-NEXT-563", {}))
    return 0


def play(tell: Any = None) -> dict[str, Any]:
    """The whole story; ``tell(phase, seconds)`` after each step. What was started is gone when this returns or raises.

    Raises FedwardenError (the first cause), KeyboardInterrupt (also after SIGTERM or SIGHUP).
    """
    began = time.monotonic()
    clock = _Clock(tell)
    with _stage() as (folder, home):
        try:
            with open_desk(home) as desk:
                answer = _acts(desk, folder, clock)
                with clock("delete"):
                    deletion.delete(desk, PARTIES, ADDRESSES)
        finally:
            left = end_processes_under(folder)
    if left:
        # only after a success of everything else: a failure has been raised already, with its own cause
        raise DeployError("FW-DEP-301", pids=left)
    return {**answer, "seconds": round(time.monotonic() - began, 2), "phases": clock.seconds}


class _Clock:
    """``with clock("train")``: keeps the seconds of each step and tells of it."""

    def __init__(self, tell: Any) -> None:
        self.seconds: dict[str, float] = {}
        self._tell = tell

    @contextlib.contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[phase] = round(time.monotonic() - began, 2)
        if self._tell is not None:
            self._tell(phase, self.seconds[phase])


@contextlib.contextmanager
def _stage() -> Iterator[tuple[Path, Path]]:
    """A temporary folder and the home in it; a signal to end becomes KeyboardInterrupt, so that all is cleaned up."""

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave agents behind
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    outer_home = os.environ.get("FEDWARDEN_HOME")
    try:
        with tempfile.TemporaryDirectory(prefix=DEMO) as name:
            folder = Path(name).resolve()
            home = folder / "home"
            os.environ["FEDWARDEN_HOME"] = str(home)
            with locked(folder / LOCK):  # as long as it is held, nobody takes this demo for a dead one
                yield folder, home
    finally:
        os.environ.pop("FEDWARDEN_HOME", None)
        if outer_home is not None:
            os.environ["FEDWARDEN_HOME"] = outer_home
        for number, handler in before.items():
            signal.signal(number, handler)


def _acts(desk: Desk, folder: Path, clock: _Clock) -> dict[str, Any]:
    from fedwarden.data import credit_tables

    with clock("tables"):
        bank, partner = credit_tables()
        paths = folder / "bank.csv", folder / "partner.csv"
        bank.write_csv(paths[0])
        partner.write_csv(paths[1])
    with clock("deploy"):
        deployments.deploy(desk, PARTIES, ADDRESSES)
    with clock("upload"):
        sources = [(party, str(path)) for party, path in zip(PARTIES, paths, strict=True)]
        uploads.upload(desk, "credit", sources[0], sources[1:], uploads.TableForm())
    with clock("train"):
        seen = _train(desk)
    with clock("publish"):
        publishing.load_bind(desk, seen.row.model_id, seen.row.id, "credit")
    both = set(partner["id"])
    person = next(row for row in bank.iter_rows(named=True) if row["id"] in both)
    with clock("predict"):
        answer = predicting.ask("credit", None, person["id"], [])
    guest = seen.records["guest"]
    joint, alone = guest.metrics["validation"], guest.metrics["guest_alone"]["validation"]
    return {
        "guest_alone": alone,
        "joint": joint,
        "gain": round(joint["auc"] - alone["auc"], 6),
        "prediction": {"id": person["id"], "prob": answer.prob, "label": person["y"]},
        "rows": {
            "bank": bank.height,
            "partner": partner.height,
            "common": guest.result["aligned"],
            "training": guest.result["training_rows"],
            "validation": guest.result["aligned"] - guest.result["training_rows"],
        },
        "columns": {"bank": bank.width - 2, "partner": partner.width - 1},
        "links": {
            f"{role} to {peer}": counts.sent
            for role, record in seen.records.items()
            for peer, counts in record.links.items()
        },
        "job_id": seen.row.id,
        "model_id": seen.row.model_id,
    }


def _train(desk: Desk) -> following.JobView:
    """Raises JobError FW-JOB-301, or the job's own first cause."""
    job = submitting.submit(desk, "credit", "hetero_lr", 1, OPTIONS).job_id
    end = time.monotonic() + TRAIN_SECONDS
    while True:
        seen = following.query(desk, job)
        if seen.state == "success":
            return seen
        if seen.state == "failed":
            raise FedwardenError.from_dict(seen.row.cause or {})
        if time.monotonic() > end:
            raise JobError("FW-JOB-301", seconds=round(TRAIN_SECONDS), waiting=following.waiting_for(seen))
        time.sleep(0.3)


def _say(phase: str, seconds: float) -> None:
    print(f"  {seconds:6.1f} s  {texts.PHASES[phase]()}", flush=True)


def show(answer: dict[str, Any]) -> None:
    """The table that people read."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    rows, columns = answer["rows"], answer["columns"]
    counts = {name: f"{rows[name]:,}" for name in ("bank", "partner", "common")}
    table = Table(title=texts.TITLE(), title_justify="left")
    table.add_column(texts.HELD_OUT(rows=f"{rows['validation']:,}"))
    for name in ("AUC", "KS"):
        table.add_column(name, justify="right")
    for label, metrics in ((texts.ALONE(), answer["guest_alone"]), (texts.JOINT(), answer["joint"])):
        table.add_row(label, f"{metrics['auc']:.4f}", f"{metrics['ks']:.4f}")
    ks = answer["joint"]["ks"] - answer["guest_alone"]["ks"]
    table.add_row(texts.GAIN(), f"{answer['gain']:+.4f}", f"{ks:+.4f}", style="bold")
    found = answer["prediction"]
    outcome = (texts.DEFAULTED if found["label"] else texts.PAID)()
    console.print()
    console.print(texts.TABLES(**counts, bank_columns=columns["bank"], partner_columns=columns["partner"]))
    console.print(table)
    console.print(texts.PREDICTION(id=found["id"], prob=found["prob"], outcome=outcome))
    console.print(texts.LEFT(seconds=answer["seconds"]))
    console.print(texts.NEXT())
