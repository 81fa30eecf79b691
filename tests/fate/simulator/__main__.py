"""One server of the simulated cluster: ``python3 -m simulator ROLE [options]``; ends with SIGTERM or SIGINT.

::

    python3 -m simulator flow --version 1.4.4 --conf server_conf.json [--party 1] [--pace 0.3]
    python3 -m simulator rollsite --routes route_table.json --properties eggroll.properties
    python3 -m simulator serving-server --properties serving-server.properties [--table host.csv]
    python3 -m simulator serving-proxy --properties application.properties --routes route_table.json
    python3 -m simulator stub 3306

Everything binds 0.0.0.0 unless --bind says otherwise. ``--standalone`` makes a FATE-Flow for all parties.
"""

import argparse
import json
import signal
import sys
from pathlib import Path

from .flow1 import Flow1
from .flow2 import Flow2
from .gateway import Rollsite, inner_door
from .node import Node
from .serving import ServingProxy, ServingServer
from .web import Server, html


def properties(path):
    """``key=value`` lines; the rest is comment."""
    found = {}
    for line in Path(path).read_text("utf-8").splitlines():
        key, sign, value = line.strip().partition("=")
        if sign and not key.startswith("#"):
            found[key.strip()] = value.strip()
    return found


def routes(path):
    return json.loads(Path(path).read_text("utf-8"))["route_table"]


def flow(given):
    conf = json.loads(Path(given.conf).read_text("utf-8"))["servers"] if given.conf else {}
    proxy = given.proxy or (f"{conf['proxy']['host']}:{conf['proxy']['port']}" if "proxy" in conf else None)
    parties = None if given.standalone else given.party
    node = Node(given.version, parties, proxy=proxy, pace=given.pace)
    if given.version.startswith("2"):
        front = Flow2(node)
    else:
        front = Flow1(node, given.serving or conf.get("servings", []))
    return [Server(front, given.port or 9380, given.bind), Server(inner_door(node), given.inner_port, given.bind)]


def rollsite(given):
    party = properties(given.properties)["eggroll.rollsite.party.id"]
    return [Server(Rollsite(routes(given.routes), party), given.port or 9370, given.bind)]


def serving_server(given):
    told = properties(given.properties)
    server = ServingServer(told["proxy"], told["model.transfer.url"], given.table)
    return [Server(server, given.port or int(told.get("port", 8000)), given.bind)]


def serving_proxy(given):
    told = properties(given.properties)
    proxy = ServingProxy(routes(given.routes), told.get("coordinator", 9999))
    inner = [Server(proxy.inner, port, given.bind) for port in (8869, 8879)]
    return [Server(proxy.public, given.port or int(told.get("server.port", 8059)), given.bind), *inner]


def stub(given):
    return [Server(lambda _: html(404, "Not Found"), port, given.bind) for port in given.ports]


ROLES = {
    "flow": flow,
    "rollsite": rollsite,
    "serving-server": serving_server,
    "serving-proxy": serving_proxy,
    "stub": stub,
}


def main():
    parser = argparse.ArgumentParser(
        prog="simulator", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("ports", nargs="*", type=int, help="stub: where to listen")
    parser.add_argument("--version", default="1.4.4")
    parser.add_argument("--bind", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--inner-port", type=int, default=9360)
    parser.add_argument("--conf", help="flow: server_conf.json")
    parser.add_argument("--proxy", help="flow: host:port of rollsite")
    parser.add_argument("--serving", action="append", help="flow: host:port of a serving-server")
    parser.add_argument(
        "--party", type=int, action="append", default=[], help="flow: whose it is; else rollsite is asked"
    )
    parser.add_argument("--standalone", action="store_true")
    parser.add_argument("--pace", type=float, default=0.3)
    parser.add_argument("--properties")
    parser.add_argument("--routes")
    parser.add_argument("--table", help="serving-server: what its feature adaptor looks up")
    given = parser.parse_args()
    servers = [server.start() for server in ROLES[given.role](given)]
    print("ready", *(server.url for server in servers), flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    for server in servers:
        server.stop()
    return 0


if __name__ == "__main__":
    # also when it is process 1 of a container, which has no default handlers
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    sys.exit(main())
