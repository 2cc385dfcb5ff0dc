"""What a session is told to do: slash commands, completion at a cursor, and the commands of hosts.

``slash`` is the registry, ``builtin`` the commands that need the session alone; ``dispatch`` makes calls on
the session of what channels send, as far as ``rights`` lets them, and ``queries`` what changes nothing.

Not here: slash commands that need other rooms (``qwen_dual.runtime.commands``), the shapes on the wire
(``qwen_dual.protocol``), reading lines (``qwen_dual.bridge``).
"""
