"""What crosses between a party and the regulator when it joins, leaves, or one of them gets a new key: plain data."""

from __future__ import annotations

import base64
from typing import Literal

import msgspec

from fedwarden.common.api import PeerParty
from fedwarden.common.structs import prepare


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the owner of a key said and signed; see ``identity.statements``."""

    kind: str
    text: str  # JSON; the signature is over exactly these characters
    key: str  # SubjectPublicKeyInfo (DER), base64
    signature: str  # ECDSA with SHA-256 (DER), base64


class Revocations(msgspec.Struct, frozen=True, kw_only=True):
    """The text of the authority's statement ``revocations``: which keys hold no longer. ``number`` only grows."""

    number: int
    made: str
    keys: dict[str, str]  # fingerprint → the identity it belonged to


class RevocationsHeld(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of PUT /v1/revocations: the list in force, and the jobs that it ended here."""

    number: int
    keys: int
    ended: list[str] = []


class KeyChange(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a statement ``key change``, signed with the old key."""

    party: int
    old: str  # fingerprints
    new: str
    made: str


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of POST /v1/identity/key: the request for the key that waits, and the old key's word for it."""

    request: str  # PEM
    statement: Statement


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """PUT /v1/identity/certificate."""

    certificate: str  # PEM


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What the regulator hands to a party's operator. ``token`` is a secret; the regulator keeps its hash only."""

    address: str  # host:port of the enrolment listener
    authority: str  # fingerprint of the CA's key
    token: str
    party: int
    expires: str  # UTC, ISO 8601


#: An invitation's text: this, then its JSON in URL-safe base64.
INVITATION_HEAD = "fedwarden-invitation:1:"


def invitation_text(invitation: Invitation) -> str:
    """One line that can be mailed, typed from a screen or put into a file."""
    return INVITATION_HEAD + base64.urlsafe_b64encode(msgspec.json.encode(invitation)).decode("ascii")


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """POST /enrol/v1/request: may be repeated with the same key, also to ask how it stands."""

    token: str
    party: int
    request: str  # PEM


class EnrolmentState(msgspec.Struct, frozen=True, kw_only=True):
    """``certificate`` once the regulator has approved the key."""

    id: str
    state: Literal["waiting", "approved", "joined"]
    certificate: str = ""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """POST /enrol/v1/arrival, with the new certificate: the agent listens."""

    host: str
    control_port: int
    data_port: int
    serving_port: int


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """``deployment`` is empty while there is none to be part of. ``note``: a code why the addition was left out."""

    deployment: str = ""
    peers: list[PeerParty] = []
    checked: bool = False


class Authority(msgspec.Struct, frozen=True, kw_only=True):
    """GET /enrol/v1/authority: believed only when its key has the invitation's fingerprint."""

    certificate: str  # PEM


class Farewell(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of POST /enrol/v1/leave."""

    party: int
    left: str
    ended: list[str] = []  # jobs that were ended for it


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """``membership.json`` in a joined agent's home."""

    party: int
    address: str
    authority: str
    joined: str = ""


prepare(__name__)
