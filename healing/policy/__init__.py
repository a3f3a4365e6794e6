"""What deserves attention, and why."""
