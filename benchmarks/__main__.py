"""Run every benchmark, one after the other: `python -m benchmarks [NAME ...] [--quick]`."""

import importlib
import pkgutil
import sys

import benchmarks


def main(wanted: list[str]) -> int:
    """Run those that are named, or all of them."""
    names = [word for word in wanted if not word.startswith("-")]
    sys.argv[1:] = [word for word in wanted if word.startswith("-")]
    modules = [module.name for module in pkgutil.iter_modules(benchmarks.__path__)]
    found = [name for name in modules if not name.startswith("_")]
    names = names or found
    if unknown := sorted(set(names) - set(found)):
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(found)}")
        return 2
    for name in names:
        print(f"\n=== {name}\n", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
