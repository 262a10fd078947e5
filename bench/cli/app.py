"""The `bench` command: its verbs, and what a person sees when something is wrong."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bench._version import __version__
from bench.cli import check, compare, data, leaderboard, merge, new, plot, read, run, submit, time, weights
from bench.errors import BenchError

app = typer.Typer(
    name="bench",
    help="Benchmark and leaderboard harness for meta-learning: frozen episodes, honest intervals, verifiable results.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich would double the start-up time of --help
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", rich_help_panel="Measure")(run.run_command)
app.command("time", rich_help_panel="Measure")(time.time_command)
app.command("new", rich_help_panel="Measure")(new.new_command)
app.command("check", rich_help_panel="Measure")(check.check_command)
app.command("list", rich_help_panel="Read")(read.list_command)
app.command("info", rich_help_panel="Read")(read.info_command)
app.command("show", rich_help_panel="Read")(read.show_command)
app.command("compare", rich_help_panel="Read")(compare.compare_command)
app.command("plan", rich_help_panel="Read")(compare.plan_command)
app.command("plot", rich_help_panel="Read")(plot.plot_command)
app.command("leaderboard", rich_help_panel="Read")(leaderboard.leaderboard_command)
app.command("pack", rich_help_panel="Submit")(submit.pack_command)
app.command("verify", rich_help_panel="Submit")(submit.verify_command)
app.add_typer(weights.app, name="weights", rich_help_panel="Submit")
app.command("merge", rich_help_panel="Set up")(merge.merge_command)
app.command("compact", rich_help_panel="Set up")(merge.compact_command)
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


def main() -> None:
    """Entry point: a BenchError becomes a message on stderr and its exit code, never a traceback."""
    try:
        app(prog_name="bench")
    except BenchError as error:
        typer.secho(f"error: {error.message}", fg="red", err=True)
        if error.fix:
            typer.echo(error.fix, err=True)
        sys.exit(error.exit_code)
    except SystemExit as leaving:
        if leaving.code != _CTRL_C:
            raise
        typer.echo("interrupted; the same command continues where it stopped", err=True)
        sys.exit(1)
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        sys.stderr.close()
        sys.exit(0)
