"""Tries TCP connections and TLS on them, all at once, and prints one line for each: probe_dial.py SECONDS HOST:PORT...

``HOST:PORT=tcp`` is not asked for TLS: something else than a probe listens there.
"""

import errno
import socket
import ssl
import sys
import threading
import time

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE  # whether TLS gets through is asked, not who answers


def connect(target: str, tls: bool) -> str:
    host, port = target.rsplit(":", 1)
    try:
        connection = socket.create_connection((host, int(port)), float(sys.argv[1]))
    except TimeoutError:
        return "silent"
    except OSError as error:
        known = {errno.ECONNREFUSED: "refused", errno.ETIMEDOUT: "silent"}
        return known.get(error.errno or 0, "silent" if isinstance(error, socket.timeout) else "unreachable")
    try:
        if tls:
            context.wrap_socket(connection).close()
        return "ok"
    except OSError:
        return "no-tls"
    finally:
        connection.close()


def dial(word: str) -> None:
    target = word.split("=", maxsplit=1)[0]
    begin = time.time()
    how = connect(target, word == target)
    milliseconds = (time.time() - begin) * 1000
    print(f"{target} {how} {milliseconds:.1f}\n", end="", flush=True)


threads = [threading.Thread(target=dial, args=(word,)) for word in sys.argv[2:]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
