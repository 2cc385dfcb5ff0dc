"""The session, which holds all of it together, and the one task that runs what was submitted.

``session`` is what front ends and channels talk to, made of parts (``attended``, ``commanded``,
``rewindable``); ``state`` and ``stats`` say what goes on and what went on.

Not here: anything that works without a session; it has a room below.
"""
