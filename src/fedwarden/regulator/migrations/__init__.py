"""Steps that bring an older store up to the program's tables (Alembic); ``store.py`` runs them."""
