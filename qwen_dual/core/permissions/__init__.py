"""What may run: the policy with its modes and rules, the judge of ``auto`` mode, requests that wait for an answer.

``rules`` reads what the settings say, ``patterns`` what stands in its parentheses, ``proposals`` says
which rule an answer keeps and ``remembering`` keeps it; ``approvals``: the first answer wins.

Not here: the order in which policy, hooks and judge have their say of one call (``turns.verdicts``), what
hosts may do (``commands.rights``), what a line of bash is known to run (``qwen_dual.shell``).
"""
