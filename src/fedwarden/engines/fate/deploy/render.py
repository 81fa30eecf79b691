"""From a plan to every file of a party's release, and the hash that says whether anything changed."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import Any

import yaml

from fedwarden.engines.fate.deploy import compose, configs, eggroll_tables, firewall, routes
from fedwarden.engines.fate.deploy.plan import Cluster, Plan

Files = dict[str, str]


class _Plain(yaml.SafeDumper):
    """Every value is written out where it stands: a person reads these files."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml(value: dict[str, Any]) -> str:
    return yaml.dump(value, Dumper=_Plain, sort_keys=False, width=120)


def files(plan: Plan, party: int) -> Files:
    """Path below the release's folder → text."""
    cluster = plan.cluster(party)
    return {
        **{f"{cluster.training}/{name}": text for name, text in _training(plan, cluster).items()},
        **{f"{cluster.serving}/{name}": text for name, text in _serving(plan, cluster).items()},
        "firewall.sh": firewall.script(plan, cluster),
    }


def _training(plan: Plan, cluster: Cluster) -> Files:
    flow = "confs/fate_flow/conf"
    if configs.dotted(plan.release):
        own = {f"{flow}/service_conf.yaml": configs.service_conf(cluster)}
    else:
        own = {f"{flow}/base_conf.yaml": configs.base_conf(), f"{flow}/server_conf.json": configs.server_conf()}
    return {
        "docker-compose.yml": _yaml(compose.training(plan, cluster)),
        **own,
        "confs/eggroll/conf/eggroll.properties": configs.eggroll(plan, cluster),
        "confs/eggroll/conf/route_table.json": routes.rollsite(plan, cluster),
        "confs/fateboard/conf/application.properties": configs.fateboard(plan),
        "confs/mysql/init/eggroll.sql": eggroll_tables.sql(resources=configs.dotted(plan.release)),
    }


def _serving(plan: Plan, cluster: Cluster) -> Files:
    found = {
        "docker-compose.yml": _yaml(compose.serving(plan, cluster)),
        "confs/serving-server/conf/serving-server.properties": configs.serving_server(plan),
        "confs/serving-proxy/conf/application.properties": configs.serving_proxy(plan, cluster),
        "confs/serving-proxy/conf/route_table.json": routes.serving_proxy(plan, cluster),
    }
    if any(it.name == "serving-admin" for it in plan.version.inference):
        found["confs/serving-admin/conf/application.properties"] = configs.serving_admin(cluster)
    return found


def digest(rendered: Files) -> str:
    """16 hexadecimal digits: the release's name. The same plan gives the same name; passwords are not in it."""
    whole = hashlib.sha256()
    for name, text in sorted(rendered.items()):
        for part in (name, text):
            data = part.encode()
            whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()[:16]


def archive(rendered: Files) -> bytes:
    """A tar of the files, the same bytes for the same files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in sorted(rendered.items()):
            data = text.encode()
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o600
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()
