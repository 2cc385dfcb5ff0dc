"""The agent without its surroundings: no files, no sockets, no terminal.

* ``bus``: stamps each event once and hands it to every observer.
* ``model`` and ``tool``: the protocols that ``models`` and ``tools`` implement.
* ``answer``: a model's deltas to the events of one message.
* ``approvals``: pending requests; the first answer wins.
* ``policy``: what runs without asking.
* ``prompts``: the queue of submitted prompts, and the receipts of commands.
* ``turn``: one prompt to its ``result``: model calls and tool calls in turn.
* ``slash``: the registry of slash commands.
* ``session``: holds all of it together; what front ends and channels talk to.
"""
