"""Who may reach a cluster's two public ports: the other parties of the deployment, and nobody else.

Docker publishes ports past the host's own firewall (ufw, firewalld). It promises to look at the chain DOCKER-USER first
and never to touch what is in it; so the rules go there. A packet has been given the container's address by then: the
port that it was sent to is asked of connection tracking.
"""

from __future__ import annotations

from fedwarden.engines.fate.deploy.plan import Cluster, Plan

_HEAD = """\
# Only the other parties reach this cluster's ports for parties. "sh firewall.sh up" puts the rules in, "down" takes
# them out.
set -u
chain={chain}
sent="--ctdir ORIGINAL --ctorigdst {bind}"
rule() {{
    for port in {ports}; do
        iptables -w 10 "$1" DOCKER-USER -p tcp -m conntrack $sent --ctorigdstport $port -j $chain
    done
}}
while rule -D 2>/dev/null; do :; done
iptables -w 10 -F $chain 2>/dev/null
iptables -w 10 -X $chain 2>/dev/null
[ "${{1:-}}" = up ] || exit 0
set -e
iptables -w 10 -N $chain
"""


def chain(cluster: Cluster) -> str:
    return f"FW-FATE-{cluster.party}"


def script(plan: Plan, cluster: Cluster) -> str:
    """Repeatable. Needs root and iptables; the caller says so where they are not there."""
    ports = f"{cluster.ports.rollsite} {cluster.ports.peer}"
    sources = sorted({other.address for other in plan.others(cluster.party) if other.address != cluster.address})
    sources += sorted({other.subnet for other in plan.clusters if other.address == cluster.address})
    bind = "0.0.0.0/0" if cluster.bind == "0.0.0.0" else cluster.bind  # noqa: S104
    head = _HEAD.format(chain=chain(cluster), ports=ports, bind=bind)
    lines = [f"iptables -w 10 -A $chain -s {source} -j RETURN" for source in sources]
    lines += ["iptables -w 10 -A $chain -j DROP", "rule -I"]
    return head + "\n".join(lines) + "\n"
