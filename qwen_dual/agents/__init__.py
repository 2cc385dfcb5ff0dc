"""Sub-agents: sessions within a session, each with its own conversation, prompt and tools.

``spec`` is what one is, ``builtin`` those that are always there, ``roster`` all there are. ``crew`` runs
them for a session and bounds how many, ``child`` is one at work; ``toolbox`` and ``judge`` say what it may.
Nothing of this room is imported before a model asks for an agent, or somebody for the list of them.
"""
