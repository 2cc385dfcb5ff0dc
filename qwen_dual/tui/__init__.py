"""The terminal front end: inline, over prompt-toolkit. An observer of the bus plus an editor.

What is shown:

* ``view``: events in, finished blocks and live state out; ``blocks``, ``live_state``, ``outcome``
  and ``stream`` are its records and rules.
* ``render``, ``markdown``, ``rich_markdown``, ``lines``: blocks to lines of styled text.
* ``transcript``: blocks on their way to the scrollback.
* ``frame``, ``live``, ``dialog``, ``suggest``, ``help``, ``footer``: the live region's parts.
* ``theme``: the colours.

What a person does:

* ``editor``, ``history``, ``paste``, ``external``: the draft.
* ``controller``: what keys do; ``keys`` binds them.

The terminal:

* ``scrollback``, ``clock``, ``terminal``, ``tty_output``, ``keyinput``, ``sanitise``.

``layout`` gives prompt-toolkit its windows, and ``app`` puts all of it together.
"""
