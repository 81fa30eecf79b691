"""One role in a process of its own: ``mesh_child.py HOME SPEC ROLE FD``. Connects, says so, waits for the guest."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from fedwarden.common.api import JobSpec
from fedwarden.common.errors import FedwardenError
from fedwarden.common.files import read_struct
from fedwarden.transport.handoff import WorkerEnd
from fedwarden.transport.mesh import Mesh


def main() -> None:
    home, spec, role, fd = sys.argv[1:]
    with WorkerEnd(int(fd)) as end:
        threading.Thread(target=lambda: list(end.messages()), daemon=True).start()
        mesh = Mesh(Path(home), read_struct(Path(spec), JobSpec), role, end)
        mesh.connect(20)
        print("connected", "numpy" in sys.modules, flush=True)
        try:
            mesh.recv("guest", "never", 0)
        except FedwardenError:
            cause = mesh.first_cause() or {}
            mesh.abort(cause)  # as a worker does: else a peer sees only that this process is gone
            print(json.dumps(cause), flush=True)


if __name__ == "__main__":
    main()
