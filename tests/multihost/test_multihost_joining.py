"""A host joins by its own hand: the regulator has no way into it, and takes part of nothing but what it is sent."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rig.fixture import hosts

pytestmark = pytest.mark.long  # in `make test-hosts`
ROOT = Path(__file__).resolve().parents[2]
HOME = "/opt/fedwarden/party"


def test_a_host_joins_trains_answers_and_leaves_without_the_regulators_ssh(tmp_path):
    # its operator has installed the program there: this checkout and its Python, seen read-only or as a copy
    seen = f"{ROOT} {sys.base_prefix}" if sys.base_prefix != "/usr" else str(ROOT)
    with hosts(1, RIG_PASSWORD="no", RIG_ROOT_LOGIN="prohibit-password", RIG_HIDE="", RIG_EXPOSE=seen) as rig:
        host = rig.hosts[0]
        regulator = f"{host.ip.rpartition('.')[0]}.254"
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("FEDWARDEN_", "SSH_AUTH"))}
        environment = {**kept, "FEDWARDEN_HOME": str(tmp_path / "home"), "FEDWARDEN_LANG": "en"}
        fedwarden = [sys.executable, "-P", "-m", "fedwarden"]

        def verb(*words, code=0):
            done = subprocess.run(
                [*fedwarden, *map(str, words), "--json"],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=200,
                cwd="/",
                check=False,
            )
            assert done.returncode == code, done
            return json.loads(done.stdout)

        def there(*words, more=""):
            return rig.shell(1, f"cd / && {shlex.join([*fedwarden, 'party', *map(str, words)])} {more}")

        verb("deploy", "--party", f"1={regulator}")
        listener = subprocess.Popen(
            [*fedwarden, "enrol", "--listen", f"{regulator}:0"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        try:
            address = re.search(r"listening at (\S+)", listener.stdout.readline())[1]
            verb("invite", "--party", 3, "--at", address, "--output", host.data / "invitation.txt")
            there("join", "/data/invitation.txt", more=">/data/join.log 2>&1 &")
            end = time.monotonic() + 60
            while not (shown := re.search(r"Request (i\d+) waits.*: ([0-9a-f]{64})", read(host.data / "join.log"))):
                assert time.monotonic() < end, read(host.data / "join.log")
                time.sleep(0.2)
            verb("approve", shown[1], "--fingerprint", shown[2])
            while "is part of the deployment" not in read(host.data / "join.log"):
                assert time.monotonic() < end and "error" not in read(host.data / "join.log"), read(
                    host.data / "join.log"
                )
                time.sleep(0.2)

            tables(tmp_path / "guest.csv", host.data / "host.csv")
            verb("upload", "--project", "p", "--guest", f"1={tmp_path}/guest.csv", "--host", "3=/data/host.csv")
            trained = verb("train", "--project", "p")
            assert trained["state"] == "success"
            verb("publish", trained["jobid"], "--name", "joint")
            assert 0 < verb("predict", "joint", "--sample-id", "p7")["prob"] < 1

            left = json.loads(there("leave", "--yes", "--json"))
            assert (left["told"], set(left["stays"])) == ("", {"policy.yaml", "audit.jsonl"})
            assert verb("train", "--project", "p", code=1)["code"] == "FW-JOB-521"
        finally:
            listener.terminate()
            listener.wait(20)
            listener.stdout.close()
            verb("destroy", "--yes")
        assert (host.data / "host.csv").exists()
        assert rig.shell(1, "pgrep -fa '[f]edwarden.party'; true") == ""
        assert sorted(rig.shell(1, f"ls {HOME}").split()) == ["audit.jsonl", "policy.yaml"]


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def tables(guest: Path, host: Path) -> None:
    guest.write_text("id,y,a\n" + "".join(f"p{k},{k * 7 % 3 % 2},{k % 11}\n" for k in range(300)))
    host.write_text("id,b\n" + "".join(f"p{k},{k * 7 % 3}\n" for k in range(300)))
