"""Agents and the regulator read the same structures in several threads at once from their first moment on."""

import subprocess
import sys

# each round has structures that no thread has used before, as a process that just began has
PROGRAM = """
import importlib, sys, threading
import msgspec
from fedwarden.common import api

sys.setswitchinterval(1e-7)
record = {"job_id": "1", "role": "guest", "party": 1, "state": "failed", "phases": [{"name": "x"}],
          "links": {"host1": {"sent": 1}}, "notices": [{"code": "x"}], "revealed": [{"what": "x"}]}
for _ in range(600):
    importlib.reload(api)
    gate = threading.Barrier(4)
    def first():
        gate.wait()
        msgspec.convert([record], list[api.RoleStatus])
    threads = [threading.Thread(target=first) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


def test_a_record_can_be_read_first_by_several_threads_at_once():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
