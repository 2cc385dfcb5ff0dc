"""What is asked of the person: approvals, prompts of hosts, questions and forms, and the keys that answer.

Not here: which calls must ask (``core.permissions``), the reports of what is open (``ui_publisher``).
"""
