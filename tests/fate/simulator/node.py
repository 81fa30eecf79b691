"""One FATE-Flow inside: jobs of its own parties, their records, and the work, whatever protocol clients speak.

The initiator's node runs a job and tells the others what to note; a node keeps only the records of its own parties.
"""

import itertools
import threading
import time

from . import learning
from .tables import Tables
from .web import call

ENDED = ("success", "failed", "canceled")


class Failure(Exception):
    """A component of a job fails at one (role, party), with the text that FATE's log would hold."""

    def __init__(self, role, party, text):
        super().__init__(text)
        self.role, self.party, self.text = role, party, text


class Job:
    """The records of one job at one node. Keys of the dictionaries: (role, party) or (component, role, party)."""

    def __init__(self, plan):
        self.plan, self.stopped = plan, False
        self.rows, self.tasks, self.metrics, self.outputs, self.logs = {}, {}, {}, {}, {}
        self.common = []  # ids in common; at the initiator only


class Node:
    """``parties``: whose server this is; None for all (standalone), empty: the gateway knows.

    ``pace``: seconds that a component takes at least.
    """

    def __init__(self, version, parties=None, peers=None, proxy=None, pace=0.05):
        self.version, self.parties = version, None if parties is None else set(map(int, parties))
        self.peers, self.proxy, self.pace = dict(peers or {}), proxy, pace
        self.tables, self.jobs, self.models, self.history = Tables(), {}, {}, []
        self.lock = threading.RLock()
        self._counter = itertools.count(1)
        self.queued = False  # True: jobs wait until somebody sets it back (a cluster without a free slot)
        self.hooks = {}  # operations that a protocol adds: name → function(party, body)

    # --- ids and times --------------------------------------------------------------------------------------------

    def new_id(self):
        now = time.time()
        micro = int(now % 1 * 1e6)
        tail = str(next(self._counter)) if self.version.startswith("1.4") else "0"
        return time.strftime("%Y%m%d%H%M%S", time.localtime(now)) + f"{micro:06d}" + tail

    # --- between nodes --------------------------------------------------------------------------------------------

    def mine(self, party):
        return self.parties is None or int(party) in self.parties or int(party) == 0  # 0: uploads, which are local

    def tell(self, party, op, body):
        """What another party's node answers; OSError when it cannot be reached."""
        if self.mine(party):
            return self.receive(int(party), op, body)
        envelope = {"party": int(party), "op": op, "body": body}
        if int(party) in self.peers:
            return call(self.peers[int(party)], "/party", envelope)["answer"]
        if self.proxy is None:
            raise OSError(f"no route to party {party}")
        found = call(self.proxy, "/relay", envelope)
        if "answer" not in found:
            raise OSError(found.get("error", "no answer"))
        return found["answer"]

    def receive(self, party, op, body):
        return (self.hooks.get(op) or getattr(self, f"op_{op}"))(party, body)

    def op_create(self, party, body):
        with self.lock:
            job = self.jobs.setdefault(body["plan"]["job_id"], Job(body["plan"]))
            now = _now()
            job.rows[body["role"], party] = {
                "status": "waiting",
                "progress": 0,
                "create": now,
                "update": now,
                "start": None,
                "end": None,
                "task": None,
                "initiator": [body["role"], party] == body["plan"]["initiator"],
            }

    def op_status(self, party, body):
        with self.lock:
            row = self.jobs[body["job"]].rows[body["role"], party]
            if row["status"] in ENDED:
                return
            now = _now()
            row["update"] = now
            row["progress"] = body.get("progress", row["progress"])
            row["task"] = body.get("task", row["task"])
            status = body.get("status")
            if status == "running" and row["start"] is None:
                row["start"] = now
            if status in ENDED:
                row["end"] = now
            row["status"] = status or row["status"]

    def op_task(self, party, body):
        with self.lock:
            job, now = self.jobs[body["job"]], _now()
            key = (body["component"], body["role"], party)
            task = job.tasks.setdefault(
                key,
                {"create": now, "start": now, "end": None, "status": "running", "error": "", "module": body["module"]},
            )
            task["update"] = now
            line = f"{body['component']} {body['status']}"
            if body["status"] != "running":
                task["status"], task["end"], task["error"] = body["status"], now, body.get("error", "")
                line = body.get("error") or line
            job.logs.setdefault((body["role"], party, body["component"]), []).extend(line.splitlines())

    def op_metrics(self, party, body):
        with self.lock:
            self.jobs[body["job"]].metrics[body["component"], body["role"], party] = body["metrics"]

    def op_output(self, party, body):
        with self.lock:
            self.jobs[body["job"]].outputs[body["component"], body["role"], party] = body["output"]

    def op_model(self, party, body):
        with self.lock:
            self.models[body["role"], party, body["model_id"], body["version"]] = body["model"]

    def op_table(self, party, body):
        """A party's table for the one who computes; with ``ids`` only those rows, in that order."""
        table = self.tables.get(body["namespace"], body["name"])
        if table is None or not table.rows:
            return {"sid": "", "header": [], "ids": [], "rows": []}
        ids = body["ids"] if body.get("ids") is not None else list(table.rows)
        return {"sid": table.sid, "header": table.header, "ids": ids, "rows": [table.rows[key] for key in ids]}

    def op_weights(self, party, body):
        return self.models.get((body["role"], party, body["model_id"], body["version"]))

    def op_stop(self, party, body):
        with self.lock:
            job = self.jobs.get(body["job"])
            if job is not None:
                job.stopped = True
                for row in job.rows.values():
                    if row["status"] not in ENDED:
                        row["status"], row["end"], row["update"] = "canceled", _now(), _now()

    # --- jobs -----------------------------------------------------------------------------------------------------

    def submit(self, plan):
        """Notes the job at every party and lets it run."""
        for role, party in members(plan):
            self.tell(party, "create", {"plan": plan, "role": role})
        threading.Thread(target=self._run, args=(plan,), daemon=True).start()

    def stop(self, job_id):
        job = self.jobs[job_id]
        job.stopped = True
        for party in {party for _, party in members(job.plan)}:
            self.tell(party, "stop", {"job": job_id})

    def _run(self, plan):
        from .work import WORK

        job = self.jobs[plan["job_id"]]
        while self.queued and not job.stopped:
            time.sleep(0.02)
        self._all(plan, status="running")
        components = plan["components"]
        try:
            for place, (name, module, roles) in enumerate(components):
                if job.stopped:
                    return
                self._all(plan, task=name)
                who = [(role, party) for role, party in members(plan) if role in roles]
                for role, party in who:
                    self._task(plan, name, module, role, party, "running")
                time.sleep(self.pace)
                try:
                    WORK[module](self, job, name)
                except Failure as failure:
                    for role, party in who:
                        hit = (role, party) == (failure.role, failure.party)
                        text = failure.text if hit else ""
                        self._task(plan, name, module, role, party, "failed", text)
                    self._all(plan, status="failed")
                    return
                for role, party in who:
                    self._task(plan, name, module, role, party, "success")
                self._all(plan, progress=100 * (place + 1) // len(components))
            self._all(plan, status="success", progress=100)
        except learning.Stopped:
            return
        except OSError as error:
            self._all(plan, status="failed", lost=str(error))

    def _task(self, plan, name, module, role, party, status, error=""):
        body = {"job": plan["job_id"], "component": name, "module": module, "role": role, "status": status}
        self.tell(party, "task", {**body, "error": error})

    def _all(self, plan, **what):
        for role, party in members(plan):
            try:
                self.tell(party, "status", {"job": plan["job_id"], "role": role, **what})
            except OSError:
                if "lost" not in what:
                    raise


def members(plan):
    return [(role, int(party)) for role, parties in plan["roles"].items() for party in parties]


def _now():
    return int(time.time() * 1000)
