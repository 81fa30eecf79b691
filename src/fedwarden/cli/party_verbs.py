"""``fedwarden party …``: what a party's own operator does on the party's host. Nothing here is the regulator's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from fedwarden.cli import durations, forms, functions, people
from fedwarden.cli.people import Fields, Json, confirm
from fedwarden.common.usual_ports import USUAL

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="the agent's folder; else FEDWARDEN_PARTY_HOME / 代理目录")
]


def _do(
    verb: str,
    as_json: bool,
    work: Callable[[], Fields],
    show: Callable[[Fields], None],
    following: tuple[str, Fields] | None = None,
) -> None:
    people.perform(f"party {verb}", as_json, lambda _: work(), show, (lambda _: following) if following else None)


def join(
    invitation: Annotated[str, typer.Argument(metavar="INVITATION", help="file from the regulator, or - / 邀请文件")],
    home: HomeOption = None,
    bind: Annotated[str, typer.Option(help="address to listen on; default: --advertise / 监听地址")] = "",
    advertise: Annotated[str, typer.Option(help="address that others dial / 供他方连接的地址")] = "",
    control_port: Annotated[int, typer.Option(min=1, max=65000, help="or the next free one / 控制端口")] = USUAL[
        "control"
    ],
    data_port: Annotated[int, typer.Option(min=1, max=65000, help="or the next free one / 数据端口")] = USUAL["data"],
    serving_port: Annotated[int, typer.Option(min=1, max=65000, help="loopback / 本机预测端口")] = USUAL["serving"],
    policy: Annotated[Path | None, typer.Option(help="policy.yaml to begin with / 初始策略文件")] = None,
    wait: Annotated[str, typer.Option(help="for the regulator's approval / 等待批准的时长")] = "1h",
    as_json: Json = False,
) -> None:
    """Join a regulator's federation: the key is made here, the agent runs here. / 凭邀请加入，密钥与代理均在本机。

    \b
    fedwarden party join invitation.txt --policy policy.yaml
    """
    from fedwarden.party import hand

    def tell(code: str, params: dict[str, Any]) -> None:
        if not as_json:
            people.say(code, **params)

    def show(fields: Fields) -> None:
        people.say("FW-SAY-527" if fields["deployment"] else "FW-SAY-528", **fields)
        for peer in fields["peers"]:
            people.say("FW-SAY-529", **peer)

    wishes = hand.wishes(
        bind, advertise, policy, durations.seconds(wait, "--wait"), (control_port, data_port, serving_port)
    )
    _do("join", as_json, lambda: hand.join(invitation, hand.place(home), wishes, tell), show, ("FW-NEXT-523", {}))


def leave(
    home: HomeOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask / 不再询问")] = False,
    as_json: Json = False,
) -> None:
    """Leave: tell the regulator, stop the agent, remove keys and models; source tables stay. / 退出联邦，源数据不动。

    \b
    fedwarden party leave --yes
    """
    from fedwarden.party import hand

    place = hand.place(home)

    def show(fields: Fields) -> None:
        people.say("FW-SAY-530", **fields)
        if fields["told"]:
            people.say("FW-NOTE-522", party=fields["party"], why=fields["told"])
        if fields["stays"]:
            people.say("FW-SAY-531", home=str(place.root), files=fields["stays"])

    def work() -> Fields:
        if not yes:
            confirm("party leave", "FW-SAY-532", as_json, home=str(place.root))
        return hand.leave(place)

    _do("leave", as_json, work, show)


def start(home: HomeOption = None, as_json: Json = False) -> None:
    """Start this party's agent, or find it running. / 启动本方代理。

    \b
    fedwarden party start
    """
    from fedwarden.party import hand

    show = lambda fields: people.say("FW-SAY-533", **fields)  # noqa: E731
    _do("start", as_json, lambda: hand.start(hand.place(home)), show, ("FW-NEXT-523", {}))


def stop(home: HomeOption = None, as_json: Json = False) -> None:
    """Stop this party's agent; jobs that run here end as failed. / 停止本方代理，运行中的任务将失败。

    \b
    fedwarden party stop
    """
    from fedwarden.party import hand

    show = lambda fields: people.say("FW-SAY-534", **fields)  # noqa: E731
    _do("stop", as_json, lambda: hand.stop(hand.place(home)), show, ("FW-NEXT-524", {}))


def peers(home: HomeOption = None, as_json: Json = False) -> None:
    """The keys of other parties that this agent accepts. / 本方代理接受的各方密钥指纹。

    \b
    fedwarden party peers
    """
    from fedwarden.party import hand

    def show(fields: Fields) -> None:
        table = people.table("party", "fingerprint", "host", "confirmed")
        for it in fields["peers"]:
            table.add_row(str(it["party"]), it["fingerprint"], it["host"] or "-", "yes" if it["confirmed"] else "no")
        people.console().print(table)

    _do("peers", as_json, lambda: {"peers": hand.peers(hand.place(home))}, show, ("FW-NEXT-525", {}))


def pin(
    party: Annotated[str, typer.Argument(metavar="ID", help="the peer / 对方编号")],
    fingerprint: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="as its operator says / 对方告知的指纹")],
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """Confirm a peer's key after comparing it with its operator by other means. / 线下核对后确认对方密钥。

    \b
    fedwarden party pin 2 3b0c…
    """
    from fedwarden.party import hand

    show = lambda fields: people.say("FW-SAY-535", **fields)  # noqa: E731
    number = 0 if party == "0" else functions.party_id(party)
    _do("pin", as_json, lambda: hand.pin(hand.place(home), number, fingerprint), show, ("FW-NEXT-523", {}))


def policy(
    home: HomeOption = None,
    check: Annotated[Path | None, typer.Option(help="look at this file instead / 只检查该文件")] = None,
    template: Annotated[bool, typer.Option("--template", help="print a commented one / 输出带注释的模板")] = False,
    as_json: Json = False,
) -> None:
    """The rules that this party's agent obeys, all of them. / 本方代理遵守的全部规则。

    \b
    fedwarden party policy --check policy.yaml
    """
    from fedwarden.party import hand

    if template:
        forms.say_lines(hand.policy_template())
        return
    show = lambda fields: forms.say_lines(yaml.safe_dump(fields["policy"], sort_keys=False))  # noqa: E731
    _do("policy", as_json, lambda: {"policy": hand.policy_in_force(hand.place(home), check)}, show, ("FW-NEXT-523", {}))


def token_create(
    service: Annotated[list[str], typer.Option("--service", help="a service it may ask for / 可调用的服务名")],
    valid: Annotated[str, typer.Option(help="how long / 有效期")] = "30d",
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """A token for online predictions from other hosts; shown once. / 创建在线预测令牌，仅显示一次。

    \b
    fedwarden party token create --service credit --valid 90d
    """
    from fedwarden.party import hand

    seconds = durations.seconds(valid, "--valid")
    show = lambda fields: people.say("FW-SAY-536", **fields)  # noqa: E731
    _do(
        "token create",
        as_json,
        lambda: hand.token_create(hand.place(home), service, seconds),
        show,
        ("FW-NEXT-526", {}),
    )


def token_list(home: HomeOption = None, as_json: Json = False) -> None:
    """Tokens and what they are for; never the tokens themselves. / 已有令牌及其用途。

    \b
    fedwarden party token list
    """
    from fedwarden.party import hand

    def show(fields: Fields) -> None:
        table = people.table("id", "services", "created", "expires")
        for it in fields["tokens"]:
            table.add_row(it["id"], " ".join(it["services"]), it["created"], it["expires"])
        people.console().print(table)

    _do("token list", as_json, lambda: {"tokens": hand.tokens(hand.place(home))}, show, ("FW-NEXT-526", {}))


def token_revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="of party token list / 令牌编号")],
    home: HomeOption = None,
    as_json: Json = False,
) -> None:
    """Take a token back; the next request with it is refused. / 吊销令牌，立即生效。

    \b
    fedwarden party token revoke t1
    """
    from fedwarden.party import hand

    show = lambda fields: people.say("FW-SAY-537", **fields)  # noqa: E731
    _do("token revoke", as_json, lambda: hand.token_revoke(hand.place(home), token), show, ("FW-NEXT-526", {}))


def convert(
    source: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV or TSV, UTF-8 / CSV 或 TSV，UTF-8")],
    target: Annotated[Path, typer.Argument(metavar="PARQUET", help="file to write / 要写出的文件")],
    id_column: Annotated[str | None, typer.Option("--id-column", help="else the first / 默认第一列")] = None,
    as_json: Json = False,
) -> None:
    """Rewrite a table as Parquet, which can be read by columns when it is large. / 将大表转换为 Parquet。

    \b
    fedwarden party convert bank.csv bank.parquet
    """
    from fedwarden.party import hand

    show = lambda fields: people.say("FW-SAY-420", **fields)  # noqa: E731
    _do("convert", as_json, lambda: hand.convert(source, target, id_column), show, ("FW-NEXT-420", {}))


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="A party's own hand on its agent. / 参与方自管。"
    )
    for verb in (join, leave, start, stop, peers, pin, policy, convert):
        group.command(verb.__name__)(verb)
    tokens = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Tokens for online predictions. / 预测令牌。"
    )
    for name, one in (("create", token_create), ("list", token_list), ("revoke", token_revoke)):
        tokens.command(name)(one)
    group.add_typer(tokens, name="token")
    app.add_typer(group, name="party")
