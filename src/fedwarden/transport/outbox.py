"""The sending half of a channel: a bounded queue, a thread that drains it, and the sign of life."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fedwarden.common.errors import FedwardenError
from fedwarden.transport import frames
from fedwarden.transport.alarm import Alarm
from fedwarden.transport.wire import Closed, Wire

if TYPE_CHECKING:
    from fedwarden.transport.frames import Array

HEARTBEAT_SECONDS = 1.0
#: Messages up to this many bytes are sent by the caller's own thread when nothing is queued before them.
DIRECT = 64 << 10


class Outbox:
    """``broken`` is told (once, from any thread) why nothing can be sent any more; ``limit`` bounds the queue in bytes.

    A single message larger than ``limit`` is taken when the queue is empty.
    """

    def __init__(
        self,
        wire: Wire,
        alarm: Alarm,
        limit: int,
        error: Callable[..., FedwardenError],
        broken: Callable[[str], None],
        name: str,
    ) -> None:
        self._wire, self._alarm, self._limit, self._error, self._broken = wire, alarm, limit, error, broken
        self._changed = threading.Condition()
        self._queue: deque[tuple[list[memoryview], int]] = deque()
        self._queued = self._seq = 0
        self._writing = False  # somebody is between two parts of a frame
        self._rest: list[memoryview] = []  # of a frame that the caller's thread began and could not finish
        self._last: list[memoryview] | None = None  # BYE or ABORT: nothing goes out after it
        self.finished = threading.Event()  # the last frame is out, or nothing can go out any more
        self._thread = threading.Thread(target=self._run, name=f"write-{name}", daemon=True)
        alarm.watch(self._changed)

    def start(self) -> None:
        self._thread.start()

    def join(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def send(self, tag: str, arrays: tuple[Array, ...], meta: dict[str, Any] | None, seconds: float) -> None:
        end = time.monotonic() + seconds
        wanted = sum(item.nbytes for item in arrays)
        with self._changed:
            self._check(tag)
            while self._queued and self._queued + wanted > self._limit:
                left = end - time.monotonic()
                if left <= 0:
                    raise self._error("FW-LINK-017", tag=tag, seconds=round(seconds))
                self._changed.wait(left)
                self._check(tag)
            buffers, size = frames.encode(frames.DATA, tag, self._seq, arrays, meta)
            self._seq += 1
            if size > DIRECT or self._writing or self._queue or self._rest:
                self._queue.append((buffers, size))
                self._queued += size
                self._changed.notify_all()
                return
            self._writing = True
        # one buffer: one record, one packet, one wake-up at the other side
        joined = [memoryview(b"".join(buffers))]
        try:
            self._wire.write(joined, wait=False)
        except Closed as closed:
            joined = []
            self._give_up(str(closed))
        with self._changed:
            self._rest = joined
            self._writing = False
            if joined or self._queue or self._last is not None:
                self._changed.notify_all()

    def end(self, last: list[memoryview], *, drop_queue: bool) -> None:
        """Queues the last frame, behind what is queued or instead of it. The first call counts."""
        with self._changed:
            if self._last is None:
                self._last = last
            if drop_queue:
                self._queue.clear()
                self._queued = 0
            self._changed.notify_all()

    def _check(self, tag: str) -> None:
        self._alarm.check()
        if self._last is not None or self.finished.is_set():
            raise self._error("FW-LINK-015", tag=tag)

    def _give_up(self, why: str) -> None:
        self.finished.set()
        with self._changed:
            self._queue.clear()
            self._queued = 0
            self._rest = []
            self._changed.notify_all()
        self._broken(why)

    def _run(self) -> None:
        try:
            while True:
                buffers, size = self._next()
                if buffers:
                    self._wire.write(buffers, wait=True)
                with self._changed:
                    self._writing = False
                    self._queued = max(0, self._queued - size)
                    self._changed.notify_all()
                if size < 0:
                    self._wire.finish_writing()
                    self.finished.set()
                    return
        except Closed as closed:
            self._give_up(str(closed))

    def _next(self) -> tuple[list[memoryview], int]:
        """What to write now, and how many queued bytes that frees; −1: it is the last."""
        with self._changed:
            while True:
                idle = time.monotonic() - self._wire.last_sent
                if self._writing:  # a caller that sends directly need not say when it is done
                    self._changed.wait(HEARTBEAT_SECONDS / 4)
                    continue
                if self.finished.is_set():
                    raise Closed("closed")
                self._writing = True
                if self._rest:
                    buffers, self._rest = self._rest, []
                    return buffers, 0
                if self._queue:
                    return self._queue.popleft()
                if self._last is not None:
                    return self._last, -1
                if idle >= HEARTBEAT_SECONDS:
                    return frames.encode(frames.HEARTBEAT)[0], 0
                self._writing = False
                self._changed.wait(HEARTBEAT_SECONDS - idle)
