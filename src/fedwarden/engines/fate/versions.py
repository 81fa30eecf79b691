"""What the FATE versions we speak to consist of, where they listen, and what they can do.

Everything that differs between versions is asked here; the rest of the engine never compares version numbers.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from fedwarden.common.errors import DeployError


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One container of a party: ``published`` are ports on the host, ``inside`` those of its own network only."""

    name: str
    image: str
    published: tuple[int, ...] = ()
    inside: tuple[int, ...] = ()
    project: Literal["training", "serving"] = "training"


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """``protocol``: FATE-Flow's REST form. ``dsl``: how a job is written; ``dag`` is FATE 2's."""

    name: str
    serving: str | None  # FATE-Serving's version; None: no online prediction
    protocol: Literal["v1", "v2"]
    dsl: Literal["dsl-1", "dsl-2", "dag"]
    services: tuple[Service, ...]
    deployable: bool  # our own deploy knows it; others are attached
    online: frozenset[str]  # algorithms whose models FATE-Serving can score
    deploys_model: bool = False  # a model must be deployed in FATE-Flow before it can be loaded
    psi: tuple[str, ...] = ("rsa",)
    algorithms: frozenset[str] = frozenset({"hetero_lr", "hetero_linr", "example"})
    optimizers: tuple[str, ...] = ("nesterov", "sgd", "rmsprop", "adam", "adagrad")  # the first is the default
    key_length: int = 2048  # of Paillier, where nobody chooses; FATE 1's own default is 1024
    flow_port: int = 9380
    inference_port: int = 8059

    @property
    def training(self) -> tuple[Service, ...]:
        return tuple(service for service in self.services if service.project == "training")

    @property
    def inference(self) -> tuple[Service, ...]:
        return tuple(service for service in self.services if service.project == "serving")


def _kubefate(tag: str, serving_tag: str, flow: str, more: tuple[Service, ...] = ()) -> tuple[Service, ...]:
    """KubeFATE's containers for one party. ``flow`` is the service that runs FATE-Flow."""
    return (
        Service(name=flow, image=f"federatedai/{flow}:{tag}", published=(9360, 9380)),
        Service(name="rollsite", image=f"federatedai/eggroll:{tag}", published=(9370,)),
        Service(name="clustermanager", image=f"federatedai/eggroll:{tag}", inside=(4670,)),
        Service(name="nodemanager", image=f"federatedai/eggroll:{tag}", inside=(4671,)),
        Service(name="fateboard", image=f"federatedai/fateboard:{tag}", published=(8080,)),
        Service(name="client", image=f"federatedai/client:{tag}", published=(20000,)),
        Service(name="mysql", image="mysql:8", inside=(3306,)),
        Service(
            name="serving-server",
            image=f"federatedai/serving-server:{serving_tag}",
            published=(8000,),
            project="serving",
        ),
        Service(
            name="serving-proxy",
            image=f"federatedai/serving-proxy:{serving_tag}",
            published=(8059, 8869),
            inside=(8879,),
            project="serving",
        ),
        Service(name="redis", image="redis:5", inside=(6379,), project="serving"),
        *more,
    )


V1_4_4 = Version(
    name="1.4.4",
    serving="2.0.0",
    protocol="v1",
    dsl="dsl-1",
    services=_kubefate("1.4.4-release", "2.0.0-release", "python"),
    deployable=True,
    online=frozenset({"hetero_lr"}),
)
V1_11_2 = Version(
    name="1.11.2",
    serving="2.1.6",
    protocol="v1",
    dsl="dsl-2",
    services=_kubefate(
        "1.11.2-release",
        "2.1.6-release",
        "fateflow",
        (
            Service(
                name="serving-zookeeper",
                image="bitnami/zookeeper:3.7.0",
                inside=(2181,),
                project="serving",
            ),
            Service(
                name="serving-admin",
                image="federatedai/serving-admin:2.1.6-release",
                published=(8350,),
                project="serving",
            ),
        ),
    ),
    deployable=True,
    online=frozenset({"hetero_lr"}),
    deploys_model=True,
)
V2_2 = Version(
    name="2.2.0",
    serving=None,
    protocol="v2",
    dsl="dag",
    services=(),
    deployable=False,
    online=frozenset(),
    psi=("ecdh",),
    algorithms=frozenset({"hetero_lr", "hetero_linr"}),
    optimizers=("sgd", "rmsprop", "adam", "adagrad"),
    key_length=1024,
)

#: The first one is the reference, and what ``deploy -e fate`` makes.
VERSIONS = (V1_4_4, V1_11_2, V2_2)


def version(name: str) -> Version:
    """Raises DeployError FW-DEP-601 when it is none of ours."""
    found = next((known for known in VERSIONS if known.name == name), None)
    if found is None:
        raise DeployError("FW-DEP-601", found=name[:40], known=[known.name for known in VERSIONS])
    return found


def nearest(told: str) -> Version:
    """The description for what a FATE-Flow says of itself: the same version, or one of the same family (1.4, 1.11,
    2.x). Raises DeployError FW-DEP-601."""
    for known in VERSIONS:
        if told == known.name:
            return known
    family = ".".join(told.split(".")[:2])
    for known in VERSIONS:
        same = known.name.startswith("2.") and told.startswith("2.")
        if same or ".".join(known.name.split(".")[:2]) == family:
            return known
    raise DeployError("FW-DEP-601", found=told[:40], known=[known.name for known in VERSIONS])
