"""One SSH connection to one host; the only place where a command leaves this machine.

Every wait has a deadline, every failure names the host and the step. Nothing of the user's own SSH configuration is
read, nothing is forwarded (no agent, no X11, no port but those asked for), and the host's key is checked before any
password leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh

from fedwarden.common.api import Notice
from fedwarden.common.errors import FedwardenError, RemoteError
from fedwarden.remote.command import Command, Output, script
from fedwarden.remote.hostkeys import HostKeys, KnownHost
from fedwarden.remote.login import Login

CONNECT_SECONDS = 15.0
#: More than this from a command is no answer of ours; the rest is thrown away.
LIMIT = 4 << 20
CHUNK = 1 << 18

RECEIVE = """umask 077
mkdir -p "$(dirname "$1")" || exit 1
part="$1.$$.part"
trap 'rm -f "$part"' EXIT
cat >"$part" || exit 1
found=$(sha256sum <"$part" | cut -c1-64)
[ "$found" = "$2" ] || { echo "found $found" >&2; exit 65; }
chmod "$3" "$part" && mv -f "$part" "$1"
"""
_HASH = 'sha256sum <"$1" 2>/dev/null | cut -c1-64'


class _Client(asyncssh.SSHClient):
    """Looks at the host's key; asyncssh trusts none by itself, since it is given no known hosts."""

    def __init__(self, login: Login, keys: HostKeys) -> None:
        self.login, self.keys = login, keys
        self.refusal: FedwardenError | None = None
        self.notices: list[Notice] = []

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        line = " ".join(key.export_public_key("openssh").decode().split()[:2])
        fingerprint = key.get_fingerprint()
        try:
            if self.keys.check(self.login.address, line, fingerprint, self.login.host_key):
                notice = Notice("FW-NOTE-160", {"host": self.login.address, "fingerprint": fingerprint})
                self.notices.append(notice)
        except FedwardenError as error:
            self.refusal = error
            return False
        return True


