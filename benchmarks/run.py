"""Measures whole trainings over real agents and worker processes and stores a row per case and series.

python benchmarks/run.py                       every case
python benchmarks/run.py --quick               the small ones
python benchmarks/run.py --case lr-30000x23    one (may be repeated); any size may be named
python benchmarks/run.py --case lr-1000000x20 --validation 0.2    with held-out rows and the training on all rows
                                               that follows; printed, not stored
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from pathlib import Path
from typing import Any

import cases
from world import Failed, World

RESULTS = Path(__file__).with_name("results.json")


def measure(world: World, case: cases.Case, series: str, validation: float = 0.0) -> dict[str, Any]:
    """One training and the same in plaintext, in this run on the same rows; the row for results.json."""
    features, label = cases.generate(case)
    folder = world.folder / case.name
    tables = cases.write(case, features, label, folder)
    options = folder / "options.yaml"
    options.write_text(_options(case, series, validation))
    job = world.train(case.name, case.algorithm, tables, options, seconds=1800)
    records = world.records(job)
    seconds = iteration_seconds(case, records)
    plain = cases.plaintext_seconds(case, features, label)
    return {
        "case": case.name,
        "series": series,
        "seconds_per_iteration": seconds,
        "plaintext_seconds": plain,
        "ratio": seconds / plain,
        "links": {
            f"{role} to {peer}": counts["sent"]
            for role, record in sorted(records.items())
            for peer, counts in sorted(record.get("links", {}).items())
        },
        "peak_memory_mb": {
            role: record["result"]["peak_rss_mb"]
            for role, record in sorted(records.items())
            if "peak_rss_mb" in record.get("result", {})
        },
        "phases": {
            role: {phase["name"]: round(phase.get("seconds", 0.0), 3) for phase in record.get("phases", [])}
            for role, record in sorted(records.items())
        },
        "iterations": case.iterations if case.kind == "lr" else 1,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpus": len(os.sched_getaffinity(0)),
    }


def iteration_seconds(case: cases.Case, records: dict[str, dict[str, Any]]) -> float:
    """Logistic: the slowest data role's median iteration. Linear: the guest's whole training phase. psi: alignment."""
    if case.kind == "psi":
        parties = [record for role, record in records.items() if role != "arbiter"]  # its phase begins before theirs
        return max(p["seconds"] for record in parties for p in record["phases"] if p["name"] == "align")
    if case.kind == "linr":
        phases = {phase["name"]: phase["seconds"] for phase in records["guest"]["phases"]}
        return float(phases["train"])
    medians = [
        record["result"]["iteration_seconds"]["median"]
        for record in records.values()
        if "iteration_seconds" in record.get("result", {})
    ]
    if not medians:
        raise Failed("no role reported iteration_seconds")
    return float(max(medians))


def _options(case: cases.Case, series: str, validation: float) -> str:
    lines = [f"validation: {validation}", "alpha: 0.01"]
    if case.kind == "lr":
        lines += [f"max_iter: {case.iterations}", f'sigmoid: "{series}"', "loss_every: 10"]
    if case.kind == "psi":
        lines += [f"psi: {series}"]
    return "\n".join(lines) + "\n"


def store(row: dict[str, Any], path: Path = RESULTS) -> None:
    """Replaces the row of the same case and series, or appends it; sorted, so that a diff shows what changed."""
    rows = json.loads(path.read_text()) if path.exists() else []
    rows = [old for old in rows if (old["case"], old["series"]) != (row["case"], row["series"])]
    rows = sorted([*rows, row], key=lambda one: (one["case"], one["series"]))
    path.write_text(json.dumps(rows, indent=2) + "\n")


def show(row: dict[str, Any]) -> str:
    memory = ", ".join(f"{role} {size:.0f}" for role, size in row["peak_memory_mb"].items())
    return (
        f"{row['case']:<18} {row['series']:<9} {row['seconds_per_iteration'] * 1000:10.2f} ms  "
        f"plaintext {row['plaintext_seconds'] * 1000:9.3f} ms  ratio {row['ratio']:8.1f}  "
        f"sent {sum(row['links'].values()) / 1e6:8.1f} MB  peak {memory} MB"
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="time per iteration beside plaintext numpy")
    parser.add_argument(
        "--case", action="append", help="lr-, linr- or psi-ROWSxCOLUMNS, with -Nhosts or without; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="the small cases only")
    parser.add_argument("--series", help="only this one, e.g. 32,14")
    parser.add_argument("--no-store", action="store_true", help="print only")
    parser.add_argument("--validation", type=float, default=0.0, help="share of rows held out (the row is not stored)")
    chosen = parser.parse_args(arguments)
    try:
        wanted = [cases.parse(name) for name in chosen.case or (cases.QUICK if chosen.quick else cases.DEFAULT)]
    except ValueError as error:
        parser.error(str(error))
    try:
        with World(hosts=max(case.hosts for case in wanted)) as world:
            for case in wanted:
                for series in case.series:
                    if chosen.series in (None, series):
                        row = measure(world, case, series, chosen.validation)
                        print(show(row), flush=True)
                        if not chosen.no_store and not chosen.validation:
                            store(row)
    except Failed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
