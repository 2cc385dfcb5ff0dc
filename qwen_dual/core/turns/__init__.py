"""One prompt to its ``result``: the model is asked, its tool calls are checked and run, until none is left.

``turn`` is the loop and ``calls`` runs the calls of one message, each a ``requested_run``; ``call_approval``
obtains the leave for each, by its ``verdicts`` and by asking; ``hooks`` is where others have a say,
``tool_registry`` which tools there are.

Not here: which prompt is next (``prompts``, ``session.worker``), what an answer is made into (``models``).
"""
