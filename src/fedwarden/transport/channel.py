"""One role's channel to another: whole messages, in order, over TLS, with back-pressure and a sign of life.

Two threads serve a channel. The reader brings messages in ahead of the consumer, up to a bound; the writer drains the
send queue and says ``heartbeat`` when there was nothing else to say for a second.
"""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any

from fedwarden.common.api import Role
from fedwarden.common.errors import FedwardenError, LinkError
from fedwarden.transport import frames
from fedwarden.transport.alarm import Alarm, heard
from fedwarden.transport.inbox import Failed, Inbox, Message
from fedwarden.transport.outbox import Outbox
from fedwarden.transport.wire import Wire, outlast

if TYPE_CHECKING:
    from fedwarden.transport.frames import Array

SEND_LIMIT = RECEIVE_LIMIT = 64 << 20
LINK_TIMEOUT = 8.0
#: TCP sends again at growing intervals: after a gap of t seconds it may take t more until something comes through.
#: These seconds more are for the heartbeat before the gap and the first interval.
RECOVERY = 2.0
#: Seconds that a message, or room in the send queue, is waited for when the caller names no other time.
PATIENCE = 3600.0


class Channel:
    """``sock`` is connected, its handshake done and its peer checked; ``peer`` is the role there, ``party`` its party.

    Any failure trips ``alarm``, which all channels of a role share, and ends every wait on any of them. Thread-safe;
    messages keep the order of the calls of :meth:`send`. A network that is silent for up to ``link_timeout`` seconds
    heals; nothing heard for twice that and ``RECOVERY`` is a failure. A peer that is heard may take nothing of what is
    sent for as long as ``patience``: it may be busy with its own table.
    """

    def __init__(
        self,
        sock: ssl.SSLSocket,
        me: Role,
        my_party: int,
        peer: Role,
        party: int,
        alarm: Alarm,
        *,
        link_timeout: float = LINK_TIMEOUT,
        patience: float = PATIENCE,
        send_limit: int = SEND_LIMIT,
        receive_limit: int = RECEIVE_LIMIT,
    ) -> None:
        self.peer, self.party = peer, party
        self._me, self._my_party = me, my_party
        self._alarm, self._silence = alarm, 2 * link_timeout + RECOVERY
        # the silence is to be noticed here, with its link's name; and a receiver that reads nothing yet is no silence
        outlast(sock, max(2 * self._silence, patience))
        self._closing = False
        self._wire = Wire(sock, self._nothing_heard)
        self._outbox = Outbox(self._wire, alarm, send_limit, self._error, self._cannot_send, peer)
        self._inbox = Inbox(self._wire, alarm, receive_limit, self._error, self._aborted, self._fail, peer)

    def start(self) -> None:
        """Begins to read, to write and to give signs of life."""
        self._inbox.start()
        self._outbox.start()

    @property
    def sent(self) -> int:
        """Bytes of frames sent so far (headers and heartbeats included; TLS adds about 0.2 %)."""
        return self._wire.sent

    @property
    def received(self) -> int:
        """Bytes of frames received so far."""
        return self._wire.received

    def send(self, tag: str, *arrays: Array, meta: dict[str, Any] | None = None, seconds: float = PATIENCE) -> None:
        """Queues a message; the arrays must not be changed afterwards. Blocks while the queue is full.

        Raises the first cause of the job's failure; LinkError FW-LINK-015 after the channel's end, FW-LINK-017 when
        there was no room for ``seconds``; ValueError for arrays of a type that is not sent.
        """
        self._outbox.send(tag, arrays, meta, seconds)

    def recv(self, tag: str, limit: int, seconds: float = PATIENCE) -> Message:
        """The next message, which must carry ``tag`` and at most ``limit`` bytes of arrays.

        Raises the first cause of the job's failure; LinkError FW-LINK-013 (another tag), -014 (too large; both trip
        the alarm), -015 (the peer has ended in good order), -016 (nothing came within ``seconds``).
        """
        return self._inbox.recv(tag, limit, seconds)

    def abort(self, cause: dict[str, Any]) -> None:
        """Tells the peer why all is over, ahead of what is queued. Returns at once; see :meth:`flushed`."""
        self._closing = True
        try:
            last = frames.encode(frames.ABORT, meta=cause)[0]
        except (ValueError, TypeError, OverflowError):  # parameters that do not fit: the code alone still tells
            last = frames.encode(frames.ABORT, meta={"code": str(cause.get("code"))[:40], "params": {}})[0]
        self._outbox.end(last, drop_queue=True)
        self._inbox.discard()

    def bye(self) -> None:
        """The orderly end: what is queued goes out, then BYE. Returns at once; see :meth:`flushed`."""
        self._closing = True
        self._outbox.end(frames.encode(frames.BYE)[0], drop_queue=False)
        self._inbox.discard()

    def flushed(self, seconds: float) -> bool:
        """Waits until the last frame has left (True) or ``seconds`` are over."""
        return self._outbox.finished.wait(max(0.0, seconds))

    def close(self, seconds: float = 2.0) -> None:
        """Waits up to ``seconds`` for the last frame to leave and for the peer's end, then lets go of the socket."""
        self._closing = True
        end = time.monotonic() + seconds
        self.flushed(seconds)
        self._inbox.join(max(0.0, end - time.monotonic()))
        self._wire.kill()
        if self._inbox.join(1.0) and self._outbox.join(1.0):
            self._wire.close()

    def _error(self, code: str, **params: Any) -> LinkError:
        return LinkError(code, role=self.peer, party=self.party, **params)

    def _nothing_heard(self, silence: float) -> None:
        if silence > self._silence:
            raise Failed(self._error("FW-LINK-011", seconds=round(silence, 1)))

    def _cannot_send(self, why: str) -> None:
        # the reader may still find the peer's last word, which says more than that the connection broke
        if not self._inbox.join(0.5) and not self._inbox.ended:
            self._fail(self._error("FW-LINK-010", why=why))

    def _fail(self, error: FedwardenError) -> None:
        if self._closing:
            return
        self._alarm.trip({**error.to_dict(), "role": self._me, "party": self._my_party})
        # a peer that is still there is told at once, however long this role's own work takes to notice
        self.abort(self._alarm.cause or error.to_dict())

    def _aborted(self, cause: dict[str, Any]) -> None:
        self._alarm.trip(heard(cause, self.peer, self.party))
