"""The configuration files of one cluster's services. Secrets are places that the host fills in."""

from __future__ import annotations

import json
from collections.abc import Mapping

import yaml

from fedwarden.engines.fate.deploy.plan import Cluster, Plan
from fedwarden.engines.fate.deploy.secrets import place

DATABASE = "fate_flow"
ACCOUNT = "fate"
_META = "jdbc:mysql://mysql:3306/eggroll_meta"
_FLOW = f"jdbc:mysql://mysql:3306/{DATABASE}"
_JDBC = "?useSSL=false&serverTimezone=UTC&characterEncoding=utf8&allowPublicKeyRetrieval=true"
#: Which container of an old FATE finds its Java and Python where.
_JAVA = "/usr/lib/jvm/java-1.8.0-openjdk"


def properties(values: Mapping[str, object], head: str = "") -> str:
    return head + "".join(f"{key}={value}\n" for key, value in values.items())


def dotted(release: str) -> bool:
    """Whether FATE-Flow reads one service_conf.yaml (1.7 and later) instead of base_conf.yaml and server_conf.json."""
    return tuple(int(part) for part in release.split(".")[:2]) >= (1, 7)


def eggroll(plan: Plan, cluster: Cluster) -> str:
    new = dotted(plan.release)
    manager, pair = "eggroll.resourcemanager.clustermanager", "eggroll.resourcemanager.bootstrap.egg_pair"
    master = "eggroll.resourcemanager.bootstrap.roll_pair_master"
    python = (
        "/data/projects/fate/fate/python:/data/projects/fate/fateflow/python" if new else "/data/projects/fate/python"
    )
    values: dict[str, object] = {
        f"{manager}.jdbc.driver.class.name": "com.mysql.cj.jdbc.Driver",
        f"{manager}.jdbc.url": _META + _JDBC,
        f"{manager}.jdbc.username": ACCOUNT,
        f"{manager}.jdbc.password": place("MYSQL_FATE"),
        f"{manager}.host": "clustermanager",
        f"{manager}.port": 4670,
        "eggroll.resourcemanager.nodemanager.port": 4671,
        "eggroll.resourcemanager.process.tag": cluster.party,
        "eggroll.data.dir": "data/",
        "eggroll.logs.dir": "logs/",
        "eggroll.bootstrap.root.script": "bin/eggroll_boot.sh",
        f"{pair}.exepath": "bin/roll_pair/egg_pair_bootstrap.sh",
        f"{pair}.venv": "" if new else "/data/projects/python/venv",
        f"{pair}.pythonpath": f"{python}:/data/projects/fate/eggroll/python",
        f"{pair}.filepath": "python/eggroll/roll_pair/egg_pair.py",
        f"{master}.exepath": "bin/roll_pair/roll_pair_master_bootstrap.sh",
        f"{master}.javahome": _JAVA,
        f"{master}.classpath": "conf/:lib/*",
        f"{master}.mainclass": "com.webank.eggroll.rollpair.RollPairMasterBootstrap",
        f"{master}.jvm.options": "",
        "eggroll.rollsite.coordinator": "fate",
        "eggroll.rollsite.host": "rollsite",
        "eggroll.rollsite.port": 9370,
        "eggroll.rollsite.party.id": cluster.party,
        "eggroll.rollsite.route.table.path": "conf/route_table.json",
        "eggroll.session.processors.per.node": 4 if new else 2,
        "eggroll.session.start.timeout.ms": 180000,
        "eggroll.rollsite.adapter.sendbuf.size": 100000 if new else 1048576,
        "eggroll.rollpair.transferpair.sendbuf.size": 250000 if new else 4150000,
    }
    return properties(values, "[eggroll]\n")


def base_conf() -> str:
    """FATE 1.4's base_conf.yaml: this is what makes it a cluster. There is no redis in it: FATE-Flow needs none to load
    and bind, and KubeFATE leaves its places unfilled."""
    database = {"name": DATABASE, "user": ACCOUNT, "passwd": place("MYSQL_FATE"), "host": "mysql", "port": 3306}
    whole = {
        "work_mode": 1,
        "fate_flow": {"host": "0.0.0.0", "http_port": 9380, "grpc_port": 9360},  # noqa: S104 - inside its container
        "database": {**database, "max_connections": 100, "stale_timeout": 30},
    }
    return yaml.safe_dump(whole, sort_keys=False)


def server_conf() -> str:
    """FATE 1.4's server_conf.json. ``servings`` is where load and bind go: the party's own serving-server."""
    servers = {
        "proxy": {"host": "rollsite", "port": 9370},
        "fateboard": {"host": "fateboard", "port": 8080},
        "fateflow": {"host": "python", "grpc.port": 9360, "http.port": 9380},
        "servings": ["serving-server:8000"],
    }
    return json.dumps({"servers": servers}, indent=2, sort_keys=True) + "\n"


