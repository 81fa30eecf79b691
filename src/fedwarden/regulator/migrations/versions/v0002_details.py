"""Room for what only an engine understands: plans of deployments, details of parties and jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = (("deployments", "plan"), ("parties", "details"), ("jobs", "details"))


def upgrade() -> None:
    for table, column in COLUMNS:
        # SQLite adds a required column only with a default; batch mode then takes the default away again
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column(column, sa.JSON(), nullable=False, server_default="{}"))
