"""Being here, this file puts ``tests/`` on the import path: ``from support.tables import breast_tables``."""
