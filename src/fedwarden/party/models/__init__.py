"""This party's parts of models, which of them answer, and how one answer comes about."""
