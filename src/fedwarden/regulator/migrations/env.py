"""Alembic's entry: the connection comes from ``store.py``; there is no configuration file."""

from __future__ import annotations

from alembic import context

from fedwarden.regulator.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
