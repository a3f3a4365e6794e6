pytest_plugins: list[str] = ["tests.real.prometheus"]
