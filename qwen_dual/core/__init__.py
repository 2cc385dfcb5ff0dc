"""The agent without its surroundings: no files, no sockets, no terminal.

* ``session``: holds all of it together; what front ends and channels talk to.
* ``worker``: the task that runs what was submitted, one at a time.
* ``turn``: one prompt to its ``result``; ``answer``: a model's deltas to events; ``calls``: runs the
  tool calls of one message; ``progress``: their live output.
* ``conversation``: what was said; ``context`` makes room in it, ``compaction`` says how.
* ``approvals``: pending requests, the first answer wins; ``policy``: what runs without asking;
  ``permissions``: its rules, ``patterns`` theirs, ``proposals``: the rule that an answer keeps.
* ``prompts``: the queue, and which command ids were seen; ``state``: the word for what goes on.
* ``slash``: the registry of slash commands; ``slash_runner`` runs them; ``builtin``: those of the
  session itself; ``questions``: what a front end asks for them.
* ``secrets``: keys that must not be seen; ``fuzzy``: a few letters to the paths they mean.
* ``dispatch``: commands of a channel to calls on the session.
* ``bus``: stamps each event once and hands it to every observer; ``stats`` is one.
* ``model`` and ``tool``: the protocols that ``models`` and ``tools`` implement.
"""
