"""Options that come from the environment and from a file, besides the command line.

ConfigArgParse reads both. It is imported only when there is something to be read, or when help is
asked for: a server's start does not wait for it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PREFIX = "MOCKSERVER_"

FILE = "mockserver.toml"
"""The file of the current folder that is read when there is one."""

OPTION = "--config"


def parser_class(
    command: str, commands: Sequence[str], words: Sequence[str]
) -> type[argparse.ArgumentParser]:
    """What makes the parser of a command: argparse's, or one that has other sources as well.

    Args:
        command: the one that was chosen.
        commands: all that there are; each may have a table in the file.
        words: the command line.
    """
    names_file = any(word == OPTION or word.startswith(f"{OPTION}=") for word in words)
    asks_for_help = bool({"-h", "--help"} & set(words))
    if names_file or asks_for_help or variables() or Path(FILE).is_file():
        return _with_sources(command, commands)
    return argparse.ArgumentParser


def variables() -> dict[str, str]:
    """The variables of the environment that are options. One that is empty counts as not set."""
    return {name: value for name, value in os.environ.items() if name.startswith(PREFIX) and value}


def variable(option: str) -> str:
    """The variable of an option: that of ``--ready-file`` is ``MOCKSERVER_READY_FILE``."""
    return PREFIX + option.lstrip("-").replace("-", "_").upper()


def told(words: Sequence[str]) -> str:
    """Where options may have come from besides the command line, for who sees an error; or ""."""
    sources = sorted(variables())
    if Path(FILE).is_file() and OPTION not in words:
        sources.append(FILE)
    return f"options were also taken from {', '.join(sources)}" if sources else ""


def _with_sources(command: str, commands: Sequence[str]) -> type[argparse.ArgumentParser]:
    import tomllib

    import configargparse

    class Parser(configargparse.ArgumentParser):  # type: ignore[misc]
        """Takes no empty variables."""

        def __init__(self, **more: Any) -> None:
            super().__init__(
                **more,
                auto_env_var_prefix=PREFIX,
                default_config_files=[FILE],
                args_for_setting_config_path=[OPTION],
                config_arg_help_message=f"a file with options; they win over those of {FILE}",
                config_file_parser_class=File([command]),
            )

        def parse_known_args(self, args: Any = None, namespace: Any = None, **_: Any) -> Any:
            return super().parse_known_args(args, namespace, env_vars=variables())

    class File(configargparse.TomlConfigParser):  # type: ignore[misc]
        """Says which file is wrong, and where."""

        def parse(self, stream: Any) -> Any:
            text = stream.read()
            try:
                tables = tomllib.loads(text)
            except tomllib.TOMLDecodeError as error:
                raise configargparse.ConfigFileParserException(
                    f"{stream.name} is not TOML: {error}"
                ) from None
            for name, table in tables.items():
                if name not in commands or not isinstance(table, dict):
                    raise configargparse.ConfigFileParserException(
                        f"{stream.name}: expected a table per command, such as [{command}], "
                        f"found {name!r}; the commands are {', '.join(commands)}"
                    )
            stream.seek(0)
            return super().parse(stream)

        def get_syntax_description(self) -> str:
            return f"It is TOML, with a table per command: [{command}]."

    return Parser
