"""Several hosts with their own addresses, sshd, users and faults on one Linux machine, for tests."""
