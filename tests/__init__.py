"""The tests: one folder for each part, ``support`` for what they share."""
