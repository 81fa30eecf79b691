"""fedwarden: deploy, run and take down vertical federated learning between organisations."""

__version__ = "0.1.0"
