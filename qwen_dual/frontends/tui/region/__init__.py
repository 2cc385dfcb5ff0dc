"""The live region above the editor and below it: what runs, the footer, the help, and when and where it is drawn.

Not here: what has gone to the scrollback (``rendering``).
"""
