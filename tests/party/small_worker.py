"""A real worker process without mathematics: it obeys its agent and does what the job's option ``act`` says.

finish: runs for ``seconds`` once it has the turn, then success. stubborn: ignores the word to stop and SIGTERM.
silent-exit: ends without a word. linger: fails, and its process ends ``seconds`` later.
connect: succeeds when it was handed a connection, and answers on it.
"""

import argparse
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

from fedwarden.common.api import JobSpec, RoleStatus
from fedwarden.common.files import read_struct, write_struct
from fedwarden.transport.handoff import WorkerEnd


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--home", "--job", "--role", "--fd"):
        parser.add_argument(name, required=True)
    words = parser.parse_args()
    folder = Path(words.home) / "jobs" / words.job
    spec = read_struct(folder / "spec.json", JobSpec)
    act, seconds = spec.options.get("act", "finish"), float(spec.options.get("seconds", 0.0))
    path = folder / f"{words.role}.status.json"
    record = read_struct(path, RoleStatus)
    record.pid = os.getpid()
    write_struct(path, record)
    log = folder / f"{words.role}.log.jsonl"
    log.write_text(f'{{"event": "began", "role": "{words.role}"}}\n')
    lock = threading.Lock()

    def end(state: str, cause: dict | None) -> None:
        with lock:
            record.state, record.cause = state, cause
            write_struct(path, record)
            os._exit(0 if state == "success" else 1)

    turn = threading.Event()
    agent = WorkerEnd(int(words.fd))

    def listen() -> None:
        for message in agent.messages():
            if message.kind == "G":
                turn.set()
            elif act != "stubborn":
                end("failed", message.cause)
        end("failed", {"code": "FW-JOB-106", "params": {"party": record.party}})

    if act == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=listen, daemon=True).start()
    if act == "silent-exit":
        os._exit(7)
    if act == "connect":
        connection = agent.accept(20)
        assert connection is not None
        hello = connection.recv(5)  # untouched by the agent: a TLS record begins here
        connection.sendall(b"%s got %d" % (words.role.encode(), hello[0]))
        connection.shutdown(socket.SHUT_RDWR)
    turn.wait(60)
    with lock:
        record.state = "running"
        record.result["began"] = time.time()
        write_struct(path, record)
    if act == "linger":
        with lock:
            record.state, record.cause = "failed", {"code": "FW-JOB-101", "params": {}}
            write_struct(path, record)
            time.sleep(seconds)
            os._exit(1)
    time.sleep(seconds)
    record.result["ended"] = time.time()
    end("success", None)


if __name__ == "__main__":
    sys.exit(main())
