"""The two Compose projects of one cluster, as data."""

from __future__ import annotations

from typing import Any

from fedwarden.engines.fate.deploy import configs
from fedwarden.engines.fate.deploy.plan import PUBLIC, Cluster, Plan
from fedwarden.engines.fate.deploy.secrets import ROOT, place

Service = dict[str, Any]

_BASE = "/data/projects/fate"
_EGGROLL = f"{_BASE}/eggroll"
_SERVING = "/data/projects/fate-serving"
_NETWORK = "fate-network"
#: How long a container may take to end by itself.
GRACE = "10s"


def _java(program: str, words: str = "") -> list[str]:
    """Eggroll's images start nothing by themselves. ``$$`` is Compose's way to write ``$``."""
    home = "$${EGGROLL_HOME}"
    start = f"exec java -Dlog4j.configurationFile={home}/conf/log4j2.properties -cp {home}/lib/*:{home}/conf/ {program}"
    return ["bash", "-c", f"{start} -c {home}/conf/eggroll.properties {words}".strip()]


def _manager(bootstrap: str, port: int) -> list[str]:
    words = f"--bootstraps com.webank.eggroll.core.resourcemanager.{bootstrap} -p {port} -s EGGROLL_DEAMON"
    return _java("com.webank.eggroll.core.Bootstrap", words)


