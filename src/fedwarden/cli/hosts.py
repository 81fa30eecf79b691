"""Verbs about other hosts: doctor, bundle, hosts. ``add_to(app)`` puts them into the ``fedwarden`` command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from fedwarden.cli import forms, people
from fedwarden.cli.headings import heading
from fedwarden.common.errors import UsageError
from fedwarden.common.usual_ports import USUAL
from fedwarden.regulator import site_file
from fedwarden.regulator.addresses import ipv4
from fedwarden.regulator.places import Places
from fedwarden.remote.access import Access
from fedwarden.remote.hostkeys import HostKeys
from fedwarden.remote.login import password_file, password_lines

PORTS = (USUAL["control"], USUAL["data"])
Json = Annotated[bool, typer.Option("--json", help="strict JSON on stdout / 输出 JSON")]


def doctor(
    hosts: Annotated[
        list[str] | None, typer.Argument(metavar="[USER@]IP[:PORT]...", help="root@ if not told / 默认 root")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="all hosts of fedwarden.yaml / 部署文件中的全部主机")
    ] = None,
    password: Annotated[
        str, typer.Option("--password", help="'-': one line per host from stdin; else a file (0600) / 标准输入或文件")
    ] = "",
    as_json: Json = False,
) -> None:
    """Look at all hosts at once: SSH, Python, disk, clock, ports, who reaches whom. / 一次检查所有主机。

    fedwarden doctor 10.0.0.1 10.0.0.2 --password -
    fedwarden doctor -f fedwarden.yaml
    """
    from fedwarden.regulator import certificates, examining
    from fedwarden.regulator.opening import open_desk

    if bool(hosts) == (file is not None):
        raise UsageError("FW-USE-446")
    if file is not None:
        asked = examining.of_file(site_file.read(file))
    else:
        asked = examining.Asked(means={place_of(host): {} for host in hosts or []}, ports=PORTS)
    bare = [place for place, means in asked.means.items() if not means]
    addresses = [place.rpartition("@")[2].rpartition(":")[0] for place in bare]
    access = Access(dict(zip(addresses, _passwords(password, len(bare)), strict=False)))
    report, notices = examining.examine(Places().home, asked, access)
    with open_desk() as desk:
        certificates.note_expiring(desk)
        report = msgspec.structs.replace(report, findings=[*report.findings, *examining.own_hands(desk, asked)])
        notices = [*notices, *desk.notices]
    if as_json:
        typer.echo(msgspec.json.encode({**msgspec.structs.asdict(report), "notices": forms.plain(notices)}).decode())
    else:
        for notice in notices:
            typer.echo(forms.noted(notice))
        for finding in report.findings:
            typer.echo(f"{heading(finding.severity)}: {forms.sentence(finding)}")
        for one in report.reach:
            took = "" if one.milliseconds is None else f" {one.milliseconds:.0f} ms"
            typer.echo(f"{one.source} → {one.target}  {one.how}{took}")
        people.say("FW-SAY-710" if report.good else "FW-SAY-711", hosts=len(report.facts))
        if report.good and file is not None:
            people.say("FW-NEXT-710", file=str(file))
    raise typer.Exit(0 if report.good else 1)


def bundle(
    python: Annotated[
        str,
        typer.Option(help="the hosts' Python, or a tar archive of one to carry along / 主机的 Python 版本或其 tar 包"),
    ] = "3.11",
    arch: Annotated[str, typer.Option(help="x86_64 or aarch64; of an archive: its own")] = "x86_64",
    as_json: Json = False,
) -> None:
    """Build what a host without Internet needs, or this regulator itself. / 制作离线安装包。

    fedwarden bundle --python 3.12 --arch aarch64
    fedwarden bundle --python cpython-3.12-linux-x86_64.tar.gz
    """
    from fedwarden.remote import interpreters
    from fedwarden.remote.bundle import Bundles
    from fedwarden.remote.target import Target

    bundles, carried = Bundles(Places().home), None
    if Path(python).is_file():
        interpreters.examine(Path(python))  # nothing is made for a file that is none
        Places().make()
        along = interpreters.keep(Path(python), bundles.interpreters)
        carried, python, arch = Path(along.path), along.python, along.arch
    if python not in ("3.11", "3.12", "3.13"):
        raise UsageError("FW-USE-026", option="--python", found=python[:40], known=["3.11", "3.12", "3.13"])
    if arch not in ("x86_64", "aarch64"):
        raise UsageError("FW-USE-026", option="--arch", found=arch[:40], known=["x86_64", "aarch64"])
    Places().make()
    made = bundles.make(Target(python=python, arch=arch, glibc="2.28"), carried)
    if as_json:
        forms.say(forms.success_json("bundle", [], **msgspec.to_builtins(made)))
        return
    typer.echo(f"{made.path}\n{made.size / 1e6:.0f} MB, {made.seconds} s")
    typer.echo(f"Next: tar -xf {Path(made.path).name} && sh fedwarden-bundle/install.sh FOLDER")


def known_hosts(
    forget: Annotated[str, typer.Option(help="IP[:PORT] whose key its operator confirmed to be new")] = "",
    as_json: Json = False,
) -> None:
    """The host keys on record. / 已记录的主机密钥。"""
    keys = HostKeys(Places().home)
    if forget:
        address = place_of(forget).rpartition("@")[2]
        if not keys.forget(address):
            raise UsageError("FW-USE-026", option="--forget", found=address, known=sorted(keys.all()))
    known = keys.all()
    if as_json:
        forms.say(forms.success_json("hosts", [], hosts=msgspec.to_builtins(known)))
        return
    if not known:
        people.say("FW-SAY-012")
    for address, one in sorted(known.items()):
        typer.echo(f"{address}  {one.fingerprint}  {one.enrolled}")


def add_to(app: typer.Typer) -> None:
    app.command("doctor")(doctor)
    app.command("bundle")(bundle)
    app.command("hosts")(known_hosts)


def place_of(text: str) -> str:
    """``user@ip:port`` of ``[user@]ip[:port]``. Raises UsageError FW-USE-010."""
    user, _, rest = text.rpartition("@")
    host, _, port = rest.partition(":")
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise UsageError("FW-USE-010", found=text[:40])
    return f"{user or 'root'}@{ipv4(host)}:{port or 22}"


def _passwords(source: str, count: int) -> list[str]:
    if not source:
        return []
    return password_lines(count, "password") if source == "-" else [password_file(Path(source))] * count
