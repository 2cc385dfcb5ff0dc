"""The screen at named moments of a session, in two terminals that know nothing of each other."""