class Session:
    """Made by ``connect``. Commands may run at the same time, each in its own channel."""

    def __init__(self, login: Login, connection: asyncssh.SSHClientConnection, notices: list[Notice]) -> None:
        self.login = login
        self.notices = notices
        self._connection = connection

    async def run(self, command: Command, *, check: bool = True) -> Output:
        """Raises RemoteError FW-SSH-009 (deadline), -010 (exit status, with ``check``) or -011 (connection lost)."""
        return await self._run(command, _pieces(command.stdin), check)

    async def send(self, step: str, data: Path | bytes, target: str, mode: int = 0o600, seconds: float = 300.0) -> bool:
        """Makes ``target`` (absolute) hold ``data``, at once or not at all; whether anything had to be sent.

        Raises RemoteError FW-SSH-013 when something else arrived than was sent, and what ``run`` raises.
        """
        digest = await asyncio.to_thread(digest_of, data)
        there = await self.run(script(step, _HASH, target), check=False)
        if there.text.strip() == digest:
            return False
        command = script(step, RECEIVE, target, digest, f"{mode:o}", seconds=seconds)
        output = await self._run(command, _pieces(data), check=False)
        if output.status == 65:
            raise RemoteError("FW-SSH-013", host=self.login.address, step=step, path=target)
        _check(self.login, command, output)
        return True

    @contextlib.asynccontextmanager
    async def hold(self, command: Command) -> AsyncGenerator[str]:
        """Runs ``command``, sends its ``stdin``, gives its first line, and ends its input when the block ends.

        Raises RemoteError FW-SSH-009 when no line comes in time, FW-SSH-010 when it ends without one.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                process = await self._connection.create_process(command.line(), encoding=None)
                process.stdin.write(command.stdin)
                line = await process.stdout.readline()
        except TimeoutError:
            seconds = f"{CONNECT_SECONDS:g}"
            raise RemoteError("FW-SSH-009", host=self.login.address, step=command.step, seconds=seconds) from None
        except (asyncssh.Error, OSError) as error:
            raise RemoteError("FW-SSH-011", host=self.login.address, step=command.step, why=_why(error)) from None
        try:
            if not line:
                raise RemoteError("FW-SSH-010", host=self.login.address, step=command.step, status="?", why="-")
            yield line.decode("utf-8", "replace").strip()
        finally:
            with contextlib.suppress(TimeoutError, asyncssh.Error, OSError):
                process.stdin.write_eof()
                async with asyncio.timeout(3):
                    await process.wait_closed()
            process.close()

    async def forward(self, host: str, port: int) -> int:
        """A port of this machine's loopback behind which that machine's ``host:port`` answers while this session lives.

        Raises RemoteError FW-SSH-011.
        """
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                listener = await self._connection.forward_local_port("127.0.0.1", 0, host, port)
        except (TimeoutError, asyncssh.Error, OSError) as error:
            step = f"forward {host}:{port}"
            raise RemoteError("FW-SSH-011", host=self.login.address, step=step, why=_why(error)) from None
        return listener.get_port()

    async def _run(self, command: Command, stdin: AsyncIterator[bytes], check: bool) -> Output:
        try:
            # a little longer than the host's own deadline, so that the host has ended it when we say so
            async with asyncio.timeout(command.seconds + 6):
                output = await self._talk(command, stdin)
        except TimeoutError:
            raise RemoteError(
                "FW-SSH-009", host=self.login.address, step=command.step, seconds=f"{command.seconds:g}"
            ) from None
        except (asyncssh.Error, OSError) as error:
            raise RemoteError("FW-SSH-011", host=self.login.address, step=command.step, why=_why(error)) from None
        if output.status in (124, 137):
            raise RemoteError("FW-SSH-009", host=self.login.address, step=command.step, seconds=f"{command.seconds:g}")
        if check:
            _check(self.login, command, output)
        return output

    async def _talk(self, command: Command, stdin: AsyncIterator[bytes]) -> Output:
        process: asyncssh.SSHClientProcess[bytes]
        async with await self._connection.create_process(command.line(), encoding=None) as process:
            feeding = asyncio.create_task(_feed(process, stdin))
            try:
                stdout, stderr = await asyncio.gather(_drain(process.stdout), _drain(process.stderr))
                await process.wait_closed()
            finally:
                feeding.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await feeding
        status = process.returncode
        if status is None:  # the channel closed without a status: the connection went with it
            raise asyncssh.ConnectionLost("no exit status")
        return Output(status if status >= 0 else 128 - status, stdout, stderr)

    async def close(self) -> None:
        self._connection.close()
        with contextlib.suppress(TimeoutError, asyncssh.Error, OSError):
            async with asyncio.timeout(3):
                await self._connection.wait_closed()


async def connect(login: Login, keys: HostKeys, seconds: float = CONNECT_SECONDS) -> Session:
    """Raises RemoteError FW-SSH-002 … -008, -012, each naming the host and what to do."""
    client = _Client(login, keys)
    pinned = await asyncio.to_thread(keys.known, login.address)
    options = _options(login, pinned)
    try:
        async with asyncio.timeout(seconds):
            connection = await asyncssh.connect(login.host, login.port, client_factory=lambda: client, **options)
    except TimeoutError:
        raise RemoteError("FW-SSH-005", host=login.address, seconds=f"{seconds:g}") from None
    except (asyncssh.Error, OSError) as error:
        raise client.refusal or _connect_error(login, pinned, error) from None
    return Session(login, connection, client.notices)


def _options(login: Login, pinned: KnownHost | None) -> dict[str, Any]:
    options: dict[str, Any] = {
        "username": login.user,
        "password": login.password,
        "known_hosts": ([], [], []),
        "config": None,
        "client_keys": (),
        "agent_path": None,
        "agent_forwarding": False,
        "gss_auth": False,
        "kbdint_auth": login.password is not None,
        "host_based_auth": False,
        "keepalive_interval": 5,
        "keepalive_count_max": 4,
        # the bundle is large: the cipher that processors have an instruction for goes first
        "encryption_algs": "^aes128-gcm@openssh.com",
        "compression_algs": ["none"],
    }
    if pinned is not None:  # so that a host with several keys shows the recorded one
        rsa = ["rsa-sha2-512", "rsa-sha2-256"]
        options["server_host_key_algs"] = rsa if pinned.algorithm == "ssh-rsa" else [pinned.algorithm]
    if login.key_file is not None:
        options["client_keys"] = [_client_key(login)]
    elif login.password is None:
        options["agent_path"] = os.environ.get("SSH_AUTH_SOCK", "")
    return options


def _client_key(login: Login) -> asyncssh.SSHKey:
    path = str(login.key_file)
    try:
        return asyncssh.read_private_key(path, login.passphrase)
    except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        why = error.strerror if isinstance(error, OSError) else _why(error)
        raise RemoteError("FW-SSH-008", path=path, why=why) from None


def _connect_error(login: Login, pinned: KnownHost | None, error: Exception) -> RemoteError:
    where = login.address
    if isinstance(error, asyncssh.PermissionDenied):
        tried = "key" if login.key_file else "password" if login.password else "SSH agent"
        return RemoteError("FW-SSH-007", host=where, user=login.user, tried=tried)
    if isinstance(error, asyncssh.KeyExchangeFailed) and pinned is not None and "host key" in str(error).lower():
        return RemoteError("FW-SSH-002", host=where, pinned=pinned.fingerprint, found=f"no {pinned.algorithm} key")
    if isinstance(error, ConnectionRefusedError):
        return RemoteError("FW-SSH-004", host=where)
    if isinstance(error, OSError) and not isinstance(error, ConnectionResetError):
        return RemoteError("FW-SSH-006", host=where, why=error.strerror or _why(error))
    return RemoteError("FW-SSH-012", host=where, why=_why(error))


def _why(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200]


def _check(login: Login, command: Command, output: Output) -> None:
    if output.status:
        raise RemoteError(
            "FW-SSH-010", host=login.address, step=command.step, status=output.status, why=output.last_words or "-"
        )


async def _feed(process: asyncssh.SSHClientProcess[bytes], pieces: AsyncIterator[bytes]) -> None:
    # the program may end before it has read everything; its exit status says what happened then
    with contextlib.suppress(asyncssh.Error, OSError):
        async for piece in pieces:
            process.stdin.write(piece)
            await process.stdin.drain()
        process.stdin.write_eof()


async def _drain(reader: asyncssh.SSHReader[bytes]) -> bytes:
    kept = bytearray()
    while piece := await reader.read(CHUNK):
        kept += piece[: max(0, LIMIT - len(kept))]
    return bytes(kept)


async def _pieces(data: Path | bytes) -> AsyncIterator[bytes]:
    if isinstance(data, bytes):
        for start in range(0, len(data), CHUNK):
            yield data[start : start + CHUNK]
        return
    with await asyncio.to_thread(data.open, "rb") as handle:
        while piece := await asyncio.to_thread(handle.read, CHUNK):
            yield piece


def digest_of(data: Path | bytes) -> str:
    """SHA-256 of bytes or of a file."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    with data.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
