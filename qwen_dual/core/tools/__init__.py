"""What the core asks of a tool, and what a tool gets: its context, files and processes, sub-agents. Protocols.

Not here: the tools (``qwen_dual.tools``), which of them a session has and how calls run (``turns``), which
may run (``permissions``).
"""
