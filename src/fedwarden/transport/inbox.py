"""The receiving half of a channel: a thread that reads ahead, up to a bound, and the queue it fills."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from fedwarden.common.errors import FedwardenError
from fedwarden.transport import frames
from fedwarden.transport.alarm import Alarm
from fedwarden.transport.wire import Closed, Wire

if TYPE_CHECKING:
    from fedwarden.transport.frames import Array, Header

#: Seconds between two looks at a peer whose messages are not wanted yet.
_GLANCE = 0.5


class Message(NamedTuple):
    arrays: list[Array]
    meta: dict[str, Any]


class _Queued(NamedTuple):
    tag: str
    size: int
    message: Message


class Failed(Exception):
    """Ends the reader: ``error`` is what is wrong with the peer."""

    def __init__(self, error: FedwardenError) -> None:
        super().__init__(str(error))
        self.error = error


class Inbox:
    """Reads ahead at most ``limit`` bytes of arrays; a larger message is read only once the consumer allows its size.

    ``aborted`` is told the cause that the peer sent; ``broken`` what was wrong with the connection or the frames.
    """

    def __init__(
        self,
        wire: Wire,
        alarm: Alarm,
        limit: int,
        error: Callable[..., FedwardenError],
        aborted: Callable[[dict[str, Any]], None],
        broken: Callable[[FedwardenError], None],
        name: str,
    ) -> None:
        self._wire, self._alarm, self._limit, self._error = wire, alarm, limit, error
        self._aborted, self._broken = aborted, broken
        self._changed = threading.Condition()
        self._queue: deque[_Queued] = deque()
        self._held = self._seq = 0
        self._allowed = -1  # the limit of whoever waits right now
        self._discard = False
        self.ended = False  # the peer said BYE or ABORT, or the reader is over
        self._thread = threading.Thread(target=self._run, name=f"read-{name}", daemon=True)
        alarm.watch(self._changed)

    def start(self) -> None:
        self._thread.start()

    def join(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def discard(self) -> None:
        """From now on data is read and thrown away, so that the peer's last frame is reached."""
        with self._changed:
            self._discard = True
            self._queue.clear()
            self._held = 0
            self._changed.notify_all()

    def recv(self, tag: str, limit: int, seconds: float) -> Message:
        end = time.monotonic() + seconds
        with self._changed:
            self._allowed = limit
            try:
                while not self._queue or self._alarm.cause is not None:
                    self._alarm.check()
                    if self.ended or self._discard:
                        raise self._error("FW-LINK-015", tag=tag)
                    left = end - time.monotonic()
                    if left <= 0:
                        raise self._error("FW-LINK-016", tag=tag, seconds=round(seconds))
                    if self._held == 0:
                        self._changed.notify_all()  # a frame above the read-ahead may wait for this limit
                    self._changed.wait(left)
            finally:
                self._allowed = -1
            found = self._queue.popleft()
            self._held -= found.size
            self._changed.notify_all()
        if found.tag != tag:
            error = self._error("FW-LINK-013", expected=tag, found=found.tag)
        elif found.size > limit:
            error = self._error("FW-LINK-014", tag=tag, size=found.size, limit=limit)
        else:
            return found.message
        self._broken(error)
        raise error

    def _run(self) -> None:
        try:
            while True:
                self._frame()
        except Closed as closed:
            if not self.ended and not self._discard:
                self._broken(self._error("FW-LINK-010", why=str(closed)))
        except frames.BadFrame as bad:
            if not self._discard:
                self._broken(self._error("FW-LINK-012", why=str(bad)))
        except MemoryError:
            self._broken(self._error("FW-LINK-012", why="a message larger than the free memory"))
        except Failed as failed:
            self._broken(failed.error)
        finally:
            with self._changed:
                self.ended = True
                self._changed.notify_all()

    def _frame(self) -> None:
        length = frames.header_length(self._wire.take(4))
        header = self._header(length)
        if header.kind == frames.DATA:
            if self.ended:
                raise frames.BadFrame("data after the end")
            self._data(header)
        elif header.kind == frames.ABORT:
            self.ended = True
            self._aborted(header.meta)
        elif header.kind == frames.BYE:
            with self._changed:
                self.ended = True
                self._changed.notify_all()
        elif header.kind != frames.HEARTBEAT:
            raise frames.BadFrame("a greeting in the middle")

    def _header(self, length: int) -> Header:
        if length <= self._wire.stage_size:
            return frames.decode_header(self._wire.take(length))
        text = bytearray(length)
        self._wire.take_into(memoryview(text))
        return frames.decode_header(text)

    def _data(self, header: Header) -> None:
        if header.seq != self._seq:
            raise frames.BadFrame(f"message {header.seq} where {self._seq} was due")
        self._seq += 1
        size = sum(header.sizes())
        if not self._admit(header.tag, size):
            self._throw_away(size)
            return
        arrays = frames.allocate(header)
        for item in arrays:
            target = frames.writable(item)
            if target is not None:
                self._wire.take_into(target)
        with self._changed:
            if not self._discard:
                self._queue.append(_Queued(header.tag, size, Message(arrays, header.meta)))
                self._held += size
                self._changed.notify_all()

    def _admit(self, tag: str, size: int) -> bool:
        """Waits until there is room for ``size`` bytes; False when nobody wants data any more."""
        with self._changed:
            while not self._discard:
                if size <= self._limit:
                    # a peer that is gone sends no more than the kernel holds: read on, to find its last word
                    if not self._held or self._held + size <= self._limit or self._wire.peer_shut():
                        break
                elif not self._queue and self._allowed >= 0:
                    if size > self._allowed:
                        raise Failed(self._error("FW-LINK-014", tag=tag, size=size, limit=self._allowed))
                    break
                elif self._wire.peer_shut():
                    raise Closed("closed")
                self._changed.wait(_GLANCE)
                self._wire.last_heard = time.monotonic()  # not listening is no silence of the peer's
            return not self._discard

    def _throw_away(self, size: int) -> None:
        scratch = memoryview(bytearray(min(size, 1 << 16)))
        while size:
            part = min(size, len(scratch))
            self._wire.take_into(scratch[:part])
            size -= part
