"""The fate engine: FATE clusters, spoken to through FATE-Flow and FATE-Serving."""
