"""The command line: arguments, subcommands, the terminal before a front end has it, the channels, the start.

Imports what it hands over to when it does.
"""
