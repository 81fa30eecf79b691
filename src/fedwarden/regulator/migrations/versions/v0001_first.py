"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), primary_key=True, nullable=False),
        sa.Column("value", sa.String(), nullable=False),
    )
    op.create_table(
        "deployments",
        sa.Column("id", sa.String(), primary_key=True, nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
        sa.Column("ended", sa.String()),
    )
    op.create_table(
        "parties",
        sa.Column("deployment_id", sa.String(), sa.ForeignKey("deployments.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("party", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("ip", sa.String(), nullable=False),
        sa.Column("home", sa.String(), nullable=False),
        sa.Column("control_port", sa.Integer(), nullable=False),
        sa.Column("data_port", sa.Integer(), nullable=False),
        sa.Column("serving_port", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True, nullable=False),
        sa.Column("deployment_id", sa.String(), sa.ForeignKey("deployments.id"), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
        sa.Column("replaced", sa.String()),
    )
    op.create_table(
        "upload_roles",
        sa.Column("upload_id", sa.Integer(), sa.ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("role", sa.String(), primary_key=True, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("party", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("dataset", sa.JSON(), nullable=False),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(), primary_key=True, nullable=False),
        sa.Column("deployment_id", sa.String(), sa.ForeignKey("deployments.id"), nullable=False),
        sa.Column("upload_id", sa.Integer(), sa.ForeignKey("uploads.id")),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("algorithm", sa.String(), nullable=False),
        sa.Column("mode", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("privacy", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
        sa.Column("ended", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.JSON()),
    )
    op.create_table(
        "job_roles",
        sa.Column("job_id", sa.String(), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("role", sa.String(), primary_key=True, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("party", sa.Integer(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
    )
    op.create_table(
        "models",
        sa.Column("version", sa.String(), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("algorithm", sa.String(), nullable=False),
        sa.Column("deployment_id", sa.String(), sa.ForeignKey("deployments.id"), nullable=False),
        sa.Column("created", sa.String(), nullable=False),
        sa.Column("deleted", sa.String()),
    )
    op.create_table(
        "bindings",
        sa.Column("name", sa.String(), primary_key=True, nullable=False),
        sa.Column("version", sa.String(), sa.ForeignKey("models.version"), nullable=False),
        sa.Column("bound", sa.String(), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=True, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String()),
        sa.Column("digest", sa.String()),
    )


def downgrade() -> None:
    raise NotImplementedError("a store is never taken back to an older program; restore a backup instead")
