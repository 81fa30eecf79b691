"""Private, ordered, authenticated messages between the job workers of different parties."""