def service_conf(cluster: Cluster) -> str:
    """service_conf.yaml of FATE 1.7 to 1.11. FATE-Flow tells others its address, so its container has a fixed one."""
    database = {"name": DATABASE, "user": ACCOUNT, "passwd": place("MYSQL_FATE"), "host": "mysql", "port": 3306}
    whole = {
        "use_registry": False,
        "use_deserialize_safe_module": False,
        "dependent_distribution": False,
        "fateflow": {
            "host": cluster.fixed_address(100),
            "http_port": 9380,
            "grpc_port": 9360,
            "proxy": "rollsite",
            "protocol": "default",
        },
        "database": {**database, "max_connections": 100, "stale_timeout": 30},
        "zookeeper": {"hosts": ["serving-zookeeper:2181"]},
        "default_engines": {"computing": "eggroll", "federation": "eggroll", "storage": "eggroll"},
        "fate_on_eggroll": {
            "clustermanager": {"cores_per_node": 16, "nodes": 1},
            "rollsite": {"host": "rollsite", "port": 9370},
        },
        "fateboard": {"host": "fateboard", "port": 8080},
        "enable_model_store": False,
        "servings": {"hosts": ["serving-server:8000"]},
    }
    return yaml.safe_dump(whole, sort_keys=False)


def fateboard(plan: Plan) -> str:
    flow = next(it.name for it in plan.version.training if 9380 in it.published)
    values: dict[str, object] = {"server.port": 8080, "fateflow.url": f"http://{flow}:9380"}
    if dotted(plan.release):
        values |= {"server.board.login.username": "admin", "server.board.login.password": place("BOARD")}
        values |= {"server.servlet.session.timeout": "4h", "management.endpoints.web.exposure.exclude": "*"}
    else:
        values |= {
            "spring.datasource.driver-Class-Name": "com.mysql.cj.jdbc.Driver",
            "fateboard.datasource.jdbc-url": _FLOW + _JDBC,
            "fateboard.datasource.username": ACCOUNT,
            "fateboard.datasource.password": place("MYSQL_FATE"),
        }
    values |= {"server.tomcat.uri-encoding": "UTF-8", "server.tomcat.max-threads": 200}
    return properties(values)


#: Where the serving-server keeps what it loaded and bound. FATE-Serving 2.0.0 uses its working folder unless it is
#: told; KubeFATE mounts the home folder, so a re-created container forgets its bindings there.
CACHE = "/data/projects/fate-serving/serving-server/cache"


def serving_server(plan: Plan) -> str:
    flow = next(it.name for it in plan.version.training if 9380 in it.published)
    registers = str(_zookeeper(plan)).lower()
    values: dict[str, object] = {
        "port": 8000,
        "serviceRoleName": "serving",
        "proxy": "serving-proxy:8879",
        "model.transfer.url": f"http://{flow}:9380/v1/model/transfer",
        "model.cache.path": CACHE,
        "feature.single.adaptor": "com.webank.ai.fate.serving.adaptor.dataaccess.MockAdapter",
        "feature.batch.adaptor": "com.webank.ai.fate.serving.adaptor.dataaccess.MockBatchAdapter",
        "redis.ip": "redis",
        "redis.port": 6379,
        "redis.password": place("REDIS"),
        "useRegister": registers,
        "useZkRouter": registers,
    }
    return properties(values | ({"zk.url": "serving-zookeeper:2181"} if _zookeeper(plan) else {}))


def serving_proxy(plan: Plan, cluster: Cluster) -> str:
    """``coordinator`` is the party's own id. KubeFATE 1.4.4 leaves it out, the proxy then takes itself for party 9999,
    and every prediction ends with retcode 105."""
    registers = str(_zookeeper(plan)).lower()
    values: dict[str, object] = {
        "coordinator": cluster.party,
        "server.port": 8059,
        "inference.service.name": "serving",
        "route.table": "/data/projects/fate-serving/serving-proxy/conf/route_table.json",
        "proxy.grpc.intra.port": 8879,
        "proxy.grpc.inter.port": 8869,
        "useRegister": registers,
        "useZkRouter": registers,
    }
    return properties(values | ({"zk.url": "serving-zookeeper:2181"} if _zookeeper(plan) else {}))


def serving_admin(cluster: Cluster) -> str:
    values = {
        "server.port": 8350,
        "zk.url": "serving-zookeeper:2181",
        "admin.username": "admin",
        "admin.password": place("ADMIN"),
    }
    return properties(values)


def _zookeeper(plan: Plan) -> bool:
    return any(it.name == "serving-zookeeper" for it in plan.version.inference)
