"""What is configured, layer over layer, and which folders the user trusts.

Read before the first event:

* ``files``: a settings file to a dict: comments, trailing commas, messages with line and column.
* ``legacy``: the flat names of the first format.
* ``layers``: how layers become one, and which one each value came from.
* ``environment``: the shell, .env files, the settings' ``env``.
* ``trust`` and ``untrusted``: whose folders may do what.
* ``keys``: the one table of all keys; ``key`` and ``rules``: what a key is, and what a value must be.
* ``load``: all of that, as one ``Settings``.
* ``services``, ``presets`` and ``providers``: the models and which one a session begins with.

Heavy or seldom used, imported after the first paint:

* ``validate``: what is wrong, with file and line.
* ``holdings``: what a folder holds that takes effect once it is trusted.
* ``positions`` and ``secrets``: for messages: on which line a key stands, what may be shown.
* ``table``: the table of keys in the docs.
* ``keep``: what is written of rules that last, trust and providers; ``choices``: of what was picked in the
  UI. ``editing`` writes all of it, by ``insertion`` into the text as it is.
"""
