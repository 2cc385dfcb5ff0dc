"""What is finished, as lines for the scrollback, for a pager or in words for a screen reader.

Not here: what is drawn anew with each change (``region``).
"""
