"""Other machines over SSH: commands as data, pinned host keys, the bundle, the doctor, an agent on a host."""
