"""qwen-dual: a coding agent for the terminal with its session on a second channel.

Rooms, from the wire to the front: ``protocol`` (what goes over the channels), ``settings`` (layers),
``core`` (session, turns, approvals, the bus), ``models``, ``tools`` and ``chats`` (what the core drives),
``runtime`` (composes sessions of them), ``bridge`` (the channels), ``frontends`` (what shows a session),
``cli`` (the start). ``host`` is the other side of the PTY.
"""

__version__ = "0.1.0"
