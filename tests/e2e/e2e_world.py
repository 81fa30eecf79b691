"""A regulator's machine for one scenario: its own FEDWARDEN_HOME, the two programs, and what one can see from outside.

Nothing here imports fedwarden: the tests judge processes, words, exit codes, sockets and files.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
# script.py promises to find the project's environment by itself, so it is started by the interpreter outside it.
PYTHON = str(Path(sys.base_prefix) / "bin" / "python3")
WARDEN = str(Path(sys.executable).parent / "fedwarden")
STATES = ("waiting", "running", "success", "failed")
SUBMITTED = re.compile(
    r"\{'retcode': 0, 'model_id': '(arbiter-\d+#guest-\d+#host-[\d_]+#model)',"
    r" 'model_version': '(\d{21})', 'jobid': '(\d{21})'\}\n"
)
PREDICTED = re.compile(r'\{"prob":(-?[0-9][0-9.e+-]*),"retmsg":"success","retcode":0\}\n')


@dataclass(frozen=True)
class Run:
    """What one command did."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float

    def __str__(self) -> str:
        return f"{' '.join(self.words)}\n-> exit {self.code}\nstdout: {self.out!r}\nstderr: {self.err!r}"

    @property
    def complaint(self) -> list[str]:
        """The lines of stderr that carry text."""
        return [line for line in self.err.splitlines() if line.strip()]

    @property
    def json(self) -> Any:
        return json.loads(self.out, parse_constant=_no_constant)

    @property
    def prob(self) -> float:
        match = PREDICTED.fullmatch(self.out)
        assert match and self.code == 0, self
        return float(match[1])


def _no_constant(name: str) -> float:
    raise AssertionError(f"{name} is no strict JSON")


