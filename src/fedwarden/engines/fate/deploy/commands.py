"""Everything that is run on a FATE host, as data."""

from __future__ import annotations

from fedwarden.engines.fate.deploy import scripts
from fedwarden.engines.fate.deploy.plan import Cluster, Plan
from fedwarden.remote.command import Command, script

#: Docker starts and ends a dozen containers in seconds; a slow disk gets time.
UP_SECONDS = 300.0
DOWN_SECONDS = 180.0
LOAD_SECONDS = 1800.0
#: A deployment may take this long altogether; then its locks are given up.
LOCK_SECONDS = 7200.0


def _script(step: str, name: str, cluster: Cluster, *words: str, stdin: bytes = b"", seconds: float = 30.0) -> Command:
    return script(step, scripts.text(name), cluster.root, *words, stdin=stdin, seconds=seconds)


def look(plan: Plan, cluster: Cluster) -> Command:
    return _script("look at the host", "look.sh", cluster, str(cluster.party), *plan.images(), seconds=60)


def lock(cluster: Cluster, who: str) -> Command:
    return _script("lock the host", "lock.sh", cluster, who, seconds=LOCK_SECONDS)


def prepare(cluster: Cluster, owner: str) -> Command:
    return _script("make the party's folders", "prepare.sh", cluster, owner)


def unpack(cluster: Cluster, release: str, archive: bytes) -> Command:
    return _script("unpack the release", "unpack.sh", cluster, release, stdin=archive)


def up(cluster: Cluster, release: str, compose: str, *, firewall: bool) -> Command:
    words = (release, compose, cluster.training, cluster.serving, "yes" if firewall else "no")
    return _script("start the containers", "up.sh", cluster, *words, seconds=UP_SECONDS)


def down(cluster: Cluster, compose: str) -> Command:
    words = (compose, str(cluster.party), cluster.serving, cluster.training)
    return _script("end the containers", "down.sh", cluster, *words, seconds=DOWN_SECONDS)


def state(cluster: Cluster) -> Command:
    return _script("look at the containers", "state.sh", cluster, cluster.training, cluster.serving)


def last_words(cluster: Cluster, container: str) -> Command:
    return _script("read a container's log", "last_words.sh", cluster, container)


def ask(cluster: Cluster, port: int, path: str, body: str) -> Command:
    return _script("ask a service", "ask.sh", cluster, str(port), path, body, seconds=10)


def reach(cluster: Cluster, container: str, targets: list[str]) -> Command:
    return _script(
        "try the way to the others", "reach.sh", cluster, container, *targets, seconds=10.0 + 8.0 * len(targets)
    )


def settle(cluster: Cluster, release: str, *, unit: bool) -> Command:
    words = (release, "yes" if unit else "no", str(cluster.party))
    return _script("make the release the current one", "settle.sh", cluster, *words)


def discard(cluster: Cluster, release: str) -> Command:
    return _script("forget the release", "discard.sh", cluster, release)


def kept(cluster: Cluster) -> Command:
    return _script("look what is left", "kept.sh", cluster, seconds=60)


def forget(cluster: Cluster) -> Command:
    return _script("remove the releases", "forget.sh", cluster, str(cluster.party))


def purge(plan: Plan, cluster: Cluster) -> Command:
    image = plan.image(next(it.image for it in plan.version.services if it.name == "mysql"))
    return _script("purge the party's data", "purge.sh", cluster, image, seconds=DOWN_SECONDS)


def load(path: str) -> Command:
    return Command("load the images", ("docker", "load", "-q", "-i", path), seconds=LOAD_SECONDS)


def pull(image: str) -> Command:
    return Command("pull an image", ("docker", "pull", "-q", image), seconds=LOAD_SECONDS)


def remove(path: str) -> Command:
    return Command("remove what was copied", ("rm", "-rf", "--", path))
