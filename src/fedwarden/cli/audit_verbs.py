"""audit show, audit verify: who did what, and whether anybody touched the record of it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from fedwarden.cli import forms, people
from fedwarden.cli.people import Fields, Json
from fedwarden.common.chain import AuditRecord
from fedwarden.common.errors import StateError
from fedwarden.regulator import auditing
from fedwarden.regulator.desk import Desk


def show(
    party: Annotated[
        int | None, typer.Option(help="that agent's log, 0: the arbiter; default: the regulator's / 该参与方代理的日志")
    ] = None,
    as_json: Json = False,
) -> None:
    """Who did what, when: the regulator's record, or an agent's. / 审计记录：监管方或某一代理。

    \b
    fedwarden audit show --party 2
    """

    def work(desk: Desk) -> Fields:
        found = auditing.chains(desk, party) if party is not None else [auditing.own(desk)]
        for chain in found:
            if chain.why is not None:
                raise chain.why
        return {"chains": [{"store": it.store, "records": [as_fields(one) for one in it.records]} for it in found]}

    def told(fields: Fields) -> None:
        for chain in fields["chains"]:
            table = people.table("no.", "when (UTC)", "who", "what", "of", "details", title=chain["store"])
            for it in chain["records"]:
                what = json.dumps(it["details"], ensure_ascii=False) if it["details"] else ""
                table.add_row(str(it["seq"]), it["at"], it["actor"], it["action"], it["subject"], what)
            people.console().print(table)

    people.perform("audit show", as_json, work, told, lambda _: ("FW-NEXT-560", {}))


def as_fields(record: AuditRecord) -> Fields:
    return {field: getattr(record, field) for field in record.__struct_fields__}


def verify(as_json: Json = False) -> None:
    """Whether every record still is what was sealed; names what is not. / 验证审计记录，指出被改动之处。

    \b
    fedwarden audit verify
    """

    def work(desk: Desk) -> Fields:
        found = auditing.verify(desk)
        fields = auditing.as_fields(found)
        damage = [error for it in found for error in it.damage]
        if damage and not as_json:
            for error in damage:
                forms.say(f"{error.message()} [{error.code}]")
        if damage:
            raise StateError("FW-STATE-569", count=len(damage), first=damage[0].message(), chains=fields)
        unread = [it for it in found if it.why is not None]
        if unread:
            stores, why = [it.store for it in unread], unread[0].why
            raise StateError("FW-STATE-570", stores=stores, why=why.message() if why else "", chains=fields)
        return {"chains": fields}

    def told(fields: Fields) -> None:
        table = people.table("audit", "records")
        for it in fields["chains"]:
            table.add_row(it["store"], str(it["records"]))
        people.console().print(table)
        people.say("FW-SAY-560", count=len(fields["chains"]))

    people.perform("audit verify", as_json, work, told, lambda _: ("FW-NEXT-561", {}))


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(help="The record of who did what. / 审计记录。", no_args_is_help=True, rich_markup_mode=None)
    group.command("show")(show)
    group.command("verify")(verify)
    app.add_typer(group, name="audit")
