"""The way to other machines, for whoever takes it: models, the web tool, MCP. Imports nothing of ours.

* ``addresses``: which addresses belong to the open internet, and which to this machine's network
* ``proxies``: which proxy leads to a host, and which setting or variable says so
* ``tls``: the certificates that are trusted, and which variable is at fault where they cannot be
"""
