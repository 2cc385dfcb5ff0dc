"""Texts and names compared, with no word of sessions: fuzzy search, wildcards, ``.gitignore``, differences.

Not here: what a rule of permission makes of a pattern (``permissions``), what is done with a difference
(the tools and the front ends).
"""
