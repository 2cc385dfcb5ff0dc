"""The pictures in the README and the docs, made from a real run: ``make screenshots``.

* ``scenes``: runs the program in a PTY with a script of answers, and takes its screen.
* ``cells``: the bytes of a PTY as cells with colours and attributes.
* ``svg``: cells as a picture, for a dark and a light terminal.
"""
