"""The functions of script.py apart from predict: from words to the regulator, and back to the promised lines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, cast

from fedwarden.cli import fate_options, forms
from fedwarden.cli.words import Words
from fedwarden.common import options
from fedwarden.common.api import Notice
from fedwarden.common.errors import DeployError, FedwardenError, UsageError
from fedwarden.regulator import deletion, deployments, following, publishing, submitting, uploads
from fedwarden.regulator.addresses import ipv4, is_own
from fedwarden.regulator.deployments import current
from fedwarden.regulator.desk import Desk
from fedwarden.regulator.opening import open_desk
from fedwarden.remote.access import Access
from fedwarden.remote.login import password_file, password_lines

Output = tuple[list[str], dict[str, Any]]
_ID = re.compile(r"[0-9]{1,10}", re.ASCII)


def run(given: Words, notices: list[Notice]) -> Output:
    """The lines of the old form and the fields of strict JSON."""
    with open_desk() as desk:
        desk.progress = forms.tell
        try:
            if given.has("password") and not given.has("id"):
                _access_as_deployed(desk, given)
            return _FUNCTIONS[given.function](desk, given)
        finally:
            notices.extend(desk.notices)


def party_id(text: str) -> int:
    """Raises UsageError FW-USE-007."""
    if _ID.fullmatch(text) is None or not 1 <= int(text) <= 2**31 - 1:
        raise UsageError("FW-USE-007", found=text[:40])
    return int(text)


def _parties(given: Words) -> tuple[list[int], list[str]]:
    ids, ips = [party_id(text) for text in given.many("id")], given.many("ip")
    if len(ids) != len(ips):
        raise UsageError("FW-USE-009", ids=len(ids), ips=len(ips))
    passwords = given.many("password")
    if given.has("password") and len(passwords) != len(ids) and passwords != ["-"]:
        raise UsageError("FW-USE-011", passwords=len(passwords), parties=len(ids))
    return ids, ips


def _access(desk: Desk, given: Words, ips: list[str]) -> None:
    """Passwords of hosts that are not this machine; for this machine they are never looked at."""
    abroad = [not is_own(ip) for ip in map(ipv4, ips)]
    if not given.has("password") or not any(abroad):
        return
    passwords = given.many("password")
    if passwords == ["-"]:
        passwords = password_lines(len(ips), "password")
    else:
        desk.note("FW-NOTE-161")
    pairs = zip(ips, passwords, abroad, strict=True)
    desk.access = Access({ipv4(ip): password for ip, password, far in pairs if far})


def _access_as_deployed(desk: Desk, given: Words) -> None:
    """One password for each party of the current deployment, lowest id first, as at its deploy. Raises DeployError
    FW-DEP-001; UsageError FW-USE-011."""
    if not desk.places.store.exists():
        raise DeployError("FW-DEP-001")
    with desk.store.begin() as session:
        ips = [it.ip for it in sorted(current(session).parties, key=lambda it: it.party) if it.party]
    passwords = given.many("password")
    if passwords != ["-"] and len(passwords) != len(ips):
        raise UsageError("FW-USE-011", passwords=len(passwords), parties=len(ips))
    _access(desk, given, ips)


def grant(desk: Desk, ips: list[str], source: str) -> None:
    """Passwords of other hosts from a file, or from stdin (``-``, one line per host); none for this machine."""
    abroad = [ip for ip in map(ipv4, ips) if not is_own(ip)]
    if not source or not abroad:
        return
    if source == "-":
        passwords = password_lines(len(abroad), "password")
    else:
        passwords = [password_file(Path(source))] * len(abroad)
    desk.access = Access(dict(zip(abroad, passwords, strict=True)))


def _deploy(desk: Desk, given: Words) -> Output:
    ids, ips = _parties(given)
    _access(desk, given, ips)
    engine = given.one("engine") or "native"
    fate_options.grant(desk, engine, _fate(given))
    site = deployments.deploy(desk, ids, ips, engine)
    parties = {str(member.party): member.host for member in site.members if member.party}
    return ["deploy success."], {"deployment": site.deployment, "parties": parties}


def _fate(given: Words) -> dict[str, Any]:
    return {
        **{name: given.one(name.replace("-", "_")) for name in ("images", "registry", "fate-version", "subnets")},
        "open": given.many("open"),
        "notebook": given.has("notebook"),
        "arbiter": fate_options.number(given.one("arbiter"), "--arbiter"),
        "start-seconds": fate_options.number(given.one("start_seconds"), "--start-seconds"),
    }


def _delete(desk: Desk, given: Words) -> Output:
    ids, ips = _parties(given)
    _access(desk, given, ips)
    desk.purge = given.has("purge")
    return ["delete success."], {"deleted": deletion.delete(desk, ids, ips)}


def _upload(desk: Desk, given: Words) -> Output:
    pairs = given.many("hp")
    if len(pairs) % 2:
        raise UsageError("FW-USE-013", option="-hp", count=len(pairs))
    guest = (party_id(given.many("gp")[0]), given.many("gp")[1])
    hosts = [(party_id(pairs[k]), pairs[k + 1]) for k in range(0, len(pairs), 2)]
    form = table_form(given.one("label"), given.one("id_column"), given.one("encoding"), given.one("missing"))
    found = uploads.upload(desk, given.need("project"), guest, hosts, form)
    tables = [
        {"role": it.role, "rows": it.rows, "features": it.features, "sha256": it.sha256, "dataset_id": it.dataset_id}
        for it in found
    ]
    return ["upload success."], {"project": given.need("project"), "tables": tables}


def table_form(
    label: str | None, id_column: str | None, encoding: str | None, missing: str | None
) -> uploads.TableForm:
    """Raises UsageError FW-USE-026."""
    if missing not in (None, "refuse", "mean"):
        raise UsageError("FW-USE-026", option="--missing", found=missing[:40], known=["refuse", "mean"])
    choice = cast(Literal["refuse", "mean"], missing or "refuse")
    return uploads.TableForm(label if label is not None else "y", id_column, encoding, choice)


def _submit(desk: Desk, given: Words) -> Output:
    if given.need("m") not in ("0", "1"):
        raise UsageError("FW-USE-016", found=given.need("m")[:40])
    config = given.one("config")
    chosen = options.read_config(Path(config)) if config is not None else {}
    spec = submitting.submit(desk, given.need("project"), given.need("algorithm"), int(given.need("m")), chosen)
    fields = {"model_id": spec.model_id, "model_version": spec.job_id, "jobid": spec.job_id}
    return [repr({"retcode": 0, **fields})], {**fields, "privacy": spec.privacy, "options": spec.options}


def _query(desk: Desk, given: Words) -> Output:
    seen = following.query(desk, given.need("jid"))
    roles = [{"role": role, "party": seen.records[role].party, "state": seen.state} for role in seen.roles]
    if seen.row.cause is not None:
        error = FedwardenError.from_dict(seen.row.cause)
        desk.note("FW-NOTE-008", cause=error.code, why=error.message(), fix=error.fix())
    return [*seen.words], {"job_id": seen.row.id, "state": seen.state, "roles": roles, "cause": seen.row.cause}


def _load_bind(desk: Desk, given: Words) -> Output:
    before = publishing.load_bind(desk, given.need("mid"), given.need("mver"), given.need("mname"), given.one("sid"))
    return ["load_bind success."], {"name": given.need("mname"), "version": given.need("mver"), "before": before}


_FUNCTIONS = {
    "deploy": _deploy,
    "delete": _delete,
    "upload": _upload,
    "submit": _submit,
    "query": _query,
    "load_bind": _load_bind,
}
