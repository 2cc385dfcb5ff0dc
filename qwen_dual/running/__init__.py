"""The records by which running sessions are found: where they are, how they are kept, how they are read.

``record``: what one holds. ``keeper``: the file of one session and its lock, for as long as that runs.
``listing``: which sessions run, without a write. ``leftovers``: what killed ones left, taken away.
"""
