"""Compiled loops. Everything that crosses their border is a C-contiguous array or a scalar of one fixed type."""
