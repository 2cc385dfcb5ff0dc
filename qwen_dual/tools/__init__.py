"""The agent's tools: what a model may do to a workspace, through the protocols of ``core.tool``.

* ``toolset``: builds all of them for one workspace, and ends what they started.
* ``workspace``: paths, symlinks, and what lies outside.
* ``parameters``: the pydantic models of the arguments; imported when first needed.
* ``calls``: what the calls of all tools share.
* ``shell``: ``run_shell_command``; ``job``, ``process`` and ``capture`` run it in bounded memory.
* ``read``, ``write``, ``edit``: files; ``textfile``, ``atomic``, ``states`` and ``diff`` serve them.
* ``listing``, ``globbing``, ``grep``: searching, over ``ignore`` and ``walk``.
* ``mentions``: the files that a prompt names with ``@``.
"""
