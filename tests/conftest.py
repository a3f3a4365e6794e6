pytest_plugins: list[str] = [
    "tests.real.docker",
    "tests.real.prometheus",
    "tests.real.prefect",
    "tests.real.agent",
    "tests.real.redis",
]
