"""Front ends over the runtime: each gets a session's handle and its events, and imports no other."""
