"""The channels: events out, commands in. Usable without the agent; imports only ``protocol``.

Out: ``tee`` is the observer that writes events, ``backlog`` what waits for its reader, ``sinks`` where
they go (``streams``, ``file_sink``, ``fifo_sink`` with ``fifo_threads``), opened with
``sinks.open_sink``.

In: ``reader`` drives a source and hands over commands (``reader.open_path``); ``sources`` and
``path_source`` are where bytes come from, ``lines`` cuts them, ``watch`` tells when to look, ``checks``
says what is not accepted.

``channel`` has both in one object, for programs that are not the agent. ``errors.ChannelError`` is
what opening either raises. Importing this package imports none of them.
"""
