"""Images onto a host: what is there is used; what is missing comes from an archive or from a registry, or is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fedwarden.common.errors import DeployError, RemoteError, UsageError
from fedwarden.engines.fate.deploy import commands
from fedwarden.engines.fate.deploy.facts import Facts, gather
from fedwarden.engines.fate.deploy.plan import Cluster, Plan
from fedwarden.remote.local import Host, LocalSession

Say = Callable[..., None]
#: Gigabytes over a slow line.
SEND_SECONDS = 7200.0


def archive_of(text: str) -> Path | None:
    """The archive that the operator named. Raises UsageError FW-USE-650 when it is no file."""
    if not text:
        return None
    path = Path(text).expanduser()
    if not path.is_file():
        raise UsageError("FW-USE-650", path=str(path))
    return path.absolute()


async def provide(
    host: Host, plan: Plan, cluster: Cluster, facts: Facts, archive: Path | None, shown: str, say: Say
) -> Facts:
    """The host's facts with every image of the plan in them.

    Raises DeployError FW-DEP-663 naming what is missing and why it could not be had.
    """
    missing = [image for image in plan.images() if image not in facts.images]
    if not missing:
        return facts
    why = "-"
    try:
        if archive is not None:
            say("FW-SAY-652", host=shown, archive=archive.name, size=round(archive.stat().st_size / 1e6))
            await _load(host, facts, archive)
        elif plan.registry:
            for image in missing:
                say("FW-SAY-653", host=shown, image=image)
                await host.run(commands.pull(image))
    except RemoteError as error:
        if error.code != "FW-SSH-010":
            raise
        why = str(error.params.get("why", "-"))
    facts = await gather(host, plan, cluster)
    missing = [image for image in plan.images() if image not in facts.images]
    if missing:
        raise DeployError("FW-DEP-663", host=shown, missing=missing, why=why)
    return facts


async def _load(host: Host, facts: Facts, archive: Path) -> None:
    if isinstance(host, LocalSession):
        await host.run(commands.load(str(archive)))
        return
    there = f"{facts.folder}/images/{archive.name}"
    await host.send("copy the images", archive, there, seconds=SEND_SECONDS)
    try:
        await host.run(commands.load(there))
    finally:
        await host.run(commands.remove(f"{facts.folder}/images"), check=False)


def apart(found: dict[int, dict[str, str]]) -> list[str]:
    """Images that are not the same at all parties: the same tag does not mean the same content."""
    names = sorted({name for images in found.values() for name in images})
    return [name for name in names if len({images[name] for images in found.values() if name in images}) > 1]
