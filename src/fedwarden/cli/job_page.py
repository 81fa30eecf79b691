"""One job's record as tables for people."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from fedwarden.cli import forms, people
from fedwarden.cli.headings import heading, phase
from fedwarden.common import messages
from fedwarden.common.errors import FedwardenError


def show(record: dict[str, Any], *, everything: bool = False) -> None:
    """How the job stands, what it came to, what to know about it. ``everything``: also phases, links, options, and what
    was revealed, so every part of what ``job show --json`` gives apart from what only programs want."""
    out = people.console()
    if "cause" in record:
        out.print(cause_line(record["cause"]))
    out.print(_head(record))
    if "privacy_note" in record:
        out.print(record["privacy_note"])
    for it in record["attempts"]:
        out.print(messages.render("FW-SAY-581", it))
    out.print(_roles(record))
    if everything:
        for part in _inside(record):
            out.print(part)
    if (metrics := _metrics(record, everything=everything)).rows:
        out.print(metrics)
    if everything:
        out.print(_options(record))
    for sentence, roles in _notices(record).items():
        out.print(messages.render("FW-SAY-771", {"roles": ", ".join(roles), "notice": sentence}))
    if not everything:
        out.print(messages.render("FW-SAY-772", {"job": record["job_id"]}))


def _head(record: dict[str, Any]) -> Table:
    head = people.table("job", record["job_id"])
    for name in ("state", "project", "algorithm", "mode", "model_id", "privacy", "created", "ended"):
        head.add_row(heading(name), str(record[name] if record[name] is not None else "-"))
    return head


def _roles(record: dict[str, Any]) -> Table:
    roles = people.table("role", "party", "state", "phase", "iteration", "loss", title="\nroles")
    for it in record["roles"]:
        loss = "-" if it["loss"] is None else f"{it['loss']:.6f}"
        steps = f"{it['iteration']}/{it['iterations']}" if it["iterations"] else "-"
        roles.add_row(it["role"], str(it["party"]), it["state"], phase(it["phase"]) or "-", steps, loss)
    return roles


def _inside(record: dict[str, Any]) -> list[Table]:
    phases = people.table("role", "phase", "seconds", title="\nphases")
    links = people.table("from", "to", "sent", "received", title="\nlinks")
    revealed = people.table("role", "what was revealed", "to", "count", title="\nrevealed, as each role recorded it")
    for it in record["roles"]:
        for one in it["phases"]:
            phases.add_row(it["role"], phase(one["name"]), f"{one['seconds']:.2f}")
        for peer, count in it["links"].items():
            links.add_row(it["role"], peer, people.size(count["sent"]), people.size(count["received"]))
        for line in it["revealed"]:
            what = f"{line['what']} of {line['of']}" if line.get("of") else str(line["what"])
            revealed.add_row(it["role"], what, str(line["to"]), str(line.get("count", "-")))
    return [phases, links, revealed]


def _metrics(record: dict[str, Any], *, everything: bool) -> Table:
    """Each role's own; in the short view the guest's, or of a job without a model what each role came to."""
    metrics = people.table("metric", "value", title="\nmetrics and results")
    if not everything and metrics_of(record):
        for name, value in metrics_of(record):
            metrics.add_row(name, value)
        return metrics
    for it in record["roles"]:
        for name, value in [*_flat(it["metrics"]), *_flat(it["result"])]:
            metrics.add_row(f"{it['role']} {name}", value)
    return metrics


def _options(record: dict[str, Any]) -> Table:
    options = people.table("option", "value", title="\noptions in force")
    for name, value in sorted(record["options"].items()):
        options.add_row(name, "-" if value is None else str(value))
    return options


def _notices(record: dict[str, Any]) -> dict[str, list[str]]:
    """Each sentence once, with the roles that say it."""
    said: dict[str, list[str]] = {}
    for it in record["roles"]:
        for notice in it["notices"]:
            roles = said.setdefault(messages.render(notice["code"], notice.get("params", {})), [])
            if it["role"] not in roles:
                roles.append(it["role"])
    return said


def cause_line(cause: dict[str, Any]) -> str:
    """The failing role's own error, with its code."""
    error = FedwardenError.from_dict(cause)
    who = {"role": cause.get("role", "-"), "party": cause.get("party", "-")}
    return messages.render("FW-SAY-577", {**who, "cause": error.code, "why": forms.sentence(error)})


def metrics_of(record: dict[str, Any]) -> list[tuple[str, str]]:
    """The guest's metrics, named by their place in the record."""
    return next((_flat(it["metrics"]) for it in record["roles"] if it["role"] == "guest"), [])


def _flat(value: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    out = []
    for name, inner in value.items():
        if isinstance(inner, dict):
            out += _flat(inner, f"{before}{name} ")
        elif not isinstance(inner, list):
            out.append((f"{before}{name}", f"{inner:.6g}" if isinstance(inner, float) else str(inner)))
    return out
