"""Listens on the given ports until standard input ends, so that other hosts can try them: probe_listen.py PORT...

Standard input begins with a certificate and its key (PEM) and a line with a dot: whoever connects may speak TLS.
"""

import contextlib
import socket
import ssl
import sys
import tempfile
import threading

pem = []
for line in iter(sys.stdin.readline, ""):
    if line.strip() == ".":
        break
    pem.append(line)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
with tempfile.NamedTemporaryFile("w") as file:
    file.write("".join(pem))
    file.flush()
    context.load_cert_chain(file.name)


def shake(taken: socket.socket) -> None:
    with contextlib.suppress(OSError):
        taken.settimeout(3)
        with context.wrap_socket(taken, server_side=True) as talking:
            talking.recv(1)


def answer(listener: socket.socket) -> None:
    while True:
        try:
            taken, _ = listener.accept()
        except OSError:
            return
        in_background(shake, taken)


def in_background(work, *given) -> None:  # type: ignore[no-untyped-def]
    thread = threading.Thread(target=work, args=given)
    thread.daemon = True
    thread.start()


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
    in_background(answer, listener)
    told.append(word + "=open")
print(" ".join(told) or "-", flush=True)
sys.stdin.buffer.read()
