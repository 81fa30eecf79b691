"""A real agent whose workers are the small ones beside this file: ``agent_program.py --home H …``."""

import sys
from pathlib import Path

from fedwarden.party.agent import main

if __name__ == "__main__":
    sys.exit(main(worker=(sys.executable, str(Path(__file__).with_name("small_worker.py")))))
