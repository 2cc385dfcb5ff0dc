"""The terminal front end: inline, over prompt-toolkit. An observer of the bus plus an editor.

An arrow only ever points down in this list; imports for types alone may point up:

* ``region``: the live region around the editor, and when it is drawn.
* ``dialogs``: what is asked of the person, and the keys that answer.
* ``editing``: the draft, and what brings text and images into it.
* ``rendering``: finished blocks as lines, on their way to the scrollback.
* ``terminal``: the terminal as a device: output, keys, what it is told.
* ``state``: events in, finished blocks and live state out.
* ``markdown``: Markdown and code to lines.
* ``text``: lines of styled text, the theme, links, differences.

What is made of them stands here: ``controller``, what keys do, and ``keys``, which bind them; ``app``, which
puts view, controller, region and terminal together; ``frontend``, which runs it for a session;
``attached``, for one that runs elsewhere; ``shared_draft`` and ``ui_publisher``, for hosts.
"""
