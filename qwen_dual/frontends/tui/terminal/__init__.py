"""The terminal as a device: modes, output that never waits, keys that come in, what it is told and asked.

``keyinput``, ``keyparser`` and ``keycodes`` make keys of bytes, ``arriving_paste`` makes a text of a paste;
``reports`` and ``guest`` tell a terminal and a host; ``application`` and ``toolkit`` are prompt-toolkit as this
program has it.

Not here: which key does what (``keys``, ``dialogs.asking_keys``, ``editing.vi_keys``).
"""
