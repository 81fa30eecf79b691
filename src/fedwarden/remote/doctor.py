"""Looks at all hosts at once and says everything that stands in the way, each with its fix."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from fedwarden.common import messages
from fedwarden.common.errors import FedwardenError
from fedwarden.remote.facts import Facts, gather
from fedwarden.remote.fleet import Fleet
from fedwarden.remote.reach import Own, Reach, matrix
from fedwarden.remote.session import Session

#: Wheels unpacked are 640 MB; bundle, unpacking and logs need as much again.
DISK = 1500 << 20
MEMORY = 1 << 30
#: The locked wheels (llvmlite, scipy) are built for this glibc.
GLIBC = (2, 28)
CLOCK_WARNING, CLOCK_ERROR = 5.0, 300.0
ARCHITECTURES = ("x86_64", "aarch64")

Severity = Literal["error", "warning", "note"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something about one host; the sentence and its fix stand in the message catalogue."""

    host: str
    severity: Severity
    code: str
    params: dict[str, object]

    def message(self, lang: str | None = None) -> str:
        return messages.render(self.code, self.params, lang)

    def fix(self, lang: str | None = None) -> str:
        return messages.render_fix(self.code, self.params, lang)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    facts: dict[str, Facts]
    findings: list[Finding]
    reach: list[Reach]

    @property
    def good(self) -> bool:
        return not any(finding.severity == "error" for finding in self.findings)


def examine(
    fleet: Fleet,
    ports: Mapping[str, Sequence[int]],
    carried: Collection[str] = (),
    own: Own | None = None,
    roots: Mapping[str, str] | None = None,
) -> Report:
    """All hosts of ``fleet``; ``ports`` are those each place is to offer to the others, ``carried`` as in ``judge``,
    ``own`` this machine's part in who reaches whom. Never raises for a host."""

    async def look(session: Session) -> Facts:
        return await gather(session, (roots or {}).get(session.login.place, ""))

    answers = fleet.each(look)
    facts = {place: answer for place, answer in answers.items() if isinstance(answer, Facts)}
    findings = []
    for place, answer in answers.items():
        if isinstance(answer, FedwardenError):
            findings.append(Finding(host=place, severity="error", code=answer.code, params=answer.params))
        else:
            findings += judge(place, answer, ports.get(place, ()), carried)
    reach = matrix(fleet, facts, ports, own)
    findings += [_unreached(one) for one in reach if one.how != "ok"]
    return Report(facts=facts, findings=findings, reach=reach)


def judge(host: str, facts: Facts, ports: Sequence[int] = (), carried: Collection[str] = ()) -> list[Finding]:
    """What ``facts`` mean for a deployment. ``carried``: architectures for which a Python comes along where there is
    none."""
    found: list[Finding] = []

    def add(severity: Severity, code: str, **params: object) -> None:
        found.append(Finding(host=host, severity=severity, code=code, params={"host": host, **params}))

    if facts.system != "Linux" or facts.arch not in ARCHITECTURES:
        add("error", "FW-SSH-030", system=facts.system or "?", arch=facts.arch or "?")
    elif not facts.glibc or _version(facts.glibc) < GLIBC:
        add("error", "FW-SSH-031", found=facts.glibc or "-", needed=".".join(map(str, GLIBC)))
    usable = facts.python if facts.python is not None and (facts.python.venv or facts.arch not in carried) else None
    if usable is None and facts.arch in carried:
        add("note", "FW-SSH-443", arch=facts.arch)
    elif usable is None:
        shown = ", ".join(f"{one.path} {'.'.join(map(str, one.version))}" for one in facts.pythons)
        add("error", "FW-SSH-032", found=shown or "-")
    elif not usable.venv:
        add("error", "FW-SSH-033", python=usable.path)
    if facts.missing_tools:
        add("error", "FW-SSH-034", tools=facts.missing_tools)
    if not facts.writable:
        add("error", "FW-SSH-035", path=facts.root, user=facts.user)
    if facts.disk < DISK:
        add("error", "FW-SSH-036", path=facts.root, found=facts.disk >> 20, needed=DISK >> 20)
    if facts.memory < MEMORY:
        add("warning", "FW-SSH-037", found=facts.memory >> 20, needed=MEMORY >> 20)
    off = abs(facts.clock_offset) - facts.clock_error
    if off > CLOCK_WARNING:
        add("error" if off > CLOCK_ERROR else "warning", "FW-SSH-038", seconds=round(facts.clock_offset, 1))
    for port in ports:
        holder = facts.holder(port)
        if holder is not None:
            who = f"{holder.program} ({holder.pid})" if holder.pid else "?"
            add("note", "FW-SSH-039", port=port, who=who)
    if facts.uid == 0 and (not facts.agents or facts.unruled):
        add("note", "FW-SSH-040")
    return found


def _unreached(one: Reach) -> Finding:
    return Finding(
        host=one.source,
        severity="error" if one.how in ("silent", "unreachable", "no-tls") else "warning",
        code="FW-SSH-041",
        params={"host": one.source, "target": one.target, "how": one.how},
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
