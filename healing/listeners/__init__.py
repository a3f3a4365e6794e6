"""The long-lived ears of the agent: container events and probes."""
