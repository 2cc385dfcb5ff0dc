"""Composes sessions out of models, tools, settings and chats; what all front ends share."""
