"""One audited step each: a call, its retries, its name in the UI."""
