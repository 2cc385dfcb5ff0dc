"""Events in, what the screen is to show out: finished blocks, what still moves, each agent in its lane. No rendering.

Not here: how a block looks (``rendering``), what the person types (``editing``), what is asked (``dialogs``).
"""
