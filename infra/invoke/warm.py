"""Runs the SAM CLI's commands in forks of a process that has imported it.

Importing the CLI takes longer than what it does in a test. So it is imported once, and every command
runs in a fork, as if its own process had just done so: with its own environment, arguments and output.

Reads one JSON object per line, {"id", "args", "env", "stdout", "stderr", "seconds"}, and writes one for
each when its command has ended: {"id", "status"}. A command that takes longer is ended by a signal.
"""
import json
import os
import select
import signal
import sys

from samcli.cli.main import cli

# What `sam local invoke` imports only when it runs.
for name in (
    "samcli.commands.local.invoke.cli",
    "samcli.commands.local.cli_common.invoke_context",
    "samcli.commands.local.lib.local_lambda",
    "samcli.lib.providers.sam_function_provider",
    "samcli.local.docker.lambda_image",
    "samcli.local.lambdafn.runtime",
    "samtranslator.translator.translator",
    "boto3.session",
):
    try:
        __import__(name)
    except ImportError:  # another version has it elsewhere: it is imported by each command then
        print(f"warm: no {name}", file=sys.stderr)


def run(task):
    """Is the forked process's whole life."""
    for path, number in ((task["stdout"], 1), (task["stderr"], 2)):
        to = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(to, number)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.environ.clear()
    os.environ.update(task["env"])
    signal.alarm(task["seconds"])
    sys.argv = ["sam", *task["args"]]
    status = 1
    try:
        cli()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1 if end.code else 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main():
    running, lines, rest = {}, sys.stdin.buffer, b""
    os.set_blocking(lines.fileno(), False)
    open_input = True
    while open_input or running:
        ready, _, _ = select.select([lines] if open_input else [], [], [], 0.02)
        if ready:
            read = os.read(lines.fileno(), 1 << 20)
            open_input = bool(read)
            *whole, rest = (rest + read).split(b"\n")
            for task in map(json.loads, whole):
                child = os.fork()
                if child == 0:
                    run(task)
                running[child] = task["id"]
        while running:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                break
            if child in running:
                answer = {"id": running.pop(child), "status": os.waitstatus_to_exitcode(status)}
                print(json.dumps(answer), flush=True)


main()
