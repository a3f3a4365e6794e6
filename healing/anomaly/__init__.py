"""Strange? Higher is stranger."""
