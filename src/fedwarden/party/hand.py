"""What the party's operator does with its own agent; the ``fedwarden party`` verbs call these and nothing else here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from fedwarden.common.api import AgentInfo, PeerParty
from fedwarden.common.errors import DeployError, FedwardenError, IdentityError, StateError, UsageError
from fedwarden.common.files import read_struct
from fedwarden.party.home import Home
from fedwarden.party.membership import joining, own_agent
from fedwarden.party.membership.invitation_file import read_invitation
from fedwarden.party.membership.pins import change_pins, read_pins
from fedwarden.party.policy import rules as policy
from fedwarden.party.serving.tokens import TokenBook

Tell = Callable[[str, dict[str, Any]], None]


def place(chosen: Path | None) -> Home:
    return Home(chosen if chosen is not None else joining.default_home())


def wishes(
    bind: str, advertise: str, rules: Path | None, seconds: float, ports: tuple[int, int, int]
) -> joining.Wishes:
    """``ports``: control, data, serving."""
    return joining.Wishes(bind, advertise, rules, seconds, own_agent.Ports(*ports))


def join(source: str, home: Home, wishes: joining.Wishes, tell: Tell) -> dict[str, Any]:
    """See ``joining.join``; ``source`` is an invitation's file, or ``-``."""
    invitation = read_invitation(source)
    welcome, member = joining.join(invitation, home, wishes, tell)
    return {
        "party": member.party,
        "home": str(home.root),
        "deployment": welcome.deployment,
        "checked": welcome.checked,
        "peers": [{"party": peer.party, "fingerprint": peer.fingerprint} for peer in welcome.peers],
    }


def leave(home: Home) -> dict[str, Any]:
    """See ``joining.leave``. ``told``: empty, or why the regulator could not be told."""
    member, told, left = joining.leave(home)
    return {
        "party": member.party,
        "told": told.message() if isinstance(told, FedwardenError) else "",
        "ended": [] if isinstance(told, FedwardenError) else told.ended,
        "stays": left,
    }


def start(home: Home) -> dict[str, Any]:
    """Raises DeployError FW-DEP-064, -524."""
    party, bind = _known(home)
    info = own_agent.start(home, party, bind)
    return {"party": party, "pid": info.pid, "control_port": info.control_port, "data_port": info.data_port}


def stop(home: Home) -> dict[str, Any]:
    """Raises DeployError FW-DEP-527, -011."""
    party, _ = _known(home)
    own_agent.stop(home, party)
    return {"party": party}


def _known(home: Home) -> tuple[int, str]:
    """Party id and address, as the agent last said, or as the party joined."""
    try:
        info = read_struct(home.agent_json, AgentInfo)
    except (FileNotFoundError, StateError):
        return joining.membership(home).party, "0.0.0.0"  # noqa: S104 - it never listened yet: everywhere
    return info.party, info.bind


def _there(home: Home) -> None:
    """Defaults of a folder that is not there would be taken for the rules of an agent that runs elsewhere."""
    if not home.root.is_dir():
        raise DeployError("FW-DEP-527", home=str(home.root))


def peers(home: Home) -> list[dict[str, Any]]:
    """The keys that are pinned here, and whether this operator confirmed them; and what was confirmed ahead.

    Raises DeployError FW-DEP-527 when there is no such folder.
    """
    _there(home)
    pinned = read_struct(home.peers_json, list[PeerParty]) if home.peers_json.exists() else []
    sure = read_pins(home.pins_json)
    found = [
        {
            "party": peer.party,
            "host": peer.host,
            "fingerprint": peer.fingerprint,
            "confirmed": sure.get(str(peer.party)) == peer.fingerprint,
        }
        for peer in pinned
    ]
    known = {peer.party for peer in pinned}
    ahead = [
        {"party": int(party), "host": "", "fingerprint": key, "confirmed": True}
        for party, key in sorted(sure.items())
        if int(party) not in known
    ]
    return found + ahead


def pin(home: Home, party: int, fingerprint: str) -> dict[str, Any]:
    """The operator's yes to a peer's key, compared with the peer by other means; also before it was introduced.

    Raises IdentityError FW-ID-533 when another key is pinned, UsageError FW-USE-062.
    """
    key = "".join(fingerprint.split()).replace(":", "").lower()
    if len(key) != 64 or not set(key) <= set("0123456789abcdef"):
        raise UsageError("FW-USE-062", what="fingerprint", found=fingerprint[:16])
    for peer in peers(home):
        if peer["party"] == party and peer["host"] and peer["fingerprint"] != key:
            raise IdentityError("FW-ID-533", party=party, pinned=peer["fingerprint"], found=key)
    change_pins(home.pins_json, lambda pins: {**pins, str(party): key})
    return {"party": party, "fingerprint": key}


def policy_in_force(home: Home, file: Path | None) -> dict[str, Any]:
    """Every rule of ``file``, or of this agent's policy. Raises StateError FW-STATE-520, DeployError FW-DEP-527."""
    if file is None:
        _there(home)
    found = policy.read(file) if file is not None else policy.PolicyBook(home.policy_yaml).now()
    return found.model_dump()


def policy_template() -> str:
    return joining.template()


def convert(source: Path, target: Path, id_column: str | None) -> dict[str, Any]:
    """See ``convert.convert``."""
    from fedwarden.party.tables import convert as conversion  # polars is imported for a table alone

    return conversion.convert(source, target, id_column)


def token_create(home: Home, services: list[str], seconds: int) -> dict[str, Any]:
    """``token`` is shown here once and nowhere else."""
    made, text = TokenBook(home.tokens_json).create(services, seconds)
    return {"id": made.id, "token": text, "services": made.services, "expires": made.expires}


def tokens(home: Home) -> list[dict[str, Any]]:
    _there(home)
    wanted = ("id", "services", "created", "expires")
    return [{name: msgspec.to_builtins(one)[name] for name in wanted} for one in TokenBook(home.tokens_json).all()]


def token_revoke(home: Home, token_id: str) -> dict[str, Any]:
    return {"id": TokenBook(home.tokens_json).revoke(token_id).id}
