"""validation 0, alpha 0.01: the joint model is scikit-learn's on the pooled rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from e2e_scenario import Scenario
from e2e_tables import Tables, breast, joint, objective, pooled_logistic

from fedwarden.data import write_credit_tables


def _train(trio: Scenario, tables: Tables, project: str, config: Path) -> tuple[list[dict[str, object]], str]:
    world, (guest, host) = trio.world, tables.paths
    up = world.script("-f", "upload", "-gp", 1, guest, "-hp", 2, host, "-proj", project)
    assert (up.out, up.code) == ("upload success.\n", 0), up
    model, job = world.train(project, "hetero_lr", "--config", config)
    assert model == "arbiter-0#guest-1#host-2#model", "a deployed id without a role takes no part"
    return [world.model_part(1, job, "guest"), world.model_part(2, job, "host1")], job


@pytest.mark.parametrize(("alpha", "reach"), [(0.01, 32.0), (0.001, 60.0)])
def test_breast_loss_with_no_series_chosen(trio: Scenario, tmp_path: Path, alpha: float, reach: float) -> None:
    tables = breast(tmp_path / "tables", seed=21)
    config = tmp_path / "options.yaml"
    config.write_text(f"validation: 0\nalpha: {alpha}\n")
    pooled = pooled_logistic(tables.X, tables.y, alpha)
    assert np.max(np.abs(pooled.score(tables.X))) > reach, "the scores must leave the first series' range"
    ours = joint(_train(trio, tables, f"breast-{alpha}", config)[0], tables)
    gap = objective(ours, tables, alpha) - objective(pooled, tables, alpha)
    assert -1e-9 < gap < 1e-3
    assert np.max(np.abs(ours.prob(tables.X) - pooled.prob(tables.X))) < 0.02


def test_credit_loss_and_coefficients(trio: Scenario, tmp_path: Path, options: Path) -> None:
    tables = credit(tmp_path / "tables")
    pooled = pooled_logistic(tables.X, tables.y, 0.01)
    parts, job = _train(trio, tables, "credit", options)
    ours = joint(parts, tables)
    gap = objective(ours, tables, 0.01) - objective(pooled, tables, 0.01)
    assert -1e-9 < gap < 1e-5
    assert np.max(np.abs(ours.w - pooled.w)) < 1e-3
    assert abs(ours.w0 - pooled.w0) < 1e-3
    _links_carry_what_the_protocol_says(trio, job)


def _links_carry_what_the_protocol_says(trio: Scenario, job: str) -> None:
    """A job's bytes on every link, frames and TLS included, are the protocol's formula within 2 %."""
    record = trio.world.record(job)
    looked_at = 0
    for status in record["roles"]:
        formula = status["result"]["bytes_by_formula"]
        for peer, counts in status["links"].items():
            if formula.get(peer, 0) > 2**18:  # below that, greetings and heartbeats weigh more than the numbers
                looked_at += 1
                assert counts["sent"] == pytest.approx(formula[peer], rel=0.02), (status["role"], peer)
    assert looked_at == 6, record


def credit(folder: Path) -> Tables:
    """The packaged default-of-credit-card rows: a bank's 13 columns and a partner's 10, shuffled, partly in common."""
    written = write_credit_tables(folder)
    bank, partner = (pl.read_csv(path, schema_overrides={"id": pl.String}) for path in (written.bank, written.partner))
    both = bank.join(partner, on="id", how="inner").sort("id")
    names = [bank.columns[2:], partner.columns[1:]]
    X = both.select(*names[0], *names[1]).to_numpy().astype(np.float64)
    y = both["y"].to_numpy().astype(np.float64)
    assert both.height < min(bank.height, partner.height)
    return Tables([written.bank, written.partner], names, both["id"].to_list(), X, y)
