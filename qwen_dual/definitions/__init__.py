"""What people write for the agent in Markdown files: sub-agents, skills, commands, output styles.

``front_matter`` reads one file's head, ``places`` says in which folders the files lie, and there is a
module for each kind. All of it reads and lists; what becomes of a definition is its user's affair.
"""
