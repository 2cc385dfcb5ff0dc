"""Hooks: programs of the person's that are told what a session does, and may have a say in it.

* ``hook_events``: the events there are, and which of them happen in this version.
* ``config``: what the settings say, read into ``Hook`` records; ``matching``: which of them are meant.
* ``command``: runs one; ``output``: what its exit and its output mean; ``combine``: several together.
* ``engine``: runs all of one event, side by side, and tells of each.
* ``inputs``: what they are told; ``session_hooks``: the points at which the core waits for them;
  ``observer``: the events of the session that nothing waits for.

Nothing of it is imported unless hooks are configured, or a program that embeds the session brings some.
"""
