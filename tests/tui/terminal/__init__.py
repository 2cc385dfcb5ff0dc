"""The terminal layer: sanitising, commits to the scrollback, keys, output, restoring."""
