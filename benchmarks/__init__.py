"""Measures any dual-output program from outside: what a host sees, in a real PTY.

* ``cli``: the command line; runs programs in turn, prints the table, keeps the JSON.
* ``program``: how one program is started (home, environment, channels) and ended.
* ``measure``: one start, or one whole session, to samples by metric.
* ``keys``: from a key to its echo while an answer streams.
* ``terminal``: the PTY, drained and answered by a thread.
* ``channel``: the events file with arrival times, and the input file.
* ``process``: memory and CPU time of a process tree.
* ``answers``: what a prompt asks for, as a server and as a script say it.
* ``server``: an OpenAI-compatible server on 127.0.0.1, in a process of its own.
* ``bridge``: the tee alone.
* ``sessions``: many sessions in one process.
* ``report``: the budgets, the table, the JSON.
"""
