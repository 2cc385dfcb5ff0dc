"""What was said: the messages that the model is sent, kept within its context window, and going back in them.

``context`` says when there is too much and ``compaction`` what is done then; ``going_back`` and
``rewinding`` take the conversation, the files or both to an earlier prompt.

Not here: how conversations are saved (``qwen_dual.chats``), what files were (``qwen_dual.rewind``).
"""
