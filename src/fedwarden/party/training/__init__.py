"""What a worker process does for one role of one job, around the engine's mathematics."""
