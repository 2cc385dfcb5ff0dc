"""What a person or a host submits, until the model is sent it: drafts, the queue, review, images, what it mentions.

Not here: commands that bring prompts (``commands``), what the model was told before (``conversation``).
"""
