"""Saved sessions: chats on disk in the form that Qwen Code reads and writes. Imports core and protocol.

* ``paths``: where the chats of a folder are.
* ``recorder``: the observer of the bus that writes one; ``session_chat`` says which, ``journal`` is the
  file it appends to, under a lock, ``partial`` the file beside it that holds what is not complete yet.
* ``records``: one record, and blocks of the conversation to parts and back.
* ``load``: a chat from its file: ``reading`` gives the records that count, ``recovery`` what a killed
  session left behind, ``conversation`` the messages for the model, ``replay`` the events for a UI.
* ``listing``: the chats there are, without reading them whole; ``export``: one as a document, with
  ``page`` for HTML.
* ``prompt_history``: the prompts that were sent in a folder, for the next session's Up and Ctrl+R.
"""
