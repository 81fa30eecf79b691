"""What every side shares: errors and their sentences, plain data that crosses machines, atomic files."""
