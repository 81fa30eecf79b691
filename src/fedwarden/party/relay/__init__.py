"""The blind relay: bytes of the parties' own TLS passed on where nobody can be dialled directly."""
