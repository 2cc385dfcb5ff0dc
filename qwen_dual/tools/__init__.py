"""The agent's tools: what a model may do to a workspace, through the protocols of ``core.tools.tool``.

* ``toolset``: builds all of them for one workspace, and ends what they started.
* ``names``: what they are called, without importing any.
* ``workspace``: paths, symlinks, and what lies outside.
* ``parameters``: the pydantic models of the arguments; imported when first needed.
* ``calls``: what the calls of all tools share.
* ``shell``: ``run_shell_command``; ``job``, ``process`` and ``capture`` run it in bounded memory, and
  ``jobs`` has all of a session.
* ``shell_environment``: the shell and the variables that a command line gets.
* ``shellwords``: what a command line runs, for rules that deny or ask; ``programs``: which programs
  run others.
* ``read``, ``write``, ``edit``: files; ``textfile``, ``states`` and ``diff`` serve them.
* ``listing``, ``globbing``, ``grep``: searching, over ``ignore`` and ``walk``.
* ``fetch``: ``web_fetch``; ``download`` gets the page,
  ``page_worker`` makes Markdown of it in a process of its own.
* ``todo``: ``todo_write``; ``ask``: ``ask_user_question``.
* ``mentions``: the files that a prompt names with ``@``.
"""
