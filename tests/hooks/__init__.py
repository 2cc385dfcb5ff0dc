"""Hooks, from their settings to what becomes of a turn."""
