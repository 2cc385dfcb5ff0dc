"""What a session changed, kept such that it can be taken back.

A store for each project, in the person's settings folder: contents of files by their digest, how the
folder looked when it was last looked at, and which change happened during which turn. Nothing of the
folder is run or asked for that, git no more than anything else: files are opened by descriptors, and
their bytes are kept as they are.

* ``records``: what others get: points to go back to, previews, what was done.
* ``database``: contents and states in a file. ``store``: what calls change, as it is found.
* ``looking``: what is at a path now. ``walking``: what is below a folder. ``earlier``: what the walk
  before left out.
* ``history``: which changes are whose.
* ``keeper``: keeps what a call changes; the calls of one session.
* ``planning``: what going back would do. ``restoring``: does it, and finishes what was broken off.
* ``bounds``: how large and how old it may become. ``opening``: what happens first.
"""
