"""Front ends over the runtime: each gets a session's handle and its events, and imports no other.

``parsing`` is what they share: how a model's Markdown is read.
"""
