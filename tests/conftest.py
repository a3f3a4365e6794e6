pytest_plugins: list[str] = ["tests.real.docker", "tests.real.prometheus"]
