"""The jobs of this party: taken in, given their turn, run in a process each, recorded, ended."""
