"""Settings: what is configured, layer over layer."""
