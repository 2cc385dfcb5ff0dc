"""Command lines of bash: what one is known to run, word by word.

* ``reader``: the strict reader. It takes a line only if it understands all of it, and then its words
  are what bash passes to the programs; every rule that allows is decided by it.
* ``commands``: which commands of a line need a rule, and what a wrapper runs.
* ``options``: what the ``*`` of a rule covers, ``readonly`` what runs unasked, ``proposal`` what "always"
  offers; ``program`` and ``syntax`` are how a program is written down, ``files``, ``git``, ``builds`` and
  ``expressions`` the programs that are known.

Pure, and imports nothing of the other rooms.
"""
