"""A session without a screen: a prompt in, messages on stdout, an exit status.

* ``prompt``: what is asked: the command line's words, and what stdin holds.
* ``frontend``: runs it over a session, within ``bounds``, and says how it ended.
* ``messages``: our events as the messages of the stream-json wire. Pure.
* ``output``: the three formats of them; ``stdout`` writes, ``terminal_text`` renders Markdown.
* ``streams``: prompts on stdin, one after the other; ``stdin`` reads lines, ``stream_input`` carries them out.
* ``control``: what an SDK asks; ``permissions``: what it is asked. ``lines``: messages below 64 KiB. Pure.
* ``structured``: an answer that fits a JSON Schema. ``progress``: the line on stderr meanwhile.

Nothing here imports a screen; rich is imported for an answer that goes to a terminal.
"""
