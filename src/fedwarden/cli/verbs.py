"""upload, train, publish, predict, demo: the verbs of daily work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fedwarden.cli import forms, functions, people, predicting, progress
from fedwarden.cli.people import Fields, Json
from fedwarden.common import options
from fedwarden.regulator import publishing, submitting, uploads
from fedwarden.regulator.desk import Desk


def upload(
    project: Annotated[str, typer.Option(help="the project's name / 项目名")],
    guest: Annotated[str, typer.Option(metavar="ID=PATH", help="the label owner's table / 标签方及其数据路径")],
    host: Annotated[list[str], typer.Option(metavar="ID=PATH", help="one per host / 各特征方及其数据路径")],
    label: Annotated[str, typer.Option(help="the label column / 标签列名")] = "y",
    id_column: Annotated[str, typer.Option(help="default: the first column / 编号列名，默认第一列")] = "",
    encoding: Annotated[str, typer.Option(help="default: utf-8, else detected / 文本编码")] = "",
    missing: Annotated[str, typer.Option(help="empty cells: refuse or mean / 缺失值处理")] = "refuse",
    as_json: Json = False,
) -> None:
    """Have every party check and register its table in place; no row leaves its host. / 就地检查并登记数据表。

    \b
    fedwarden upload --project credit --guest 1=/data/bank.csv --host 2=/data/partner.csv
    """
    sources = [_source(guest, "--guest"), *(_source(text, "--host") for text in host)]
    form = functions.table_form(label, id_column or None, encoding or None, missing)

    def work(desk: Desk) -> Fields:
        found = uploads.upload(desk, project, sources[0], sources[1:], form)
        parties = [sources[0][0], *sorted(party for party, _ in sources[1:])]
        return {
            "project": project,
            "tables": [
                {"role": it.role, "party": party, "rows": it.rows, "features": it.features, "sha256": it.sha256}
                for it, party in zip(found, parties, strict=True)
            ],
        }

    def show(fields: Fields) -> None:
        for it in fields["tables"]:
            people.say("FW-SAY-003", **{**it, "features": len(it["features"])})

    people.perform("upload", as_json, work, show, lambda _: ("FW-NEXT-002", {"project": project}))


def _source(text: str, option: str) -> tuple[int, str]:
    left, right = people.pair(text, option)
    return functions.party_id(left), right


def train(
    project: Annotated[str, typer.Option(help="the project's name / 项目名")],
    algorithm: Annotated[str, typer.Option(help="hetero_lr, hetero_linr or example / 算法")] = "hetero_lr",
    config: Annotated[Path | None, typer.Option(help="options, YAML / 参数文件")] = None,
    mode: Annotated[int, typer.Option(help="1: at each party's agent; 0: all on this machine / 运行方式")] = 1,
    detach: Annotated[bool, typer.Option("--detach", help="do not wait for the end / 提交后立即返回")] = False,
    as_json: Json = False,
) -> None:
    """Submit a job and follow it until it ends. Ctrl-C leaves it running. / 提交训练任务并跟踪进度，Ctrl-C 仅退出查看。

    \b
    fedwarden train --project credit --algorithm hetero_lr --config options.yaml
    """
    chosen = options.read_config(config) if config is not None else {}

    def work(desk: Desk) -> Fields:
        spec = submitting.submit(desk, project, algorithm, mode, chosen)
        head = {"model_id": spec.model_id, "model_version": spec.job_id, "jobid": spec.job_id}
        if not as_json:
            people.say("FW-SAY-004", job=spec.job_id)
        if detach:
            return {**head, "state": "waiting"}
        return {**head, **progress.follow(desk, spec.job_id, quiet=as_json)}

    def following(fields: Fields) -> tuple[str, Fields]:
        done = fields["state"] == "success" and algorithm != "example"
        return "FW-NEXT-003" if done else "FW-NEXT-004", {"job": fields["jobid"]}

    people.perform("train", as_json, work, lambda _: None, following)


def publish(
    version: Annotated[str, typer.Argument(metavar="JOB", help="the job that made the model / 产生模型的任务编号")],
    name: Annotated[str, typer.Option(help="the service's name / 服务名")],
    probe_id: Annotated[
        str, typer.Option("--probe-id", help="FATE: an id that hosts know, to try it with / FATE：用于试预测的样本编号")
    ] = "",
    as_json: Json = False,
) -> None:
    """Let a service name answer with this model. / 将模型绑定到服务名。

    \b
    fedwarden publish 202611231845120042137 --name credit
    """

    def work(desk: Desk) -> Fields:
        before = publishing.load_bind(desk, None, version, name, probe_id or None)
        return {"name": name, "version": version, "before": before}

    people.perform(
        "publish",
        as_json,
        work,
        lambda _: people.say("FW-SAY-007", name=name, version=version),
        lambda _: ("FW-NEXT-005", {"name": name}),
    )


def predict(
    name: Annotated[str, typer.Argument(help="the service's name / 服务名")],
    sample: Annotated[
        str,
        typer.Option("--id", "--sample-id", help="looked up at the hosts; '-': from stdin / 样本编号，- 为标准输入"),
    ] = "",
    params: Annotated[
        str, typer.Option(help="the guest's features, with commas; '-': from stdin / 标签方特征，以逗号分隔")
    ] = "",
    as_json: Json = False,
) -> None:
    """Ask for one federated prediction; nothing of it is stored or logged. / 发起一次联邦预测，不留任何记录。

    \b
    fedwarden predict credit --id 997654160150899585
    """

    def work(desk: Desk) -> Fields:
        given = None if not params else ["-"] if params == "-" else [word.strip() for word in params.split(",")]
        values, who = predicting.from_stdin(given, sample or None)
        return predicting.fields_of(predicting.ask(name, values, who, desk.notices))

    people.perform(
        "predict",
        as_json,
        work,
        lambda fields: forms.say(f"{fields['prob']:.10f}"),
        lambda _: ("FW-NEXT-006", {}),
    )


def demo(
    clean: Annotated[
        bool, typer.Option("--clean", help="only end what a killed demo left / 仅清理被强行终止的演示")
    ] = False,
    as_json: Json = False,
) -> None:
    """Two organisations, one joint model, on this machine; leaves nothing behind. / 本机演示，不留痕迹。

    \b
    fedwarden demo
    """
    from fedwarden.cli import demo as play

    raise typer.Exit(play.clean(as_json) if clean else play.run(as_json))


def add_to(app: typer.Typer) -> None:
    every: tuple[Any, ...] = (demo, upload, train, publish, predict)
    for verb in every:
        app.command(verb.__name__)(verb)
