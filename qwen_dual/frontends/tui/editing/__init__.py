"""The draft and what brings text and images into it: history, pastes, suggestions, vi's keys, prompts that wait.

Not here: the draft as hosts see it (``shared_draft``), fields of forms (``dialogs``).
"""
