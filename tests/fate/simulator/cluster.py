"""A whole federation in this process, every part on a port of its own on 127.0.0.1: for tests."""

from .flow1 import Flow1
from .flow2 import Flow2
from .gateway import Rollsite, inner_door
from .node import Node
from .serving import ServingProxy, ServingServer
from .web import Server


class Party:
    """One party's servers; ``flow`` and ``inference`` are what a regulator is told."""

    def __init__(self, version, number, pace, serving, adaptor):
        self.number = number
        self.node = Node(version, {number}, pace=pace)
        self.front = Flow2(self.node) if version.startswith("2") else Flow1(self.node)
        self.routes, self.serving_routes = {}, {}
        self._version, self._pace = version, pace
        self.servers = [Server(self.front), Server(inner_door(self.node)), Server(Rollsite(self.routes, number))]
        self.flow, self.inner, self.gateway = (server.url for server in self.servers)
        self.node.proxy = self.gateway
        self.inference = ""
        if serving:
            self._serve(adaptor)

    def _serve(self, adaptor):
        self.proxy = ServingProxy(self.serving_routes, self.number)
        public, inner = Server(self.proxy.public), Server(self.proxy.inner)
        self.server = ServingServer(inner.url, f"{self.flow}/v1/model/transfer", adaptor)
        own = Server(lambda request: self.server(request))  # noqa: PLW0108 - it is replaced by a restart
        self.servers += [public, inner, own]
        self.inference, self.remote = public.url, inner.url
        self.front.servings = [own.url]
        self.serving_routes[str(self.number)] = {"serving": [_entry(own)]}

    def restart_serving(self):
        """As if the serving-server's container had been made anew."""
        self.server = ServingServer(self.server.proxy, self.server.transfer, self.server.adaptor)

    def stop(self):
        for server in self.servers:
            server.stop()


def _entry(server):
    return {"ip": server.server_address[0], "port": server.server_address[1]}


class Cluster:
    """``adaptors``: party → table that its serving-server looks features up in; others have the stock adaptor."""

    def __init__(self, version, parties, *, pace=0.01, adaptors=None):
        online = not version.startswith("2")
        self.parties = {n: Party(version, n, pace, online, (adaptors or {}).get(n)) for n in parties}
        for number, party in self.parties.items():
            party.routes[str(number)] = {"fateflow": [_entry(party.servers[1])]}
            for other in self.parties.values():
                if other is not party:
                    party.routes[str(other.number)] = {"default": [_entry(other.servers[2])]}
                    if online:
                        party.serving_routes[str(other.number)] = {"default": [_entry(other.servers[4])]}
        for party in self.parties.values():
            for server in party.servers:
                server.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for party in self.parties.values():
            party.stop()


class Standalone:
    """One FATE-Flow for all parties, as ``work_mode 0`` means it; no serving."""

    def __init__(self, version, *, pace=0.01):
        self.node = Node(version, None, pace=pace)
        self.front = Flow2(self.node) if version.startswith("2") else Flow1(self.node)
        self.server = Server(self.front).start()
        self.flow = self.server.url

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()
