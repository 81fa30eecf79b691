"""Who may reach a cluster's two public ports: the other parties of the deployment, and nobody else.

Docker publishes ports past the host's own firewall (ufw, firewalld). It promises to look at the chain DOCKER-USER first
and never to touch what is in it; so the rules go there. A packet has been given the container's address by then: the
port that it was sent to is asked of connection tracking.
"""

from __future__ import annotations

from fedwarden.engines.fate.deploy.plan import Cluster, Plan

_HEAD = """\
# Only the other parties reach this cluster's ports for parties. Repeatable. There is no moment in which everybody gets
# through: the chain is closed first, and opened for each of the others then.
set -eu
chain={chain}
sent="--ctdir ORIGINAL --ctorigdst {bind}"
iptables -w 10 -N DOCKER-USER 2>/dev/null || :  # before Docker's first start: it takes the chain as it finds it
iptables -w 10 -N $chain 2>/dev/null || :
iptables -w 10 -I $chain 1 -j DROP
while iptables -w 10 -D $chain 2 2>/dev/null; do :; done
"""
_TAIL = """\
for port in {ports}; do
    rule="-p tcp -m conntrack $sent --ctorigdstport $port -j $chain"
    iptables -w 10 -C DOCKER-USER $rule 2>/dev/null || iptables -w 10 -I DOCKER-USER $rule
done
"""


def chain(cluster: Cluster) -> str:
    return f"FW-FATE-{cluster.party}"


def script(plan: Plan, cluster: Cluster) -> str:
    """Goes before the containers' start; down.sh takes the rules out again. Needs root and iptables; the caller says so
    where they are not there."""
    ports = f"{cluster.ports.rollsite} {cluster.ports.peer}"
    sources = sorted({other.address for other in plan.others(cluster.party) if other.address != cluster.address})
    sources += sorted({other.subnet for other in plan.clusters if other.address == cluster.address})
    bind = "0.0.0.0/0" if cluster.bind == "0.0.0.0" else cluster.bind  # noqa: S104
    lines = [f"iptables -w 10 -I $chain 1 -s {source} -j RETURN\n" for source in sources]
    return _HEAD.format(chain=chain(cluster), bind=bind) + "".join(lines) + _TAIL.format(ports=ports)
