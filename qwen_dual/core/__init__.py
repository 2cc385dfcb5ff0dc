"""The agent without its surroundings: no files, no sockets, no terminal.

An arrow only ever points down in this list; imports for types alone may point up:

* ``session``: holds all of it together; what front ends and channels talk to.
* ``commands``: slash commands, and those of hosts.
* ``conversation``: what was said, kept small enough, and going back in it.
* ``prompts``: what was submitted, until the model is sent it.
* ``turns``: one prompt to its ``result``; tool calls and hooks.
* ``permissions``: what may run, and requests that wait for an answer.
* ``tools`` and ``models``: the protocols that the rooms of these names implement, and what goes with them.
* ``text``: texts and names compared.

What every one of them may use stands here: who acts (``actor``), the ``bus`` that hands each event to
every observer, keys that must not be seen (``secrets``), ``errors``, ``failures`` and ``threads``.
"""
