"""The slash commands that bring several rooms together; each room does its own part of them."""
