"""`python -m healing` is `heal`."""

from healing.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
