"""What the core asks of a model, what it makes of its answer, and what that took and cost.

``model`` is the protocol that the services in ``qwen_dual.models`` implement; ``answer`` makes events of
deltas, with the arguments of calls, the calls that a model wrote as text and what is said of a bad answer.

Not here: what the model is sent of earlier (``conversation``), when it is asked (``turns``).
"""
