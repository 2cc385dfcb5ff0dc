"""What of the docs is written from the code: ``make schema``.

* ``docstrings``: a docstring in Google style as Markdown.
* ``source``: what a module says of a name, read without running it.
* ``reference``: the pages of the API.
* ``demos``: the programs on the pages of the demos.
"""
