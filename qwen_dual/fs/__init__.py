"""Files that others may have a hand in: opened, checked and written so that nobody is led astray.

Imports nothing of ours; every other room may use it.

- ``projects`` names the folder in the person's home that holds what belongs to a project
- ``foreign`` opens what belongs to somebody else: no links, no pipes, bounded, of a known owner
- ``folders`` goes to a file folder by folder, none of them a link
- ``tree`` goes through all folders below one in the same way
- ``private`` opens what must be this user's alone: channels, logs, saved sessions
- ``proc`` reads what Linux tells of processes
- ``family`` finds every process of a command, those too that left its group
- ``observer`` watches files, and is the one place that imports watchdog
- ``reasons`` says why the system refused
- ``replace`` gives a file a new content: in one step where that can be, else in place
"""
