"""Keys, certificates, fingerprints, TLS contexts: who somebody is, and how that is checked."""
