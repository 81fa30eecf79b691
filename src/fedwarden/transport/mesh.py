"""All channels of one role of a job: made at the start, checked, used by role name, ended together.

It has the methods of the engine's ``Net`` (``send``, ``recv``), without importing it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fedwarden.common.api import JobPeer, JobSpec, Role
from fedwarden.common.errors import FedwardenError, LinkError
from fedwarden.identity.names import party_identity
from fedwarden.identity.revocation import read_book
from fedwarden.transport.alarm import Alarm
from fedwarden.transport.channel import LINK_TIMEOUT, PATIENCE, Channel
from fedwarden.transport.handoff import WorkerEnd
from fedwarden.transport.meeting import Credentials, Meeting

if TYPE_CHECKING:
    import ssl

    from fedwarden.transport.frames import Array

#: Seconds that an abort waits for its last frames to leave, and an orderly end for everybody's.
ABORT_SECONDS, CLOSE_SECONDS = 0.8, 5.0


class Mesh:
    """``home`` holds this party's cert.pem, key.pem, ca.pem; ``agent`` hands over the connections that come in.

    Any channel's failure is everybody's: every wait on any channel ends with the first cause, as the error it is.
    """

    def __init__(self, home: Path, spec: JobSpec, role: Role, agent: WorkerEnd) -> None:
        self._spec, self._role = spec, role
        self._agent = agent
        self._own = next(peer for peer in spec.roles if peer.role == role)
        self._credentials = Credentials(home / "cert.pem", home / "key.pem", home / "ca.pem")
        self._revoked = read_book(home)
        self._link_timeout = float(spec.options.get("link_timeout", LINK_TIMEOUT))
        self._patience = float(spec.options.get("wait_timeout", PATIENCE))
        self._alarm = Alarm()
        self._channels: dict[Role, Channel] = {}
        self._changed = threading.Condition()
        self._alarm.watch(self._changed)
        self._closed = False
        self.relayed: list[Role] = []  # whom this role is connected with through the regulator's relay

    @property
    def failed(self) -> threading.Event:
        """Set once the job has failed here, whatever the cause."""
        return self._alarm.tripped

    def connect(self, seconds: float) -> None:
        """Builds a channel to every other role (meeting.py).

        Raises IdentityError (wrong or revoked key), LinkError FW-LINK-020 when somebody is missing after ``seconds``,
        FW-LINK-021 … -023 when a peer runs another program, job or role, or the first cause of a peer.
        """
        for peer in self._spec.roles:  # each key is exactly the pinned one later on, so this is the place to look
            self._revoked.check(peer.fingerprint, party_identity(peer.party).uri)
        others = {peer.role for peer in self._spec.roles} - {self._role}
        meeting = Meeting(self._spec, self._own, self._credentials, self._agent, self._alarm, self._met)
        end = time.monotonic() + seconds
        self.relayed = meeting.relayed
        with meeting.until(end), self._changed:
            while not others <= self._channels.keys():
                self._alarm.check()
                left = end - time.monotonic()
                if left <= 0:
                    missing = [peer for peer in self._spec.roles if peer.role in others - self._channels.keys()]
                    raise self._missing(missing, meeting, seconds)
                self._changed.wait(left)
            self._alarm.check()

    def send(self, to: Role, tag: str, *arrays: Array) -> None:
        """Queues a message; see :meth:`Channel.send`."""
        self._channel(to).send(tag, *arrays, seconds=self._patience)

    def recv(self, frm: Role, tag: str, limit: int) -> Sequence[Array]:
        """The arrays of the next message of ``frm``; see :meth:`Channel.recv`."""
        return self._channel(frm).recv(tag, limit, self._patience).arrays

    def barrier(self, name: str, seconds: float) -> None:
        """Returns when every other role has come to the same point. Raises LinkError FW-LINK-016 after ``seconds``."""
        end = time.monotonic() + seconds
        tag = f"barrier:{name}"
        for channel in list(self._channels.values()):
            channel.send(tag)
        for channel in list(self._channels.values()):
            channel.recv(tag, 0, max(0.0, end - time.monotonic()))

    def check(self) -> None:
        """Raises the first cause if the job has failed; does not wait."""
        self._alarm.check()

    def first_cause(self) -> dict[str, Any] | None:
        """``{"code", "params", "role", "party"}`` of the first failure heard or noticed here."""
        return self._alarm.cause

    def counters(self) -> dict[Role, tuple[int, int]]:
        """Role → (bytes sent to it, bytes received from it)."""
        return {role: (channel.sent, channel.received) for role, channel in list(self._channels.items())}

    def abort(self, cause: dict[str, Any]) -> None:
        """Ends the job as failed at every peer; the first cause known here is what they are told. At most a second."""
        self._alarm.trip({"role": self._role, "party": self._own.party, **cause})
        channels = list(self._channels.values())
        for channel in channels:
            channel.abort(self._alarm.cause or cause)
        end = time.monotonic() + ABORT_SECONDS
        for channel in channels:
            channel.flushed(end - time.monotonic())

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """The orderly end: everything queued still arrives, and the peers see an end, not a broken connection."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
        channels = list(self._channels.values())
        for channel in channels:
            channel.bye()
        end = time.monotonic() + seconds
        for channel in channels:
            channel.close(max(0.0, end - time.monotonic()))

    def _channel(self, role: Role) -> Channel:
        self._alarm.check()
        return self._channels[role]

    def _met(self, peer: JobPeer, sock: ssl.SSLSocket) -> None:
        """A peer has been checked: its channel begins; one that came too late is told why."""
        channel = Channel(
            sock,
            self._role,
            self._own.party,
            peer.role,
            peer.party,
            self._alarm,
            link_timeout=self._link_timeout,
            patience=self._patience,
        )
        with self._changed:
            if self._closed or peer.role in self._channels:
                sock.close()
                return
            self._channels[peer.role] = channel
            channel.start()
            self._changed.notify_all()
        cause = self._alarm.cause
        if cause is not None:
            channel.abort(cause)

    def _missing(self, missing: list[JobPeer], meeting: Meeting, seconds: float) -> FedwardenError:
        first = missing[0]
        doubt = next((meeting.doubts[peer.role] for peer in missing if peer.role in meeting.doubts), None)
        if doubt is not None:
            return doubt
        return LinkError(
            "FW-LINK-020" if self._spec.relay is None else "FW-LINK-480",
            role=first.role,
            party=first.party,
            missing=[peer.role for peer in missing],
            seconds=round(seconds),
            **meeting.reasons(first),
        )
