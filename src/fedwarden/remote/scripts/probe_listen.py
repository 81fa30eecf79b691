"""Listens on the given ports until standard input ends, so that other hosts can try them: probe_listen.py PORT..."""

import socket
import sys
import threading


def answer(listener: socket.socket) -> None:
    while True:
        try:
            taken, _ = listener.accept()
            taken.close()
        except OSError:
            return


told = []
for word in sys.argv[1:]:
    try:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", int(word)))
        listener.listen(16)
    except OSError:
        told.append(word + "=held")
        continue
    thread = threading.Thread(target=answer, args=(listener,))
    thread.daemon = True
    thread.start()
    told.append(word + "=open")
print(" ".join(told) or "-", flush=True)
sys.stdin.buffer.read()
