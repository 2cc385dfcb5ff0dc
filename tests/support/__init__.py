"""What tests share: hosts, hostile doubles, helpers that wait for events."""
