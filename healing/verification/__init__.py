"""Did it help? The expectation is stated before acting."""
