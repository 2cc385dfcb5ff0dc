"""What a model's words are parsed to, for whichever front end shows them.

* ``markdown`` parses Markdown so that no word of it is gone;
* ``emphasis`` and ``tables`` are what it does other than CommonMark says.
"""
