"""Servers that we start ourselves on one machine, when nobody gives us theirs."""
