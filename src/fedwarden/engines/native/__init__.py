"""The native engine: local agents, reached over their control API."""
