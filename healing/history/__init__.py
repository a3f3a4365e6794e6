"""What Prometheus said, on a regular grid, gaps kept."""
