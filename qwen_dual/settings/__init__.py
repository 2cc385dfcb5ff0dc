"""What is configured, layer over layer, and which folders the user trusts.

* ``files``: a settings file to a dict: comments, trailing commas, messages with line and column.
* ``trust``: which folders may bring settings of their own that reach beyond them.
* ``load``: the layers together, as one ``Settings``.
* ``keep``: adds a rule that an answer asked to remember; the only writer.

Read before the first event, so nothing here imports anything heavy unless a file needs it.
"""
