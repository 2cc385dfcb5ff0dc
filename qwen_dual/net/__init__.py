"""The way to other machines, for whoever takes it: models and the web tool. Imports nothing of ours.

* ``proxies``: which proxy leads to a host, and which setting or variable says so
* ``tls``: the certificates that are trusted, and which variable is at fault where they cannot be
"""
