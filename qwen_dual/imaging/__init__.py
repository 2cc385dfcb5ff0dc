"""Images, made such that a model can be shown them.

``headers`` reads what a file says of itself; ``fit`` makes an image small enough, with Pillow where
that takes one (the extra ``images``), and says in words what cannot be used. Nothing here reads a
file, and nothing but ``fit`` imports Pillow, when the first image needs it.
"""
