"""The party's own tables: found, read, checked, registered; and one row of them looked up for a prediction."""
