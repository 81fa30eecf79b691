"""The example's total is right for any number of parties, and no message gives an addend away."""

from __future__ import annotations

import numpy as np
import pytest
from threaded_roles import World, run_or_raise

from fedwarden.engine.errors import PeerViolation
from fedwarden.engine.secure_add import SecureSum, secure_add


@pytest.mark.parametrize("hosts", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("with_arbiter", [False, True])
def test_the_total_is_parties_times_rows(hosts: int, with_arbiter: bool) -> None:
    roles = ["guest", *(f"host{k + 1}" for k in range(hosts)), *(["arbiter"] if with_arbiter else [])]
    results, world = run_or_raise({r: lambda net, r=r: secure_add(net, r, roles, data_num=777) for r in roles})
    assert results.pop("guest") == SecureSum(expected=777 * (hosts + 1), obtained=777 * (hosts + 1))
    assert set(results.values()) <= {None}
    crossed = {(frm, to) for frm, to, _, _ in world.log}
    assert crossed == {(a, b) for a in roles for b in roles if a != b}


def test_tables_of_other_sizes_and_zero_rows_add_up() -> None:
    for n in (0, 1, 1000):
        results, _ = run_or_raise(
            {r: lambda net, r=r, n=n: secure_add(net, r, ["guest", "host1"], data_num=n) for r in ("guest", "host1")}
        )
        assert results["guest"] == SecureSum(2 * n, 2 * n)


def test_every_message_is_a_uniform_word() -> None:
    roles = ["guest", "host1", "host2", "arbiter"]
    words: dict[tuple[str, str, str], list[int]] = {}
    for _ in range(400):
        _, world = run_or_raise({r: lambda net, r=r: secure_add(net, r, roles, data_num=1000) for r in roles})
        for frm, to, tag, arrays in world.log:
            words.setdefault((frm, to, tag), []).append(int(arrays[0][0]))
    for link, values in words.items():
        counts = np.bincount([v >> 60 for v in values], minlength=16)
        chi2 = float(((counts - 25) ** 2 / 25).sum())
        assert chi2 < 60, (link, chi2)  # 15 degrees of freedom: 60 has probability 2e-7
        assert len(set(values)) == len(values)


def test_a_wrong_message_names_the_peer() -> None:
    def liar(net) -> None:
        net.send("guest", "sum.share", np.zeros(2, dtype=np.uint32))

    result = World().run({"guest": lambda net: secure_add(net, "guest", ["guest", "host1"]), "host1": liar})["guest"]
    assert isinstance(result, PeerViolation) and result.peer == "host1"