@dataclass
class World:
    """One FEDWARDEN_HOME, in a folder of its own that holds the user's home and temporary files too."""

    base: Path
    runs: dict[str, Run] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in (self.user, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def user(self) -> Path:
        return self.base / "user"

    @property
    def temporary(self) -> Path:
        return self.base / "temporary"

    @property
    def environ(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FEDWARDEN_", "VIRTUAL_ENV", "PYTHON"))}
        kept |= {k: v for k, v in os.environ.items() if k == "FEDWARDEN_PORT_SHIFT"}
        places = {"FEDWARDEN_HOME": self.home, "HOME": self.user, "TMPDIR": self.temporary}
        return kept | {name: str(path) for name, path in places.items()} | {"FEDWARDEN_LANG": "en"}

    def script(self, *words: object, stdin: str = "", timeout: float = 120) -> Run:
        return self._run((PYTHON, str(ROOT / "script.py"), *map(str, words)), stdin, timeout)

    def warden(self, *words: object, stdin: str = "", timeout: float = 120) -> Run:
        return self._run((WARDEN, *map(str, words)), stdin, timeout)

    def step(self, name: str, *words: object, **options: Any) -> Run:
        """``script`` whose run is kept under ``name`` for the tests that look at its words."""
        self.runs[name] = run = self.script(*words, **options)
        return run

    def _run(self, argv: tuple[str, ...], stdin: str, timeout: float) -> Run:
        begin = time.monotonic()
        done = subprocess.run(
            argv, input=stdin.encode(), capture_output=True, timeout=timeout, env=self.environ, cwd="/", check=False
        )
        seconds = time.monotonic() - begin
        return Run(argv[1:], done.returncode, done.stdout.decode(), done.stderr.decode(), seconds)

    # --- jobs -----------------------------------------------------------------------------------------------------

    def submit(self, project: str, algorithm: str = "hetero_lr", *more: object, mode: int = 1) -> tuple[str, str]:
        """model_id and job id of a job that runs."""
        run = self.script("-f", "submit", "-proj", project, "-alg", algorithm, "-m", mode, *more)
        match = SUBMITTED.fullmatch(run.out)
        assert match and run.code == 0, run
        assert match[2] == match[3], run
        return match[1], match[3]

    def states(self, job: str) -> list[str]:
        """The words of query, checked: only the four words, and never success beside failed."""
        run = self.script("-f", "query", "-jid", job)
        words = run.out.splitlines()
        assert words and all(word in STATES for word in words), run
        assert run.out.endswith("\n"), run
        assert not {"success", "failed"} <= set(words), run
        return words

    def wait(self, job: str, word: str = "success", seconds: float = 120) -> list[str]:
        """Queries until every role says ``word``; fails at once when the job has ended otherwise."""
        end = time.monotonic() + seconds
        while True:
            words = self.states(job)
            if set(words) == {word}:
                return words
            ended = set(words) <= {"success", "failed"}
            assert not ended, f"{words} instead of {word}: {self.record(job)}"
            assert time.monotonic() < end, f"still {words} after {seconds} s: {self.record(job)}"
            time.sleep(0.2)

    def record(self, job: str) -> Any:
        """The job record as ``fedwarden job show`` gives it to programs."""
        run = self.warden("job", "show", job, "--json")
        assert run.code == 0, run
        return run.json

    def train(self, project: str, algorithm: str = "hetero_lr", *more: object, seconds: float = 120) -> tuple[str, str]:
        """Submits, waits for success; model_id and version."""
        model, job = self.submit(project, algorithm, *more)
        self.wait(job, seconds=seconds)
        return model, job

    def bind(self, model: str, version: str, name: str) -> Run:
        return self.script("-f", "load_bind", "-mid", model, "-mver", version, "-mname", name)

    # --- what one sees from outside -------------------------------------------------------------------------------

    def party_homes(self) -> dict[int, Path]:
        return {int(p.name.split("-")[1]): p for p in self.home.glob("deployments/*/party-*")}

    def agents(self) -> dict[int, dict[str, Any]]:
        """agent.json by party id."""
        found = {party: home / "agent.json" for party, home in self.party_homes().items()}
        return {party: json.loads(path.read_text()) for party, path in sorted(found.items()) if path.exists()}

    def model_part(self, party: int, version: str, role: str) -> dict[str, Any]:
        path = self.party_homes()[party] / "models" / version / f"{role}.json"
        part: dict[str, Any] = json.loads(path.read_text())
        return part

    def role_status(self, party: int, job: str, role: str) -> dict[str, Any]:
        path = self.party_homes()[party] / "jobs" / job / f"{role}.status.json"
        try:
            status: dict[str, Any] = json.loads(path.read_text())
        except FileNotFoundError:
            return {}
        return status

    def processes(self) -> list[psutil.Process]:
        """Live processes whose words or environment name this world's folder (zombies have neither)."""
        return list(_processes_of(str(self.base)))

    def serving(self, party: int, name: str, features: dict[str, float], sample: str | None) -> dict[str, Any]:
        """FATE-Serving's single inference at the guest's serving port."""
        body = {"head": {"serviceId": name}, "body": {"featureData": features}}
        if sample is not None:
            body["body"]["sendToRemoteFeatureData"] = {"id": sample}  # type: ignore[assignment]
        agent = self.agents()[party]
        line = http.client.HTTPConnection("127.0.0.1", agent["serving_port"], timeout=10)
        try:
            head = {"Content-Type": "application/json"}
            line.request("POST", "/federation/v1/inference", json.dumps(body), head)
            answer = line.getresponse()
            assert answer.status == 200
            out: dict[str, Any] = json.loads(answer.read())
        finally:
            line.close()
        return out

    def close(self) -> None:
        """Ends what is left of this world's processes (a test that cares has looked before)."""
        left = self.processes()
        for process in left:
            _quietly(process.kill)
        psutil.wait_procs(left, timeout=5)


def _processes_of(base: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if words and any(base in text for text in (*words, *process.environ().values())):
                yield process
        except psutil.Error:
            continue


def _quietly(call: Callable[[], object]) -> None:
    with contextlib.suppress(psutil.Error):
        call()


def listening(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, port)) == 0


def eventually(look: Callable[[], bool], seconds: float, what: str) -> float:
    """Waits until ``look`` is true; the seconds it took. Fails with ``what`` otherwise."""
    begin = time.monotonic()
    while not look():
        assert time.monotonic() - begin < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - begin


def find(record: Any, key: str) -> list[Any]:
    """Every value that stands under ``key`` anywhere in a record."""
    out: list[Any] = []
    if isinstance(record, dict):
        for name, value in record.items():
            out += [value] if name == key else []
            out += find(value, key)
    elif isinstance(record, list):
        for value in record:
            out += find(value, key)
    return out
