"""logs and support: what a job did at every party, for its people and for somebody who was not there."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from fedwarden.cli import forms, people
from fedwarden.cli.job_page import cause_line
from fedwarden.cli.people import Fields, Json
from fedwarden.common import messages
from fedwarden.common.errors import StateError
from fedwarden.regulator import following, job_logs, support
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.merge import ENDED
from fedwarden.regulator.opening import open_desk

JobId = Annotated[str, typer.Argument(metavar="ID", help="the job's id / 任务编号")]
#: Columns of a line: what every line has, in this order; the rest follows as ``key=value``.
HEAD = ("timestamp", "role", "party", "level", "event")
FOLLOW_SECONDS = 1.0


def logs(
    job: JobId,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="go on until the job ends; with --json one line each / 持续输出直至任务结束"),
    ] = False,
    as_json: Json = False,
) -> None:
    """The log lines of every role, oldest first by one clock. / 各角色的日志，统一校时后按时间排序。

    \b
    fedwarden logs 202611231845120042137 --follow
    """
    if follow:
        _follow(job, as_json)
        return

    def work(desk: Desk) -> Fields:
        found = job_logs.merged(desk, job)
        _note(desk, found)
        cause = following.view(following.find_job(desk, job)).row.cause
        return {"job_id": job, "cause": cause, "clock_offsets": found.offsets, "lines": found.lines}

    def show(fields: Fields) -> None:
        if fields["cause"]:
            forms.say(cause_line(fields["cause"]))
        for line in fields["lines"]:
            forms.say(as_text(line))

    people.perform("logs", as_json, work, show, lambda _: ("FW-NEXT-004", {"job": job}))


def as_text(line: dict[str, Any]) -> str:
    head = [str(line.get(key, "-")) for key in HEAD]
    widths = (27, 7, 5, 7, 0)
    rest = [f"{key}={_plain(value)}" for key, value in line.items() if key not in (*HEAD, "job")]
    return " ".join([*(text.ljust(width) for text, width in zip(head, widths, strict=True)), *rest])


def _plain(value: Any) -> Any:
    """A cause as its code and sentence, other structures as JSON."""
    if isinstance(value, dict) and "code" in value:
        return f"[{value['code']}] {messages.render(str(value['code']), value.get('params') or {})}"
    return forms.compact(value) if isinstance(value, dict | list) else value


def _note(desk: Desk, found: job_logs.JobLogs) -> None:
    for party, offset in found.offsets.items():
        desk.note("FW-NOTE-562", party=party, seconds=f"{offset:+.2f}")
    for party, error in found.unreached.items():
        desk.note("FW-NOTE-561", party=party, why=error.message(), cause=error.code)


def _follow(job: str, as_json: bool) -> None:
    """Until the job has ended and its last lines are out. Ctrl-C leaves the job running."""
    shown: set[str] = set()
    with open_desk() as desk:
        while True:
            ended = following.query(desk, job).state in ENDED
            found = job_logs.merged(desk, job)
            for line in found.lines:
                text = forms.strict(line)
                if text not in shown:
                    shown.add(text)
                    forms.say(text if as_json else as_text(line))
            if ended:
                break
            time.sleep(FOLLOW_SECONDS)
        if not as_json:
            _note(desk, found)
            for notice in dict.fromkeys((it.code, forms.text_of(it)) for it in desk.notices):
                forms.say(notice[1])
            people.say("FW-NEXT-004", job=job)


def gather(
    job: JobId,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="default: fedwarden-support-ID.tar.gz here / 输出文件")
    ] = None,
    as_json: Json = False,
) -> None:
    """One archive about a job for whoever helps: no row, id, name or secret in it. / 打包排查资料，不含数据与秘密。

    \b
    fedwarden support 202611231845120042137 --out help.tar.gz
    """

    def work(desk: Desk) -> Fields:
        following.find_job(desk, job)
        path = (out or Path(f"fedwarden-support-{job}.tar.gz")).absolute()
        try:
            if not path.parent.is_dir():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            fields = support.write(desk, job, path)
        except OSError as error:
            raise StateError("FW-STATE-571", path=str(path), why=error.strerror or type(error).__name__) from None
        for party, code in fields["unreached"].items():
            desk.note("FW-NOTE-561", party=party, cause=code, why=messages.render(code, {}))
        return fields

    people.perform(
        "support",
        as_json,
        work,
        lambda fields: people.say("FW-SAY-580", file=fields["file"], kb=round(fields["bytes"] / 1000)),
        lambda _: ("FW-NEXT-562", {"job": job}),
    )


def add_to(app: typer.Typer) -> None:
    app.command("logs")(logs)
    app.command("support")(gather)
