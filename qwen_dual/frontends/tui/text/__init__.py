"""Lines of styled text: their widths, the theme, links, colours of output, differences, what is shown exactly.

Not here: Markdown as it is rendered (``markdown``), what a block of the conversation looks like (``rendering``).
"""
