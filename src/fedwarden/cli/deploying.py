"""init, deploy, destroy: what is deployed, from words or from fedwarden.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fedwarden.cli import fate_options, forms, functions, people
from fedwarden.cli.people import Fields, Json
from fedwarden.common.errors import DeployError, FedwardenError, UsageError
from fedwarden.common.files import write_atomic
from fedwarden.regulator import deletion, deployments, listing, own_hand, planning, recap, site_file, wanted
from fedwarden.regulator.desk import Desk

#: Instead of an address: a party that joined by its own hand.
JOINED = "joined"
File = Annotated[Path | None, typer.Option("-f", "--file", help="fedwarden.yaml; fedwarden init writes one / 部署文件")]
Password = Annotated[
    str, typer.Option("--password", help="of other hosts; '-': one line per host from stdin, else a file (0600)")
]


def init(
    file: Annotated[Path, typer.Option("-f", "--file", help="where to / 写到何处")] = Path(site_file.TEMPLATE),
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there / 覆盖已有文件")] = False,
    as_json: Json = False,
) -> None:
    """Write fedwarden.yaml with every field and its meaning. / 生成带全部字段说明的部署文件。

    \b
    fedwarden init
    """
    if file.exists() and not force:
        raise UsageError("FW-USE-444", path=str(file))
    write_atomic(file, site_file.template().encode())
    if as_json:
        forms.say(forms.success_json("init", [], path=str(file)))
        return
    people.say("FW-SAY-440", path=str(file))
    people.say("FW-NEXT-440", path=str(file))


def deploy(
    file: File = None,
    party: Annotated[
        list[str] | None,
        typer.Option("--party", metavar="ID=IP", help="one per party; ID=joined: its own agent / 每方一个"),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="only show what would change / 仅显示将要变更的内容")] = False,
    engine: Annotated[str, typer.Option(help="with --party: native or fate / 与 --party 同用")] = "native",
    password: Password = "",
    images: Annotated[str, typer.Option(help="fate: archive of images for hosts that lack them / 镜像归档")] = "",
    registry: Annotated[str, typer.Option(help="fate: stands before the images' names / 镜像仓库前缀")] = "",
    fate_version: Annotated[str, typer.Option(help="fate: 1.4.4 (default) or 1.11.2 / FATE 版本")] = "",
    subnets: Annotated[str, typer.Option(help="fate: private network to cut clusters' from / 集群网段")] = "",
    opened: Annotated[
        list[str] | None, typer.Option("--open", help="fate: flow, inference, board, notebook, admin / 对外开放的服务")
    ] = None,
    notebook: Annotated[bool, typer.Option("--notebook", help="fate: run its notebook too / 运行 notebook")] = False,
    arbiter: Annotated[int, typer.Option(help="fate: the arbiter of every job / 固定的 arbiter")] = 0,
    start_seconds: Annotated[int, typer.Option(help="fate: how long it may take to start / 启动等待秒数")] = 0,
    as_json: Json = False,
) -> None:
    """Make keys and start one agent per party; ends with a secure addition between all. / 部署各参与方代理。

    \b
    fedwarden deploy -f fedwarden.yaml --plan
    fedwarden deploy --party 1=127.0.0.1 --party 2=127.0.0.1
    """
    asked = _wanted(file, party, engine)
    fate = {
        "images": images,
        "registry": registry,
        "fate-version": fate_version,
        "subnets": subnets,
        "open": opened,
        "notebook": notebook,
        "arbiter": arbiter,
        "start-seconds": start_seconds,
    }

    def work(desk: Desk) -> Fields:
        if plan:
            return planning.summary(deployments.plan(desk, asked))
        bare = [it.ip for it in asked.entries if it.party and not it.join and "login" not in it.details]
        functions.grant(desk, list(dict.fromkeys(bare)), password)
        fate_options.grant(desk, asked.engine, fate)
        try:
            site, made = deployments.apply(desk, asked)
        except FedwardenError as error:
            _recap_of(error, desk, as_json)
            raise
        parties = {str(member.party): member.host for member in site.members if member.party}
        done = planning.summary(made) | {"deployment": site.deployment}
        return {**done, "parties": parties, "recap": recap.plain(desk.recap)}

    def show(fields: Fields) -> None:
        if plan:
            _show_plan(fields)
            return
        people.say("FW-SAY-001", deployed=" ".join(f"{key}={ip}" for key, ip in fields["parties"].items()))
        if fields["changed"]:
            people.say("FW-SAY-002")
        _show_recap(fields["recap"])

    def following(fields: Fields) -> tuple[str, Fields]:
        return ("FW-NEXT-441" if plan and fields["changed"] else "FW-NEXT-001"), {}

    people.perform("plan" if plan else "deploy", as_json, work, show, following)


def _wanted(file: Path | None, party: list[str] | None, engine: str) -> wanted.Wanted:
    if (file is None) == (not party):
        raise UsageError("FW-USE-445")
    if file is not None:
        return wanted.of_file(site_file.read(file))
    pairs = [people.pair(text, "--party") for text in party or []]
    ids = [(functions.party_id(left), right) for left, right in pairs]
    placed = [(party_id, ip) for party_id, ip in ids if ip != JOINED]
    joined = [party_id for party_id, ip in ids if ip == JOINED]
    return wanted.of_lists([party_id for party_id, _ in placed], [ip for _, ip in placed], engine, joined)


def _show_plan(fields: Fields) -> None:
    if not fields["changed"]:
        people.say("FW-SAY-441")
    shown = people.table("host", "party", "action", "why")
    for step in fields["steps"]:
        shown.add_row(step["host"] or "-", str(step["party"]), step["action"], ", ".join(step["why"]))
    people.console().print(shown)
    for one in fields["missing"]:
        forms.say(f"{one['message']}. {one['fix']}")


def _recap_of(error: FedwardenError, desk: Desk, as_json: bool) -> None:
    error.beside["recap"] = recap.plain(desk.recap)
    if not as_json:
        _show_recap(error.beside["recap"])


def _show_recap(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        forms.say("{host:<15} : ok={ok} changed={changed} failed={failed}".format(**row))


def destroy(
    file: File = None,
    party: Annotated[
        list[str] | None,
        typer.Option("--party", metavar="ID=IP", help="default: the current deployment / 默认当前部署"),
    ] = None,
    password: Password = "",
    purge: Annotated[bool, typer.Option("--purge", help="the data of FATE clusters too / 同时销毁 FATE 数据")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask / 不再询问")] = False,
    as_json: Json = False,
) -> None:
    """Stop a deployment's agents and remove keys and models; job history and tables stay. / 删除部署。

    \b
    fedwarden destroy --yes
    """

    def work(desk: Desk) -> Fields:
        try:
            return remove(desk)
        except DeployError as error:
            if error.code != "FW-DEP-001":
                raise
            return {"deleted": "", "recap": []}  # safe to repeat: it is as it was asked to be

    def remove(desk: Desk) -> Fields:
        parties = _parties(desk, file, party)
        shown = " ".join(f"{key}={ip}" for key, ip in parties.items())
        if not yes:
            people.confirm("destroy", "FW-SAY-011", as_json, deployed=shown)
        ids, ips = [functions.party_id(text) for text in parties], list(parties.values())
        functions.grant(desk, list(dict.fromkeys(ips)), password)
        desk.purge = purge
        try:
            return {"deleted": deletion.delete(desk, ids, ips), "recap": recap.plain(desk.recap)}
        except FedwardenError as error:
            _recap_of(error, desk, as_json)
            raise

    def show(fields: Fields) -> None:
        if not fields["deleted"]:
            people.say("FW-SAY-770")
            return
        people.say("FW-SAY-008", deployed=fields["deleted"])
        _show_recap(fields["recap"])

    people.perform("destroy", as_json, work, show, lambda _: ("FW-NEXT-007", {}))


def _parties(desk: Desk, file: Path | None, party: list[str] | None) -> dict[str, str]:
    """Those that the regulator deployed; where there are none, those that joined by their own hand."""
    if file is None and not party:
        return _current(desk)
    asked = _wanted(file, party, "native")
    ways = asked.reached or own_hand.placed(desk, asked)[0].addresses
    return {str(party_id): ip for party_id, ip in ways.items()}


def _current(desk: Desk) -> dict[str, str]:
    found = next((it for it in listing.deployments(desk) if it["current"]), None)
    if found is None:
        raise DeployError("FW-DEP-001")
    parties: dict[str, str] = found["parties"]
    return parties


def add_to(app: typer.Typer) -> None:
    every: tuple[Any, ...] = (init, deploy, destroy)
    for verb in every:
        app.command(verb.__name__)(verb)
