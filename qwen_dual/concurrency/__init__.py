"""What structured concurrency leaves to whoever uses it: task groups whose one failure comes out as it is.

Not here: threads for long work (``core.threads``), which belong to whoever has keys waiting.
"""
