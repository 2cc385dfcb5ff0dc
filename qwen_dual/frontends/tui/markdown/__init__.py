"""Markdown and code to lines: rich where the text needs it, plain text else.

Not here: Markdown shown as it was written (``text.exact_markdown``), a stream cut into blocks (``text.stream``).
"""
