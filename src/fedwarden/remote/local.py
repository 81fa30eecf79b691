"""This machine as a host: the same commands as over SSH, run without it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

from fedwarden.common.api import Notice
from fedwarden.common.errors import RemoteError
from fedwarden.remote.command import Command, Output, script
from fedwarden.remote.login import Login
from fedwarden.remote.session import CONNECT_SECONDS, LIMIT, RECEIVE, Session, digest_of

#: ``Login.place`` of this machine, as far as hosts are told apart.
HERE = ""


class LocalSession:
    """``Session`` for this machine; ``login`` only names it."""

    def __init__(self) -> None:
        self.login = Login("this machine", "", 0)
        self.notices: list[Notice] = []

    async def run(self, command: Command, *, check: bool = True) -> Output:
        """Raises RemoteError FW-SSH-009 (deadline) or -010 (exit status, with ``check``)."""
        return await self._run(command, command.stdin, check)

    async def send(self, step: str, data: Path | bytes, target: str, mode: int = 0o600, seconds: float = 300.0) -> bool:
        """Makes ``target`` hold ``data``; always said to be new. Raises RemoteError FW-SSH-010."""
        digest = await asyncio.to_thread(digest_of, data)
        command = script(step, RECEIVE, target, digest, f"{mode:o}", seconds=seconds)
        await self._run(command, data, True)
        return True

    @contextlib.asynccontextmanager
    async def hold(self, command: Command) -> AsyncGenerator[str]:
        """Runs ``command``, gives its first line, and ends its standard input when the block ends."""
        process = await _start(command, asyncio.subprocess.PIPE)
        try:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    line = await process.stdout.readline() if process.stdout else b""
            except TimeoutError:
                raise self._late(command, CONNECT_SECONDS) from None
            if not line:
                raise RemoteError("FW-SSH-010", host="this machine", step=command.step, status="?", why="-")
            yield line.decode("utf-8", "replace").strip()
        finally:
            if process.stdin:
                process.stdin.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(3):
                    await process.wait()
            _end(process)

    async def _run(self, command: Command, data: Path | bytes, check: bool) -> Output:
        with contextlib.ExitStack() as stack:
            given: int = asyncio.subprocess.PIPE
            if isinstance(data, Path):
                given = stack.enter_context(data.open("rb")).fileno()
            process = await _start(command, given)
            try:
                async with asyncio.timeout(command.seconds + 6):
                    out, err = await process.communicate(data if isinstance(data, bytes) else None)
            except TimeoutError:
                raise self._late(command, command.seconds) from None
            finally:
                _end(process)
        status = process.returncode or 0
        output = Output(status if status >= 0 else 128 - status, out[:LIMIT], err[:LIMIT])
        if output.status in (124, 137):
            raise self._late(command, command.seconds)
        if check and output.status:
            why = output.last_words or "-"
            raise RemoteError("FW-SSH-010", host="this machine", step=command.step, status=output.status, why=why)
        return output

    def _late(self, command: Command, seconds: float) -> RemoteError:
        return RemoteError("FW-SSH-009", host="this machine", step=command.step, seconds=f"{seconds:g}")

    async def close(self) -> None:
        """There is nothing to close."""


#: Where a command can be run.
Host = Session | LocalSession


async def _start(command: Command, stdin: int) -> asyncio.subprocess.Process:
    words = ("timeout", "-k", "5", f"{command.seconds:g}", *command.argv)
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *words, stdin=stdin, stdout=pipe, stderr=pipe, cwd="/", start_new_session=True
    )


def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
