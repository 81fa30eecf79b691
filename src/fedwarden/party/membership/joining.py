"""A party joins by its own hand: the key is made here, the regulator approves its fingerprint, the agent starts here.

Every step may be repeated: after an interruption the same invitation with the same key goes on.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from fedwarden.common.errors import DeployError, FedwardenError, LinkError, UsageError
from fedwarden.common.files import read_struct, write_atomic, write_struct
from fedwarden.common.membership import Arrival, Enrolment, EnrolmentState, Farewell, Invitation, Membership, Welcome
from fedwarden.identity.keys import fingerprint, read_key
from fedwarden.party.home import Home
from fedwarden.party.init import initialise
from fedwarden.party.membership import own_agent
from fedwarden.party.membership.enrolment_client import EnrolmentClient
from fedwarden.party.membership.renewal import check_certificate
from fedwarden.party.policy import rules as policy

POLL_SECONDS = 1.0
Tell = Callable[[str, dict[str, Any]], None]


class Wishes(NamedTuple):
    """``bind`` and ``advertise`` are IPv4 addresses: where the agent listens, and where others dial it. The ports are
    those to begin with; where one is taken the next free one."""

    bind: str = ""
    advertise: str = ""
    policy: Path | None = None
    seconds: float = 3600.0
    ports: own_agent.Ports = own_agent.USUAL


def join(invitation: Invitation, home: Home, wishes: Wishes, tell: Tell) -> tuple[Welcome, Membership]:
    """Returns when the agent is part of the regulator's deployment, or waits for one.

    Raises DeployError FW-DEP-525 (another party's or regulator's folder), -526 (nobody approved in time), -524 (the
    agent does not start); IdentityError FW-ID-525 … -532; LinkError FW-LINK-520; StateError FW-STATE-520 (the policy).
    """
    party = invitation.party
    if wishes.policy is not None:
        policy.read(wishes.policy)
    _check_folder(home, invitation)
    for address in (wishes.bind, wishes.advertise):
        _check_address(address)
    client = EnrolmentClient(invitation.address, invitation.authority)
    authority = client.authority()
    request = initialise(home.root, party).read_text("ascii")
    _remember(home, Membership(party=party, address=invitation.address, authority=invitation.authority))
    key = fingerprint(read_key(home.key))
    state = _approved(client, invitation, request, authority, key, wishes.seconds, tell)
    write_atomic(home.ca, authority)
    check_certificate(home, party, state.certificate.encode(), key)
    write_atomic(home.cert, state.certificate.encode())
    _write_policy(home, wishes.policy)
    advertise = wishes.advertise or client.own_address()
    bind = wishes.bind or (advertise if _own(advertise) else "0.0.0.0")  # noqa: S104
    info = own_agent.start(home, party, bind, wishes.ports)
    tell("FW-SAY-526", {"party": party, "control": info.control_port, "data": info.data_port})
    arrival = Arrival(
        host=advertise, control_port=info.control_port, data_port=info.data_port, serving_port=info.serving_port
    )
    welcome = client.arrive(home, arrival)
    joined = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    membership = Membership(party=party, address=invitation.address, authority=invitation.authority, joined=joined)
    _remember(home, membership)
    return welcome, membership


def _check_folder(home: Home, invitation: Invitation) -> None:
    """One folder is one party of one regulator: another one would take over its tables, models and pins."""
    with_other = membership(home) if home.membership_json.exists() else None
    mine = (invitation.party, invitation.authority)
    if with_other is not None and (with_other.party, with_other.authority) != mine:
        raise DeployError("FW-DEP-525", home=str(home.root), party=with_other.party)
    if with_other is None and home.key.exists():
        raise DeployError("FW-DEP-525", home=str(home.root), party="?")


def _approved(
    client: EnrolmentClient,
    invitation: Invitation,
    request: str,
    authority: bytes,
    key: str,
    seconds: float,
    tell: Tell,
) -> EnrolmentState:
    asked = Enrolment(token=invitation.token, party=invitation.party, request=request)
    end = time.monotonic() + seconds
    state = client.ask(asked, authority)
    tell("FW-SAY-525", {"party": invitation.party, "fingerprint": key, "id": state.id})
    while not state.certificate:
        if time.monotonic() > end:
            raise DeployError("FW-DEP-526", party=invitation.party, seconds=round(seconds), id=state.id)
        time.sleep(POLL_SECONDS)
        try:
            state = client.ask(asked, authority)
        except LinkError:
            if time.monotonic() > end:
                raise
    return state


def membership(home: Home) -> Membership:
    """Raises DeployError FW-DEP-527 when no party joined from this folder."""
    try:
        return read_struct(home.membership_json, Membership)
    except FileNotFoundError:
        raise DeployError("FW-DEP-527", home=str(home.root)) from None


def leave(home: Home) -> tuple[Membership, Farewell | FedwardenError, list[str]]:
    """Tells the regulator, stops the agent, removes keys, models and records. Source tables are never touched.

    Answers what the regulator said, or why it could not be told, and what is left in the folder. Raises DeployError
    FW-DEP-527, -011.
    """
    member = membership(home)
    told: Farewell | FedwardenError
    try:
        told = EnrolmentClient(member.address, member.authority).leave(home)
    except FedwardenError as error:
        told = error
    own_agent.stop(home, member.party)
    return member, told, own_agent.clear(home)


def _remember(home: Home, member: Membership) -> None:
    write_struct(home.membership_json, member)


def _write_policy(home: Home, chosen: Path | None) -> None:
    """The operator's file, else the template with every rule as a comment; an existing policy stays."""
    if chosen is not None:
        write_atomic(home.policy_yaml, chosen.read_bytes())
    elif not home.policy_yaml.exists():
        write_atomic(home.policy_yaml, template().encode())


def template() -> str:
    return resources.files("fedwarden.party.policy").joinpath("policy.template.yaml").read_text("utf-8")


def _check_address(text: str) -> None:
    try:
        if text:
            ipaddress.IPv4Address(text)
    except ValueError:
        raise UsageError("FW-USE-010", found=text[:40]) from None


def _own(address: str) -> bool:
    with socket.socket() as sock:
        try:
            sock.bind((address, 0))
        except OSError:
            return False
    return True


def default_home() -> Path:
    """``FEDWARDEN_PARTY_HOME``, else one folder of this user's: a host is usually one organisation's."""
    chosen = os.environ.get("FEDWARDEN_PARTY_HOME")
    if chosen:
        return Path(chosen).expanduser()
    return Path("/opt/fedwarden/party") if os.geteuid() == 0 else Path.home() / ".fedwarden" / "party"
