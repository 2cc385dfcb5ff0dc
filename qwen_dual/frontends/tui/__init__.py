"""The terminal front end: inline, over prompt-toolkit. An observer of the bus plus an editor.

What is shown:

* ``view``: events in, finished blocks and live state out; ``blocks``, ``live_state``, ``outcome``,
  ``todo``, ``open_block`` and ``stream`` are its records and rules; ``replay`` gives it an earlier
  conversation.
* ``render``, ``markdown``, ``rich_markdown``, ``rich_elements``, ``rich_links``, ``links``,
  ``highlight``, ``diff_view``, ``lines``: blocks to lines of styled text; ``spoken`` puts words in place of symbols.
* ``transcript``: blocks on their way to the scrollback.
* ``frame``, ``live``, ``dialog``, ``form_lines``, ``suggest``, ``help``, ``footer``: the live
  region's parts.
* ``theme``: the colours; ``appearance``: which of them are in force.

What a person does:

* ``editor``, ``history``, ``history_keeper``, ``paste``, ``external``: the draft; ``queued``: prompts that wait, edited.
* ``unfolding``, ``whole``: what Ctrl+O shows.
* ``form``, ``field``, ``questions``: what is asked one question at a time.
* ``controller``: what keys do; ``asking``: while something is asked; ``keys`` and ``asking_keys``
  bind them.
* ``clipboard``: what is copied.

The terminal:

* ``scrollback``, ``clock``, ``terminal``, ``tty_output``, ``keyinput``, ``sanitise``.

``layout`` gives prompt-toolkit its windows, ``application`` is made of them, ``painter`` draws, and ``app`` puts all of it together.
"""
