"""The browser: a session's terminal and its chat in one page, served to whoever has a link to it."""
