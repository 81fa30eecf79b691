"""Being here, this file puts ``tests/`` on the import path: ``from support.tables import breast_tables``."""

import os

# Test processes side by side: an agent that a test has stopped would find its port taken by the other's.
if (worker := os.environ.get("PYTEST_XDIST_WORKER", "gw0")) != "gw0":
    os.environ["FEDWARDEN_PORT_SHIFT"] = str(1000 * int(worker.removeprefix("gw")))
