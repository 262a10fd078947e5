"""The `bench` command: its verbs, and what a person sees when something is wrong."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from bench._version import __version__
from bench.cli import (
    check,
    cite,
    compare,
    data,
    export,
    leaderboard,
    merge,
    new,
    pin,
    plot,
    predict,
    publish,
    read,
    run,
    speed,
    streams,
    submit,
    sweep,
    time,
    try_,
    tune,
    weights,
)
from bench.errors import BenchError, describe

app = typer.Typer(
    name="bench",
    help="Benchmark and leaderboard harness for meta-learning: frozen episodes, honest intervals, verifiable results.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich would double the start-up time of --help
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", rich_help_panel="Measure")(run.run_command)
app.command("sweep", rich_help_panel="Measure")(sweep.sweep_command)
app.command("work", rich_help_panel="Measure")(sweep.work_command)
app.command("status", rich_help_panel="Measure")(sweep.status_command)
app.command("cancel", rich_help_panel="Measure")(sweep.cancel_command)
app.command("events", rich_help_panel="Measure")(sweep.events_command)
app.command("tune", rich_help_panel="Measure")(tune.tune_command)
app.command("time", rich_help_panel="Measure")(time.time_command)
app.command("speed", rich_help_panel="Measure")(speed.speed_command)
app.command("new", rich_help_panel="Measure")(new.new_command)
app.command("check", rich_help_panel="Measure")(check.check_command)
app.command("try", rich_help_panel="Your own images")(try_.try_command)
app.command("predict", rich_help_panel="Your own images")(predict.predict_command)
app.command("export", rich_help_panel="Your own images")(export.export_command)
app.command("list", rich_help_panel="Read")(read.list_command)
app.command("info", rich_help_panel="Read")(read.info_command)
app.command("show", rich_help_panel="Read")(read.show_command)
app.command("cite", rich_help_panel="Read")(cite.cite_command)
app.command("compare", rich_help_panel="Read")(compare.compare_command)
app.command("plan", rich_help_panel="Read")(compare.plan_command)
app.command("plot", rich_help_panel="Read")(plot.plot_command)
app.command("leaderboard", rich_help_panel="Read")(leaderboard.leaderboard_command)
app.command("pack", rich_help_panel="Submit")(submit.pack_command)
app.command("verify", rich_help_panel="Submit")(submit.verify_command)
app.command("publish", rich_help_panel="Submit")(publish.publish_command)
app.add_typer(weights.app, name="weights", rich_help_panel="Submit")
app.command("merge", rich_help_panel="Set up")(merge.merge_command)
app.command("compact", rich_help_panel="Set up")(merge.compact_command)
app.command("pin", rich_help_panel="Set up")(pin.pin_command)
app.command("doctor", rich_help_panel="Set up")(read.doctor_command)
app.add_typer(data.app, name="data", rich_help_panel="Set up")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bench {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


_CTRL_C = 130  # Typer turns KeyboardInterrupt into this exit status
_TRACEBACK = "BENCH_TRACEBACK"


def main() -> None:
    """Entry point: a BenchError becomes a message on stderr and its exit code, never a traceback."""
    streams.prepare()
    sys.exit(streams.finish(_exit_code()))


def _exit_code() -> int:
    try:
        app(prog_name="bench")
    except SystemExit as leaving:  # Typer always leaves so
        if leaving.code != _CTRL_C:
            return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        return _end("interrupted; the same command continues where it stopped")
    except BenchError as error:
        return _end(f"error: {error.message}", error.fix, error.exit_code)
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        return 0
    except (OSError, MemoryError, ImportError) as error:  # of the machine or the installation, not of bench
        if os.environ.get(_TRACEBACK):
            raise
        return _end(f"error: {_refusal(error)}", f"{_TRACEBACK}=1 before the command shows where it happened.")
    return 0


def _end(message: str, fix: str = "", code: int = 1) -> int:
    streams.say(typer.style(message, fg="red") if sys.stderr.isatty() else message)
    if fix:
        streams.say(fix)
    return code


def _refusal(error: OSError | MemoryError | ImportError) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory."
    if isinstance(error, ImportError):
        return f"{describe(error)}. `bench doctor` looks at the installation."
    if isinstance(error, FileNotFoundError) and not error.filename and _lost():
        return "the working directory is gone: change to one that exists."
    place = f" at {error.filename}" if error.filename else ""
    return f"the system refused{place}: {error.strerror or error}."


def _lost() -> bool:
    try:
        os.getcwd()  # noqa: PTH109
    except OSError:
        return True
    return False
