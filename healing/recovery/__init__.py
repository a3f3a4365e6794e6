"""The steps of a recovery, each a call on the ports; flows put them in order."""
