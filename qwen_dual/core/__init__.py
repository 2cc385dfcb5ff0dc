"""The agent without its surroundings: no files, no sockets, no terminal.

* ``session``: holds all of it together; what front ends and channels talk to.
* ``turn``: one prompt to its ``result``; ``answer``: a model's deltas to events; ``calls``: runs the
  tool calls of one message; ``progress``: their live output.
* ``approvals``: pending requests, the first answer wins; ``policy``: what runs without asking.
* ``prompts``: the queue, and which command ids were seen; ``state``: the word for what goes on.
* ``slash``: the registry of slash commands; ``builtin``: those of the session itself.
* ``dispatch``: commands of a channel to calls on the session.
* ``bus``: stamps each event once and hands it to every observer; ``stats`` is one.
* ``model`` and ``tool``: the protocols that ``models`` and ``tools`` implement.
"""
