"""A tunnel as an operator would keep it open: ports of one address lead to the same ports of another.

``python tunnel.py OUTSIDE INSIDE PORT…`` prints a line when it listens, and runs until it is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


async def main(outside: str, inside: str, ports: list[int]) -> None:
    async def serve(port: int) -> None:
        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                there, back = await asyncio.open_connection(inside, port)
            except OSError:
                writer.close()
                return
            await asyncio.gather(_copy(reader, back), _copy(there, writer))

        await asyncio.start_server(one, outside, port)

    for port in ports:
        await serve(port)
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], [int(word) for word in sys.argv[3:]]))
