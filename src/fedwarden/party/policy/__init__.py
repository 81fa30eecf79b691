"""What this party allows: the operator's file and what it is held against."""
