"""MCP servers of a session: their connections, their life, and their tools as tools of ours.

``config`` is what a server is asked for by; ``records`` what it is found to be. ``Servers`` (``servers``)
holds all of a session and is what others talk to; each is one supervised task (``server``) over one
connection of the SDK (``opening`` opens it, ``connection`` asks it), which a transport carries
(``transports``; ``stdio`` and ``process`` for programs). ``tools``, ``names``, ``schemas`` and ``results``
make its tools what ``core`` asks of one.

Signing in: ``authorization`` has the tokens of a session's servers, which ``tokens`` keeps and ``bearer``
sends along; ``grants`` gets them (``providers``, ``auth_requests``, ``challenge``) as ``oauth_settings``
say, and ``callback`` is where a person's browser comes back to.

Nothing in here imports the SDK until a server is there to be connected, and then in a thread. What a
server sends is foreign: bounded, checked, and never able to hurt more than its own calls.
"""
