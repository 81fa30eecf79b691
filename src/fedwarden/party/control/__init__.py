"""The control API: its routes and the one way from a route to an answer."""
