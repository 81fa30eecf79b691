"""attach, detach: FATE clusters that already run; job predict, model export: what only they offer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from fedwarden.cli import functions, people
from fedwarden.cli.people import Fields, Json
from fedwarden.common.errors import UsageError
from fedwarden.regulator import attaching, offline, site_file
from fedwarden.regulator.attaching import Cluster
from fedwarden.regulator.desk import Desk, shown

Many = list[str] | None


def attach(
    party: Annotated[Many, typer.Option("--party", metavar="ID", help="the party's id / 参与方编号")] = None,
    flow: Annotated[
        Many, typer.Option("--flow", metavar="[ID=]URL", help="its FATE-Flow, http://HOST:9380 / FATE-Flow 地址")
    ] = None,
    serving: Annotated[
        Many, typer.Option("--serving", metavar="[ID=]URL", help="its serving-proxy, http://HOST:8059 / 在线预测地址")
    ] = None,
    ssh: Annotated[
        Many,
        typer.Option(
            "--ssh", metavar="[ID=]USER@HOST", help="through this host's loopback / 经 SSH 到该主机的环回地址"
        ),
    ] = None,
    lookup: Annotated[
        Many, typer.Option("--lookup", metavar="[ID=]KEY", help="what its feature adaptor calls an id / 特征适配器的键")
    ] = None,
    version: Annotated[str, typer.Option(help="auto, 1.4.4, 1.11.2, 2.2.0")] = "auto",
    engine: Annotated[str, typer.Option(help="fate")] = "fate",
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="all parties from fedwarden.yaml / 由 fedwarden.yaml 指定各方")
    ] = None,
    as_json: Json = False,
) -> None:
    """Use FATE clusters that already run; again for the next party. / 接入已运行的 FATE 集群，逐方接入。

    \b
    fedwarden attach --engine fate --party 1 --flow http://10.0.0.5:9380 --serving http://10.0.0.5:8059
    """
    if engine != "fate":
        raise UsageError("FW-USE-026", option="--engine", found=engine[:40], known=["fate"])
    if file is not None:
        if party or flow or serving or ssh or lookup:
            raise UsageError("FW-USE-604", option="--file", parties=party or ["-"])
        clusters = attaching.of_file(site_file.read(file), str(file))
    else:
        clusters = _clusters(party or [], {"flow": flow, "serving": serving, "ssh": ssh, "lookup": lookup}, version)

    def work(desk: Desk) -> Fields:
        row = attaching.attach(desk, clusters)
        parties = {
            str(it.party): {"ip": it.ip, "version": it.details["version"], "flow": it.details["flow"]}
            for it in row.parties
        }
        return {"deployment": row.id, "shown": shown(row), "parties": parties}

    def show(fields: Fields) -> None:
        versions = sorted({it["version"] for it in fields["parties"].values()})
        people.say("FW-SAY-600", deployed=fields["shown"], version=versions)

    people.perform("attach", as_json, work, show, lambda _: ("FW-NEXT-600", {}))


def _clusters(parties: list[str], given: dict[str, Many], version: str) -> list[Cluster]:
    of = {name: _by_party(f"--{name}", values or [], parties) for name, values in given.items()}
    missing = [one for one in parties if one not in of["flow"]]
    if missing or not parties:
        raise UsageError("FW-USE-604", option="--flow" if parties else "--party", parties=missing or ["-"])
    found = []
    for one in parties:
        told: dict[str, Any] = {name: values.get(one, "") for name, values in of.items()}
        found.append(Cluster(functions.party_id(one), version=version, **told))
    return found


def _by_party(option: str, values: list[str], parties: list[str]) -> dict[str, str]:
    """``ID=VALUE``, or a bare value where there is one party. Raises UsageError FW-USE-604."""
    found: dict[str, str] = {}
    for text in values:
        left, sign, right = text.partition("=")
        if sign and left in parties:
            found[left] = right
        elif len(parties) == 1 and len(values) == 1:
            found[parties[0]] = text
        else:
            raise UsageError("FW-USE-604", option=option, parties=parties)
    return found


def detach(
    drop: Annotated[
        bool, typer.Option("--drop", help="delete the tables read in through us / 删除经本程序上传的表")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask / 不再询问")] = False,
    as_json: Json = False,
) -> None:
    """Forget the attached clusters; they run on, with their models. / 解除接入，集群与模型保持不变。

    \b
    fedwarden detach --yes
    """

    def work(desk: Desk) -> Fields:
        if not yes:
            people.confirm("detach", "FW-SAY-603", as_json)
        return {"detached": attaching.detach(desk, drop=drop), "dropped": drop}

    people.perform(
        "detach",
        as_json,
        work,
        lambda fields: people.say("FW-SAY-601", deployed=fields["detached"]),
        lambda _: ("FW-NEXT-007", {}),
    )


def job_predict(
    job: Annotated[str, typer.Argument(metavar="ID", help="the training's job / 训练任务编号")],
    project: Annotated[str, typer.Option(help="whose uploaded tables are scored / 待预测数据所属项目")],
    output: Annotated[
        Path | None, typer.Option(help="also fetch the scored rows into this file (tar.gz) / 结果另存为文件")
    ] = None,
    as_json: Json = False,
) -> None:
    """Score whole tables with a trained model; the rows stay with the guest. / 批量预测，结果留在标签方。

    \b
    fedwarden job predict 202611231845120042137 --project april
    """

    def work(desk: Desk) -> Fields:
        found = offline.predict(desk, job, project, fetch=output is not None)
        fields: dict[str, Any] = {"job_id": found.job_id, "rows": found.rows, "table": found.table}
        if output is not None:
            _write(output, found.content)
            fields["file"] = str(output)
        return fields

    def show(fields: Fields) -> None:
        people.say("FW-SAY-602", rows=fields["rows"], table=fields["table"], job=fields["job_id"])

    people.perform("job predict", as_json, work, show, lambda _: ("FW-NEXT-004", {"job": job}))


def model_export(
    version: Annotated[str, typer.Argument(metavar="JOB", help="the job that made the model / 产生模型的任务编号")],
    party: Annotated[str, typer.Option(metavar="ID", help="whose part / 哪一方的部分")],
    output: Annotated[Path, typer.Option(help="the file to write / 输出文件")],
    role: Annotated[str, typer.Option(help="guest or host, where one party is both / 角色")] = "",
    as_json: Json = False,
) -> None:
    """Write one party's part of a model to a file, as its FATE exports it. / 导出某一方的模型文件。

    \b
    fedwarden model export 202611231845120042137 --party 1 --output guest.zip
    """

    def work(desk: Desk) -> Fields:
        data = offline.export(desk, version, functions.party_id(party), role)
        _write(output, data)
        return {"version": version, "party": int(party), "file": str(output), "size": len(data)}

    people.perform(
        "model export",
        as_json,
        work,
        lambda fields: people.say("FW-SAY-604", file=fields["file"], size=people.size(fields["size"])),
        lambda _: ("FW-NEXT-003", {"job": version}),
    )


def _write(path: Path, data: bytes) -> None:
    """A new file, readable by its owner only."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
        handle.write(data)


def add_to(app: typer.Typer, jobs: typer.Typer) -> None:
    app.command("attach")(attach)
    app.command("detach")(detach)
    jobs.command("predict")(job_predict)
    models = typer.Typer(help="One model: export. / 单个模型：导出。", no_args_is_help=True, rich_markup_mode=None)
    models.command("export")(model_export)
    app.add_typer(models, name="model")
