"""Judges any dual-output program by what ``docs/dual-output.md`` promises; knows it by its channels alone.

* ``promise``: what a promise is: its level, its section, what a host loses without it, and the check.
* ``program``: a program in a terminal with channels of each kind, watched from outside.
* ``model_server``: an OpenAI-compatible service whose answers follow from what is asked.
* ``script``: how a program is made to answer, to call a tool, to fail.
* ``base``, ``plus`` and ``full``: the promises of the three levels, in modules by subject.
* ``judge``: runs them; ``report`` says what came of it.
"""
