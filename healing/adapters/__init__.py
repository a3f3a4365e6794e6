"""They translate between the outside world and our own words; they do not decide."""
