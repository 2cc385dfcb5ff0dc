"""Git repositories, as those of somebody else: what can be read, and how git may be run on them.

Uses ``fs`` and nothing else of ours; every other room may use it.

* ``repository``: where a folder's repository is and which branch is checked out. Runs no program, so
  it is for any folder.
* ``run``: the one place that runs git. Its configuration can name programs, so only for a folder that
  the person trusts, and then with everything switched off that would start one.
* ``changes``: whether the work tree has changes, while a session goes on.
"""
