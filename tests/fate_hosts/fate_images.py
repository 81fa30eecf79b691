"""FATE's images in small: the simulated cluster of tests/fate under the real names, as one archive for `docker load`.

Every image has the same two layers, a base (tests/rig/base-image.sh) and the simulator with a few commands that the
real images have (`java`, `redis-server`); they differ in what they start. The archive is made without Docker.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from fedwarden.engines.fate.versions import Version

TESTS = Path(__file__).resolve().parents[1]
_EGGROLL = "/data/projects/fate/eggroll"
_SERVING = "/data/projects/fate-serving"

#: Eggroll's three services are one program with different words.
_JAVA = f"""#!/bin/sh
case "$*" in
    *rollsite*) exec python3 -m simulator rollsite --routes {_EGGROLL}/conf/route_table.json \\
        --properties {_EGGROLL}/conf/eggroll.properties ;;
    *ClusterManager*) exec python3 -m simulator stub 4670 ;;
    *NodeManager*) exec python3 -m simulator stub 4671 ;;
esac
echo "java: what is $*?" >&2
exit 1
"""
#: Like the real one it reads its configuration from standard input, and refuses to run without a password.
_REDIS = """#!/bin/sh
[ "$1" = - ] && grep -q '^requirepass .......' || { echo "no requirepass" >&2; exit 1; }
exec python3 -m simulator stub 6379
"""
#: Like the real one it makes its database on an empty folder, which it gives to a user of its own, and wants to know a
#: password for that.
_MYSQL = """#!/bin/sh
[ -n "$MYSQL_ROOT_PASSWORD" ] && [ -n "$MYSQL_PASSWORD" ] || { echo "database is uninitialized" >&2; exit 1; }
[ -r /docker-entrypoint-initdb.d/eggroll.sql ] || { echo "no init script" >&2; exit 1; }
date >>/var/lib/mysql/ibdata1
chown -R 999:999 /var/lib/mysql
exec python3 -m simulator stub 3306
"""


def _starts(version: Version, faults: dict[str, str]) -> dict[str, list[str]]:
    """Image → what it starts. ``faults``: service → a line of shell that it starts instead."""
    sim = "exec python3 -m simulator"
    flow = f"{sim} flow --version {version.name} --pace 0.05"
    flow += (
        " --conf /data/projects/fate/python/arch/conf/server_conf.json"
        if version.dsl == "dsl-1"
        else " --proxy rollsite:9370 --serving serving-server:8000"
    )
    server = f"{_SERVING}/serving-server/conf/serving-server.properties"
    proxy = f"{_SERVING}/serving-proxy/conf"
    lines = {
        "python": flow,
        "fateflow": flow,
        "fateboard": f"{sim} stub 8080",
        "client": f"{sim} stub 20000",
        "mysql": "exec mysqld",
        "serving-server": f"{sim} serving-server --properties {server}",
        "serving-proxy": f"{sim} serving-proxy --properties {proxy}/application.properties"
        f" --routes {proxy}/route_table.json",
        "serving-zookeeper": f"{sim} stub 2181",
        "serving-admin": f"{sim} stub 8350",
        **faults,
    }
    return {it.image: ["sh", "-c", lines.get(it.name, "exec bash")] for it in version.services}


def archive(version: Version, cache: Path, faults: dict[str, str] | None = None) -> Path:
    """The path of the archive; made once for each content."""
    starts = _starts(version, faults or {})
    layer = _layer()
    key = hashlib.sha256(layer + json.dumps(starts, sort_keys=True).encode()).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    out = cache / f"fate_{version.name}-{key}.tar"
    if out.exists():
        return out
    environment = {**os.environ, "RIG_STATE": str(cache)}
    made = subprocess.run(
        ["bash", str(TESTS / "rig" / "base-image.sh")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    base = Path(made.stdout.strip())
    with base.open("rb") as handle:
        diffs = [hashlib.file_digest(handle, "sha256").hexdigest(), hashlib.sha256(layer).hexdigest()]
    part = out.with_name(f"{out.name}.{os.getpid()}.part")
    with tarfile.open(part, "w") as tar:
        tar.add(base, "base/layer.tar")
        _add(tar, "sim/layer.tar", layer)
        manifest = []
        for image, words in starts.items():
            config = json.dumps(_config(words, diffs), sort_keys=True).encode()
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            if name not in {one["Config"] for one in manifest}:
                _add(tar, name, config)
            manifest.append({"Config": name, "RepoTags": [image], "Layers": ["base/layer.tar", "sim/layer.tar"]})
        _add(tar, "manifest.json", json.dumps(manifest).encode())
    part.rename(out)
    return out


def _config(words: list[str], diffs: list[str]) -> dict[str, Any]:
    return {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
        "os": "linux",
        "config": {
            "Cmd": words,
            "Env": [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "PYTHONPATH=/opt",
                "PYTHONUNBUFFERED=1",
                f"EGGROLL_HOME={_EGGROLL}",
            ],
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff}" for diff in diffs]},
        "history": [{"created_by": "base"}, {"created_by": "simulator"}],
    }


def _layer() -> bytes:
    """The simulator and the commands; the same bytes for the same files."""
    files = {f"opt/simulator/{path.name}": path.read_bytes() for path in (TESTS / "fate" / "simulator").glob("*.py")}
    programs = {"java": _JAVA, "redis-server": _REDIS, "mysqld": _MYSQL}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in sorted(files.items()):
            _add(tar, name, data)
        for name, text in sorted(programs.items()):
            _add(tar, f"usr/local/bin/{name}", text.encode(), 0o755)
    return out.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes, mode: int = 0o644) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), mode
    tar.addfile(info, io.BytesIO(data))
