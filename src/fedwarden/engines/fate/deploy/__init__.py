"""FATE clusters of our own making: a plan, its files, and what is done on the hosts with Docker Compose."""
