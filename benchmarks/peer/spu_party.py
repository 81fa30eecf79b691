"""One of two SPU parties in a process of its own, training vertical logistic regression full-batch.

Runs in the peer's own environment (benchmarks/peer/run.py makes it). Prints one line of JSON: the seconds of every
iteration and its share of the weights after the last one. ``--combine`` reads two such lines and prints the weights.

SPU 0.9.5, protocol SEMI2K over two TCP links, its default dealer of correlated randomness: the first party itself
("TrustedFirstParty"), which is no protection against that party; the package cannot start a dealer of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time

import jax.numpy as jnp
import numpy as np
import spu
from spu import libspu
from spu.utils import frontend


def step(own, other, label, weights):
    """One iteration; the two blocks of columns are joined under sharing."""
    features = jnp.concatenate([own, other], axis=1)
    left = 1 / (1 + jnp.exp(-(features @ weights))) - label
    # in two steps, before and after the sum: 1/30,000 has three significant bits in SPU's 18 after the point
    gradient = features.T @ (left / 128) / (features.shape[0] / 128)
    return weights - 0.1 * (gradient + 0.01 * weights)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rank", type=int)
    parser.add_argument("--ports", type=int, nargs=2)
    parser.add_argument("--data", help=".npz with guest, host, label")
    parser.add_argument("--iterations", type=int)
    parser.add_argument("--combine", action="store_true")
    words = parser.parse_args()
    config = libspu.RuntimeConfig(protocol=libspu.ProtocolKind.SEMI2K, field=libspu.FieldType.FM64)
    if words.combine:
        shares = [share_of([bytes.fromhex(part) for part in json.loads(line)["share"]]) for line in sys.stdin]
        print(json.dumps(spu.Io(2, config).reconstruct(shares).tolist()))
        return
    with np.load(words.data, allow_pickle=False) as data:
        guest, host, label = data["guest"], data["host"], data["label"]

    desc = libspu.link.Desc()
    desc.recv_timeout_ms = 600_000
    for rank, port in enumerate(words.ports):
        desc.add_party(f"party{rank}", f"127.0.0.1:{port}")
    link = libspu.link.create_brpc(desc, words.rank)
    io, runtime = spu.Io(2, config), spu.Runtime(link, config)

    weights = np.zeros(guest.shape[1] + host.shape[1])
    inputs = {"guest": (guest, 0), "host": (host, 1), "label": (label, 0), "weights": (weights, 0)}
    executable, _ = frontend.compile(
        frontend.Kind.JAX,
        step,
        [value for value, _ in inputs.values()],
        {},
        list(inputs),
        [libspu.Visibility.VIS_SECRET] * 4,
        lambda _: ["after"],
    )
    for name, (value, owner) in inputs.items():
        runtime.set_var(name, own_share(io, link, value, owner, words.rank))
    seconds = []
    for _ in range(words.iterations):
        begin = time.perf_counter()
        runtime.run(executable)
        seconds.append(time.perf_counter() - begin)
        runtime.set_var("weights", runtime.get_var("after"))
    share = runtime.get_var("weights")
    answer = {
        "seconds": seconds,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "share": [part.hex() for part in (share.meta, *share.share_chunks)],
    }
    print(json.dumps(answer), flush=True)
    link.stop_link()


def own_share(io, link, value, owner, rank):
    """The owner makes both shares and hands the other one over."""
    if rank != owner:
        return share_of([link.recv(owner) for _ in range(int(link.recv(owner)))])
    shares = io.make_shares(value, libspu.Visibility.VIS_SECRET)
    other = shares[1 - rank]
    parts = [other.meta, *other.share_chunks]
    for message in (str(len(parts)), *parts):
        link.send(1 - rank, message)
    return shares[rank]


def share_of(parts):
    share = libspu.Share()
    share.meta, share.share_chunks = parts[0], parts[1:]
    return share


if __name__ == "__main__":
    main()
