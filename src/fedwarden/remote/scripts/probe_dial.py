"""Tries TCP connections, all at once, and prints one line for each: probe_dial.py SECONDS HOST:PORT..."""

import errno
import socket
import sys
import threading
import time


def dial(target: str) -> None:
    host, port = target.rsplit(":", 1)
    begin = time.time()
    try:
        socket.create_connection((host, int(port)), float(sys.argv[1])).close()
        how = "ok"
    except TimeoutError:
        how = "silent"
    except OSError as error:
        known = {errno.ECONNREFUSED: "refused", errno.ETIMEDOUT: "silent"}
        how = known.get(error.errno or 0, "unreachable")
    milliseconds = (time.time() - begin) * 1000
    print(f"{target} {how} {milliseconds:.1f}\n", end="", flush=True)


threads = [threading.Thread(target=dial, args=(target,)) for target in sys.argv[2:]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
