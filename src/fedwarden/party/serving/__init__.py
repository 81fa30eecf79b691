"""Online predictions for others: FATE-Serving's two calls, who may make them."""
