"""Recordings of dual-output sessions: made, shown again, sent again. Knows any such program by ``host`` alone.

* ``folder``: what a recording is on disk: ``terminal.cast``, ``events.jsonl``, ``index.jsonl``, ``meta.json``.
* ``cast``: writes asciicast v3; ``cast_reader`` reads v2 and v3.
* ``event_log``: keeps events as they came, and which came when.
* ``recorder``: a program in a terminal whose two planes are kept while a person uses it.
* ``joining``: the events of a session that runs elsewhere.
* ``recorded``: one that is there: its lines with their moments, and what is found in them.
* ``screening``: what of a recording may reach the terminal of who looks at it.
* ``audit`` and what is around it: what was done, as Markdown, CSV and JSON; ``comparison`` of two runs.
* ``ledger`` and ``spool``: where an audit keeps its calls, which are more than memory holds.
* ``lines``: a file's lines in bounded memory.
* ``player``: shows the terminal again; ``emission`` sends the events again.
"""
