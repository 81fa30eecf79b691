"""A link with latency, jitter, loss and bandwidth, in user space (no netem needed).

usage: delaylink.py INNER_NETNS INNER_IF OUTER_NETNS OUTER_IF CONTROL_FILE

Creates a TAP device in each of the two network namespaces and carries Ethernet
frames between them.  CONTROL_FILE is JSON and is read again when it changes:

    {"delay_ms": 20, "jitter_ms": 2, "loss": 0.01, "mbit": 10}

delay_ms   added to every frame, in each direction (round trip = twice this)
jitter_ms  up to this much more, uniformly; frames never overtake each other
loss       probability of dropping a frame, 0..1
mbit       bandwidth in each direction, 0 = unlimited; the queue is bounded

Prints "ready" when both devices exist.  Ends by itself when either namespace or
the control file is gone, so that a crashed caller leaves nothing running.
"""

import collections
import contextlib
import ctypes
import fcntl
import json
import os
import random
import select
import struct
import sys
import time
from pathlib import Path

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
CLONE_NEWNET = 0x40000000
QUEUE_FRAMES = 20_000  # about 30 MB of full frames
MAX_BACKLOG_S = 0.5  # with mbit: frames that would wait longer are dropped

libc = ctypes.CDLL(None, use_errno=True)


def setns(fd):
    if libc.setns(fd, CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), "setns")


def open_tap(netns_path, name):
    """Open (and so create) TAP device `name` inside the given network namespace."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(netns_path, os.O_RDONLY)
    try:
        setns(there)
        try:
            fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
        finally:
            setns(here)
    finally:
        os.close(here)
        os.close(there)
    return fd


def identity(path):
    """Inode of a namespace, or None when it is gone."""
    try:
        st = Path(path).stat()
    except OSError:
        return None
    return (st.st_dev, st.st_ino)


def main():
    inner_ns, inner_if, outer_ns, outer_if, control = sys.argv[1:6]
    paths = ["/run/netns/" + inner_ns, "/run/netns/" + outer_ns]
    born = [identity(p) for p in paths]
    a = open_tap(paths[0], inner_if)
    b = open_tap(paths[1], outer_if)
    peer = {a: b, b: a}
    queue = {a: collections.deque(), b: collections.deque()}  # by destination: (due, frame)
    line_free = {a: 0.0, b: 0.0}  # by source: when the line has sent all it was given
    last_due = {a: 0.0, b: 0.0}  # by destination: keeps frames in order

    config, stamp, next_look = {}, None, 0.0
    print("ready", flush=True)

    while True:
        now = time.monotonic()
        if now >= next_look:
            next_look = now + 0.2
            try:
                seen = Path(control).stat().st_mtime_ns
                if seen != stamp:
                    config = json.loads(Path(control).read_text())
                    stamp = seen
            except FileNotFoundError:
                return
            except (OSError, ValueError):
                pass
            if [identity(p) for p in paths] != born:
                return

        wait = max(0.0, next_look - now)
        for dst, frames in queue.items():
            while frames and frames[0][0] <= now:
                frame = frames.popleft()[1]
                with contextlib.suppress(OSError):  # device down or full: the frame is lost, as on a wire
                    os.write(dst, frame)
            if frames:
                wait = min(wait, frames[0][0] - now)

        for src in select.select([a, b], [], [], max(0.0, wait))[0]:
            dst = peer[src]
            for _ in range(64):
                try:
                    frame = os.read(src, 65_600)
                except OSError:
                    break
                now = time.monotonic()
                if random.random() < config.get("loss", 0) or len(queue[dst]) >= QUEUE_FRAMES:
                    continue
                start = now
                if config.get("mbit"):
                    start = max(line_free[src], now)
                    if start - now > MAX_BACKLOG_S:
                        continue
                    start += len(frame) * 8 / (config["mbit"] * 1e6)
                    line_free[src] = start
                due = start + config.get("delay_ms", 0) / 1e3
                due += random.uniform(0, config.get("jitter_ms", 0)) / 1e3
                due = last_due[dst] = max(due, last_due[dst])
                queue[dst].append((due, frame))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
