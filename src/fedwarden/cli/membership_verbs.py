"""invite, enrol, invitations, approve, certs: who belongs, as the regulator decides it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from fedwarden.cli import durations, forms, functions, people
from fedwarden.cli.people import Fields, Json, confirm
from fedwarden.common.errors import UsageError
from fedwarden.common.files import write_atomic
from fedwarden.common.membership import invitation_text
from fedwarden.regulator import certificates, invitations
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.opening import open_desk


def invite(
    party: Annotated[str, typer.Option("--party", metavar="ID", help="whom / 参与方编号")],
    at: Annotated[str, typer.Option("--at", metavar="ADDRESS:PORT", help="where `enrol` listens / 登记服务地址")],
    valid: Annotated[str, typer.Option(help="how long / 有效期")] = "24h",
    output: Annotated[Path | None, typer.Option(help="a file (0600) instead of stdout / 写入文件")] = None,
    as_json: Json = False,
) -> None:
    """A one-time invitation for a party that runs its own agent. / 为自管代理的参与方生成一次性邀请。

    \b
    fedwarden invite --party 3 --at 192.168.1.10:9490 --output invitation.txt
    """
    from fedwarden.regulator.enrolment import parse_place

    number, seconds = functions.party_id(party), durations.seconds(valid, "--valid")
    parse_place(at)

    def work(desk: Desk) -> Fields:
        made = invitations.invite(desk, number, at, seconds)
        text = invitation_text(made)
        if output is not None:
            write_atomic(output, text.encode() + b"\n")
        fields = {"party": number, "expires": made.expires, "authority": made.authority}
        return {**fields, **({"file": str(output)} if output is not None else {"invitation": text})}

    def show(fields: Fields) -> None:
        if "invitation" in fields:
            forms.say(fields["invitation"])
        people.say("FW-SAY-520", **fields)

    people.perform("invite", as_json, work, show, lambda _: ("FW-NEXT-520", {"at": at}))


def enrol(
    listen: Annotated[str, typer.Option("--listen", metavar="ADDRESS:PORT", help="where / 监听地址")],
    duration: Annotated[str, typer.Option("--for", help="how long / 运行时长")] = "1h",
    as_json: Json = False,
) -> None:
    """Listen for invited parties that join or leave, for a while; Ctrl-C ends it. / 限时接收参与方的加入与退出。

    \b
    fedwarden enrol --listen 192.168.1.10:9490 --for 2h
    """
    from fedwarden.cli.script import Interrupted
    from fedwarden.regulator.enrolment import EnrolmentListener, parse_place

    place, seconds = parse_place(listen), durations.seconds(duration, "--for")
    events: list[dict[str, Any]] = []

    def tell(code: str, params: dict[str, Any]) -> None:
        events.append({"code": code, "params": params})
        if not as_json:
            people.say(code, **params)

    def work(desk: Desk) -> Fields:
        with desk.changing(create=True):
            pass  # the store and the authority are there from now on
        with EnrolmentListener(open_desk, *place, tell) as listener:
            tell("FW-SAY-521", {"address": f"{place[0]}:{listener.port}", "duration": duration})
            end = time.monotonic() + seconds
            seen = _told(desk, {}, tell)
            try:
                while time.monotonic() < end:
                    time.sleep(0.5)
                    seen = _told(desk, seen, tell)
            except (KeyboardInterrupt, Interrupted):
                pass
        return {"events": events}

    people.perform("enrol", as_json, work, lambda _: None, lambda _: ("FW-NEXT-522", {}))


def _told(desk: Desk, seen: dict[str, str], tell: Any) -> dict[str, str]:
    """Says which requests wait for an approval since the last look."""
    now = invitations.every(desk)
    for one in now:
        if one["state"] == "asked" and seen.get(str(one["id"])) != "asked":
            tell("FW-SAY-540", one)
    return {str(one["id"]): str(one["state"]) for one in now}


def list_invitations(
    withdraw: Annotated[str, typer.Option(metavar="ID", help="take it back, refuse the request / 撤回")] = "",
    as_json: Json = False,
) -> None:
    """Invitations and who has asked with them. / 邀请及其使用情况。

    \b
    fedwarden invitations
    """

    def work(desk: Desk) -> Fields:
        if withdraw:
            invitations.withdraw(desk, withdraw)
        return {"invitations": invitations.every(desk)}

    def show(fields: Fields) -> None:
        if not fields["invitations"]:
            people.say("FW-SAY-012")
            return
        table = people.table("id", "party", "state", "fingerprint of the key that asks", "from", "expires")
        for it in fields["invitations"]:
            table.add_row(
                *(str(it[name] or "-") for name in ("id", "party", "state", "fingerprint", "from", "expires"))
            )
        people.console().print(table)

    def next_step(fields: Fields) -> tuple[str, Fields]:
        return ("FW-NEXT-521" if fields["invitations"] else "FW-NEXT-711"), {}

    people.perform("invitations", as_json, work, show, next_step)


def approve(
    invitation: Annotated[str, typer.Argument(metavar="ID", help="of fedwarden invitations / 邀请编号")],
    fingerprint: Annotated[str, typer.Option(help="as the party's operator says it / 对方运维人员告知的指纹")],
    as_json: Json = False,
) -> None:
    """Sign a party's certificate after comparing its key's fingerprint. / 核对指纹后签发证书。

    \b
    fedwarden approve i1 --fingerprint 3b0c…
    """

    def work(desk: Desk) -> Fields:
        row = invitations.approve(desk, invitation, fingerprint)
        return {"id": row.id, "party": row.party, "fingerprint": row.fingerprint}

    people.perform(
        "approve", as_json, work, lambda fields: people.say("FW-SAY-538", **fields), lambda _: ("FW-NEXT-522", {})
    )


def certs_list(as_json: Json = False) -> None:
    """Every certificate that was issued: whose, which key, until when. / 已签发的全部证书。

    \b
    fedwarden certs list
    """

    def show(fields: Fields) -> None:
        if not fields["certificates"]:
            people.say("FW-SAY-012")
            return
        table = people.table("fingerprint", "who", "state", "ends", "days left")
        for it in fields["certificates"]:
            table.add_row(it["fingerprint"], it["who"], it["state"], it["ends"], str(it["days"]))
        people.console().print(table)

    people.perform(
        "certs list",
        as_json,
        lambda desk: {"certificates": certificates.every(desk)},
        show,
        lambda fields: ("FW-NEXT-527" if fields["certificates"] else "FW-NEXT-007", {}),
    )


def certs_rotate(
    party: Annotated[str, typer.Option("--party", metavar="ID", help="0: the arbiter's agent / 0 为仲裁方代理")] = "",
    regulator: Annotated[bool, typer.Option("--regulator", help="the regulator itself / 监管方自身")] = False,
    as_json: Json = False,
) -> None:
    """A new key and certificate, made where it is used; peers follow the old key's word. / 更换密钥与证书。

    \b
    fedwarden certs rotate --party 2
    """
    if bool(party) == regulator:
        raise UsageError("FW-USE-710", verb="certs rotate", options="--party, --regulator")

    def work(desk: Desk) -> Fields:
        if regulator:
            return {"who": "regulator", "fingerprint": certificates.rotate_regulator(desk)}
        number = certificates.parse_party(party)
        return {"who": f"party {number}", "fingerprint": certificates.rotate(desk, number).fingerprint}

    show = lambda fields: people.say("FW-SAY-539", **fields)  # noqa: E731
    people.perform("certs rotate", as_json, work, show, lambda _: ("FW-NEXT-528", {}))


def certs_revoke(
    party: Annotated[str, typer.Option("--party", metavar="ID", help="whose key / 参与方编号")],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask / 不再询问")] = False,
    as_json: Json = False,
) -> None:
    """Refuse a party's key everywhere from now on; its jobs end. / 吊销某方密钥，其任务随即终止。

    \b
    fedwarden certs revoke --party 3
    """
    number = certificates.parse_party(party)

    def work(desk: Desk) -> Fields:
        if not yes:
            confirm("certs revoke", "FW-SAY-541", as_json, party=number)
        return {"party": number, **certificates.revoke(desk, number)}

    show = lambda fields: people.say("FW-SAY-542", **fields)  # noqa: E731
    people.perform("certs revoke", as_json, work, show, lambda _: ("FW-NEXT-528", {}))


def add_to(app: typer.Typer) -> None:
    for name, verb in (("invite", invite), ("enrol", enrol), ("invitations", list_invitations), ("approve", approve)):
        app.command(name)(verb)
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Certificates and their life. / 证书管理。")
    for name, one in (("list", certs_list), ("rotate", certs_rotate), ("revoke", certs_revoke)):
        group.command(name)(one)
    app.add_typer(group, name="certs")
