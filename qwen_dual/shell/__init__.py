"""Command lines of bash: what one is known to run, word by word.

* ``reader``: the strict reader. It takes a line only if it understands all of it, and then its words
  are what bash passes to the programs; every rule that allows is decided by it.

Pure, and imports nothing of the other rooms.
"""
