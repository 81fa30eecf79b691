"""Audit rows seal each other; those that are there already are sealed as they stand."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from fedwarden.common.chain import GENESIS, digest_of

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    previous = GENESIS
    for row in connection.execute(sa.text("select * from audit order by seq")).mappings().all():
        told = (row["seq"], row["at"], row["actor"], row["action"], row["subject"], json.loads(row["details"]))
        digest = digest_of(*told, previous)
        connection.execute(
            sa.text("update audit set previous=:previous, digest=:digest where seq=:seq"),
            {"previous": previous, "digest": digest, "seq": row["seq"]},
        )
        previous = digest


def downgrade() -> None:
    raise NotImplementedError("a store is never taken back to an older program; restore a backup instead")