class _Cluster:
    def __init__(self, plan: Plan, cluster: Cluster) -> None:
        self.plan, self.cluster = plan, cluster
        self.new = configs.dotted(plan.release)

    def service(self, name: str, **more: Any) -> Service:
        image = next(it.image for it in self.plan.version.services if it.name == name)
        return {
            "image": self.plan.image(image),
            "restart": "always",
            "networks": [_NETWORK],
            "stop_grace_period": GRACE,
            "logging": {"driver": "json-file", "options": {"max-size": "20m", "max-file": "3"}},
            **more,
        }

    def published(self, name: str, inside: int) -> str:
        """A port of the host: for other parties on their address, else on the loopback unless it was opened."""
        everywhere = name in PUBLIC or name in self.plan.opened
        host = self.cluster.bind if everywhere else "127.0.0.1"
        return f"{host}:{getattr(self.cluster.ports, name)}:{inside}"

    def _eggroll_files(self) -> list[str]:
        return [
            f"./confs/eggroll/conf/{name}:{_EGGROLL}/conf/{name}:ro"
            for name in ("eggroll.properties", "route_table.json")
        ]

    def training(self) -> dict[str, Any]:
        flow = "fateflow" if self.new else "python"
        rollsite = "EggSiteBootstrap" if self.new else "Proxy"
        environment = {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
        eggroll = {"volumes": self._eggroll_files(), "environment": environment}
        services = {
            "rollsite": self.service(
                "rollsite",
                **eggroll,
                ports=[self.published("rollsite", 9370)],
                command=_java(f"com.webank.eggroll.rollsite.{rollsite}"),
            ),
            "clustermanager": self.service(
                "clustermanager",
                **eggroll,
                depends_on=["mysql"],
                expose=[4670],
                command=_manager("ClusterManagerBootstrap", 4670),
            ),
            "nodemanager": self.service(
                "nodemanager",
                **{**eggroll, "volumes": [*self._eggroll_files(), f"{ROOT}/data/tables:{_EGGROLL}/data"]},
                depends_on=["clustermanager"],
                expose=[4671],
                command=_manager("NodeManagerBootstrap", 4671),
            ),
            flow: self._flow(flow),
            "fateboard": self.service(
                "fateboard",
                ports=[self.published("board", 8080)],
                volumes=[
                    f"./confs/fateboard/conf/application.properties:{_BASE}/fateboard/conf/application.properties:ro",
                    f"{ROOT}/data/logs:{self._logs()}",
                ],
                depends_on=[flow],
            ),
            "mysql": self.service(
                "mysql",
                expose=[3306],
                volumes=["./confs/mysql/init:/docker-entrypoint-initdb.d:ro", f"{ROOT}/data/mysql:/var/lib/mysql"],
                environment={
                    "MYSQL_DATABASE": configs.DATABASE,
                    "MYSQL_USER": configs.ACCOUNT,
                    "MYSQL_PASSWORD": place("MYSQL_FATE"),
                    "MYSQL_ROOT_PASSWORD": place("MYSQL_ROOT"),
                },
            ),
        }
        if self.plan.notebook:
            services["client"] = self._client(flow)
        network = {"name": self.cluster.network, "ipam": {"config": [{"subnet": self.cluster.subnet}]}}
        return {"version": "3.5", "networks": {_NETWORK: network}, "services": services}

    def _logs(self) -> str:
        return f"{_BASE}/fateflow/logs" if self.new else f"{_BASE}/python/logs"

    def _flow(self, name: str) -> Service:
        staged = f"{_BASE}/examples/staged" if self.new else f"{_BASE}/python/examples/staged"
        models = f"{_BASE}/fateflow/model_local_cache" if self.new else f"{_BASE}/python/model_local_cache"
        conf = "./confs/fate_flow/conf"
        files = (
            [f"{conf}/service_conf.yaml:{_BASE}/conf/service_conf.yaml:ro"]
            if self.new
            else [
                f"{conf}/base_conf.yaml:{_BASE}/python/arch/conf/base_conf.yaml:ro",
                f"{conf}/server_conf.json:{_BASE}/python/arch/conf/server_conf.json:ro",
            ]
        )
        service = self.service(
            name,
            ports=[self.published("flow", 9380)],
            expose=[9360],
            volumes=[
                *files,
                *self._eggroll_files(),
                f"{ROOT}/data/staged:{staged}:ro",
                f"{ROOT}/data/models:{models}",
                f"{ROOT}/data/logs:{self._logs()}",
            ],
            depends_on=["mysql", "rollsite", "clustermanager", "nodemanager"],
        )
        if self.new:
            service["networks"] = {_NETWORK: {"ipv4_address": self.cluster.fixed_address(100)}}
            service["environment"] = {"FATE_PROJECT_BASE": _BASE}
        return service

    def _client(self, flow: str) -> Service:
        split = {"FATE_FLOW_IP": flow, "FATE_FLOW_PORT": "9380"}
        where = split if self.new else {"FATE_FLOW_HOST": f"{flow}:9380"}
        return self.service(
            "client",
            ports=[self.published("notebook", 20000)],
            environment={**where, "FATE_SERVING_HOST": "serving-proxy:8059"},
            depends_on=[flow],
        )

    def inference(self) -> dict[str, Any]:
        conf = "./confs/{0}/conf/{1}:" + _SERVING + "/{0}/conf/{1}:ro"
        services = {
            "serving-server": self.service(
                "serving-server",
                expose=[8000],
                volumes=[
                    conf.format("serving-server", "serving-server.properties"),
                    f"{ROOT}/data/serving:{configs.CACHE}",
                ],
                depends_on=["redis"],
            ),
            "serving-proxy": self.service(
                "serving-proxy",
                ports=[self.published("inference", 8059), self.published("peer", 8869)],
                expose=[8879],
                volumes=[
                    conf.format("serving-proxy", "application.properties"),
                    conf.format("serving-proxy", "route_table.json"),
                ],
                depends_on=["serving-server"],
            ),
            # the password comes by standard input: the words of a process can be read by everybody on the host
            "redis": self.service(
                "redis",
                expose=[6379],
                volumes=[f"{ROOT}/data/redis:/data"],
                environment={"REDIS_PASSWORD": place("REDIS")},
                command=[
                    "sh",
                    "-c",
                    "printf 'requirepass %s\\ndir /data\\n' \"$$REDIS_PASSWORD\" | exec redis-server -",
                ],
            ),
        }
        if any(it.name == "serving-zookeeper" for it in self.plan.version.inference):
            services["serving-zookeeper"] = self.service(
                "serving-zookeeper", expose=[2181], environment={"ALLOW_ANONYMOUS_LOGIN": "yes"}
            )
            services["serving-admin"] = self.service(
                "serving-admin",
                ports=[self.published("admin", 8350)],
                volumes=[conf.format("serving-admin", "application.properties")],
                depends_on=["serving-zookeeper"],
            )
        network = {"external": True, "name": self.cluster.network}
        return {"version": "3.5", "networks": {_NETWORK: network}, "services": services}


def training(plan: Plan, cluster: Cluster) -> dict[str, Any]:
    """``confs-<id>``: FATE-Flow, Eggroll, database, board; the network of both projects is made here."""
    return _Cluster(plan, cluster).training()


def serving(plan: Plan, cluster: Cluster) -> dict[str, Any]:
    """``serving-<id>``: server, proxy, cache. The server's own port is not published: FATE-Flow reaches it inside the
    network."""
    return _Cluster(plan, cluster).inference()
