"""Several hosts at once, for callers that are not asynchronous themselves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from fedwarden.common.api import Notice
from fedwarden.common.errors import FedwardenError
from fedwarden.remote.hostkeys import HostKeys
from fedwarden.remote.login import Login
from fedwarden.remote.session import CONNECT_SECONDS, Session, connect

T = TypeVar("T")
TAKE_BACK_SECONDS = 300.0
Action = Callable[[Session], Awaitable[T]]


class Fleet:
    """Sessions to all ``logins``, opened at once; why a host could not be reached is in ``failures``.

    Everything is keyed by ``Login.place``.
    """

    def __init__(self, logins: Iterable[Login], keys: HostKeys, connect_seconds: float = CONNECT_SECONDS) -> None:
        self.logins = {login.place: login for login in logins}
        self.sessions: dict[str, Session] = {}
        self.failures: dict[str, FedwardenError] = {}
        self._keys = keys
        self._seconds = connect_seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ssh", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._wait(self._open())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def notices(self) -> list[Notice]:
        return [notice for session in self.sessions.values() for notice in session.notices]

    def require_all(self) -> None:
        """Raises the first host's failure, in the order of ``logins``."""
        for place in self.logins:
            if place in self.failures:
                raise self.failures[place]

    def one(self, place: str, action: Action[T]) -> T:
        """Raises what ``action`` raises, or why that host could not be reached."""
        if place in self.failures:
            raise self.failures[place]
        return self._wait(action(self.sessions[place]))

    def each(self, action: Action[T]) -> dict[str, T | FedwardenError]:
        """``action`` on every host at once; hosts that were never reached answer with that failure."""

        async def safely(session: Session) -> T | FedwardenError:
            try:
                return await action(session)
            except FedwardenError as error:
                return error

        async def together() -> list[T | FedwardenError]:
            return await asyncio.gather(*(safely(session) for session in self.sessions.values()))

        answers = dict(zip(self.sessions, self._wait(together()), strict=True))
        return {place: self.failures.get(place) or answers[place] for place in self.logins}

    def gather(self, work: Callable[[Mapping[str, Session]], Awaitable[T]]) -> T:
        """For work that needs all open sessions at once."""
        return self._wait(work(self.sessions))

    async def _open(self) -> None:
        async def one(login: Login) -> None:
            try:
                self.sessions[login.place] = await connect(login, self._keys, self._seconds)
            except FedwardenError as error:
                self.failures[login.place] = error

        await asyncio.gather(*map(one, self.logins.values()))
        self.sessions = {place: self.sessions[place] for place in self.logins if place in self.sessions}

    async def _close(self) -> None:
        await asyncio.gather(*(session.close() for session in self.sessions.values()))

    def _wait(self, work: Awaitable[T]) -> T:
        """A signal that ends the caller cancels the work first, which may take back what it began."""
        ended = threading.Event()

        async def inner() -> T:
            try:
                return await work
            finally:
                ended.set()

        future = asyncio.run_coroutine_threadsafe(inner(), self._loop)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                future.cancel()
                ended.wait(TAKE_BACK_SECONDS)
            raise
