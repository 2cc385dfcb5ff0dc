"""What limits the programs that tools run: which files they see and change, and the network.

``policy`` says what is asked for, ``confine`` puts a command into it, which is a ``confinement`` until
it runs. Two ways to do it: ``bubblewrap`` (namespaces, a view of the file system of its own) and
``landlock`` (rights that the kernel checks); ``seccomp`` filters system calls
in both. ``spare`` is a bubblewrap set up beforehand. ``hidden`` knows where secrets are, ``guarded``
what must not change in a workspace, ``namespace`` ends what runs in one, ``denials`` tells when a
command failed for want of rights.
"""
