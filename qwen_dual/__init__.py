"""qwen-dual: a coding agent for the terminal with its session on a second channel.

Rooms, from the wire to the front: ``protocol`` (what goes over the channels), ``core`` (session,
turns, approvals, the bus), ``models`` and ``tools`` (what the core drives), ``bridge`` (the
channels), ``settings`` (layers), ``tui`` (the prompt-toolkit front end). ``launch`` puts together what
the first event needs, ``interactive`` the rest; ``app`` runs one after the other.
"""

__version__ = "0.1.0"
