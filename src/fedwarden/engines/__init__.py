"""Adapters to what really trains: the base class here, the native engine in ``native/``."""
