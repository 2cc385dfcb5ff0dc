"""OpenTelemetry: a session's events as spans, metrics and logs, in the program or from outside."""
