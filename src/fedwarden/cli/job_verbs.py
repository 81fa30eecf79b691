"""jobs, job show, job stop, job resume, models: looking at what there is."""

from __future__ import annotations

from typing import Annotated

import typer

from fedwarden.cli import job_page, people
from fedwarden.cli.people import Fields, Json
from fedwarden.regulator import following, listing, resuming
from fedwarden.regulator.desk import Desk

JobId = Annotated[str, typer.Argument(metavar="ID", help="the job's id / 任务编号")]


def jobs(as_json: Json = False) -> None:
    """All jobs, newest first. / 全部任务，最新的在前。

    \b
    fedwarden jobs
    """

    def show(fields: Fields) -> None:
        if not fields["jobs"]:
            people.say("FW-SAY-012")
            return
        table = people.table("job", "state", "algorithm", "project", "model", "created")
        for it in fields["jobs"]:
            columns = ("job_id", "state", "algorithm", "project", "model_id", "created")
            table.add_row(*(str(it[column]) for column in columns))
        people.console().print(table)

    def next_step(fields: Fields) -> tuple[str, Fields]:
        found = fields["jobs"]
        return ("FW-NEXT-004", {"job": found[0]["job_id"]}) if found else ("FW-NEXT-007", {})

    people.perform("jobs", as_json, lambda desk: {"jobs": listing.jobs(desk)}, show, next_step)


def job_show(
    job: JobId,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="phases, links, options and what was revealed too / 另含阶段、链路、选项及已公开内容"
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """How a job stands, its metrics, and with --all what each role did and revealed to whom. / 任务详情。

    \b
    fedwarden job show 202611231845120042137 --all
    """

    def work(desk: Desk) -> Fields:
        return following.record_of(following.query(desk, job))

    def next_step(fields: Fields) -> tuple[str, Fields]:
        done = fields["state"] == "success" and fields["algorithm"] != "example"
        return "FW-NEXT-003" if done else "FW-NEXT-009", {"job": job}

    people.perform("job show", as_json, work, lambda fields: job_page.show(fields, everything=everything), next_step)


def job_stop(job: JobId, as_json: Json = False) -> None:
    """End a job as failed; returns when every role has confirmed. / 停止任务，各角色确认后返回。

    \b
    fedwarden job stop 202611231845120042137
    """

    def work(desk: Desk) -> Fields:
        seen = following.stop(desk, job)
        return {"job_id": job, "state": seen.state}

    people.perform(
        "job stop", as_json, work, lambda _: people.say("FW-SAY-009", job=job), lambda _: ("FW-NEXT-004", {"job": job})
    )


def job_resume(job: JobId, as_json: Json = False) -> None:
    """Let a failed job go on where all parties last agree, under the same id. / 让失败的任务从各方共同保存处继续。

    \b
    fedwarden job resume 202611231845120042137
    """

    def work(desk: Desk) -> Fields:
        seen = resuming.resume(desk, job)
        return {"job_id": job, "state": seen.state, "attempt": following.spec_of(seen.row).attempt}

    people.perform(
        "job resume",
        as_json,
        work,
        lambda fields: people.say("FW-SAY-500", job=job, attempt=fields["attempt"]),
        lambda _: ("FW-NEXT-004", {"job": job}),
    )


def models(as_json: Json = False) -> None:
    """Models that can be published, newest first, and the names bound to them. / 可发布的模型及其绑定名称。

    \b
    fedwarden models
    """

    def show(fields: Fields) -> None:
        if not fields["models"]:
            people.say("FW-SAY-012")
            return
        table = people.table("version", "model", "algorithm", "project", "names")
        for it in fields["models"]:
            row = (it["model_version"], it["model_id"], it["algorithm"], it["project"], " ".join(it["names"]))
            table.add_row(*row)
        people.console().print(table)

    def next_step(fields: Fields) -> tuple[str, Fields]:
        found = fields["models"]
        return ("FW-NEXT-003", {"job": found[0]["model_version"]}) if found else ("FW-NEXT-008", {})

    people.perform("models", as_json, lambda desk: {"models": listing.models(desk)}, show, next_step)


def add_to(app: typer.Typer) -> typer.Typer:
    """The group of the verbs of one job, for those who have more of them."""
    app.command("jobs")(jobs)
    app.command("models")(models)
    one = typer.Typer(
        help="One job: show, stop, resume. / 单个任务：查看、停止、续跑。", no_args_is_help=True, rich_markup_mode=None
    )
    one.command("show")(job_show)
    one.command("stop")(job_stop)
    one.command("resume")(job_resume)
    app.add_typer(one, name="job")
    return one
