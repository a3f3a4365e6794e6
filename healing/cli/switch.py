"""`heal pause`, `heal resume`: the kill switch; `heal recover`: ask for help."""

import argparse

from healing.cli.client import ask
from healing.cli.options import add_config, settings_of


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    pause = commands.add_parser("pause", help="stop all acting on this host, until `heal resume`")
    pause.add_argument("reason", help="why, in your words")
    add_config(pause)
    pause.set_defaults(run=run_pause)

    resume = commands.add_parser("resume", help="allow acting again")
    add_config(resume)
    resume.set_defaults(run=run_resume)

    now = commands.add_parser("recover", help="have one service diagnosed, and healed if need be")
    now.add_argument("service")
    now.add_argument("--reason", default="asked for on the command line")
    now.add_argument("--procedure", choices=("start", "restart"))
    now.add_argument("--dry-run", action="store_true", help="plan, and touch nothing")
    add_config(now)
    now.set_defaults(run=run_recover)


def run_pause(args: argparse.Namespace) -> int:
    """Stop all acting."""
    status = ask(settings_of(args), "POST", "/pause", {"reason": args.reason})
    print(f"Acting is stopped: {status['why_not_acting']}")
    return 0


def run_resume(args: argparse.Namespace) -> int:
    """Allow acting again."""
    status = ask(settings_of(args), "POST", "/resume", {})
    still = status["why_not_acting"]
    print(f"Still stopped: {still}" if still else "Acting is allowed again.")
    return 1 if still else 0


def run_recover(args: argparse.Namespace) -> int:
    """Ask for a recovery."""
    body = {"service": args.service, "reason": args.reason, "dry_run": args.dry_run}
    if args.procedure:
        body["procedure"] = args.procedure
    answer = ask(settings_of(args), "POST", "/remediations", body)
    print(f"incident {answer['incident']}")
    print(answer["run_url"] or answer["incident_url"])
    return 0
