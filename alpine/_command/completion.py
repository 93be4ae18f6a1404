"""Completion for shells: scripts made from the parser, so that they know what it knows."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator

from alpine._command.context import Context
from alpine._command.output import Result
from alpine._command.parser import Commands, add_command

_BASH = """\
_alpine() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} command='' each
    for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$each" in
            -*) ;;
            *) case "$command $each" in
                {commands}) command="${{command:+$command }}$each" ;;
            esac ;;
        esac
    done
    local words=''
    case "$command" in
{cases}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _alpine alpine
"""
_ZSH = """\
#compdef alpine
autoload -U +X bashcompinit && bashcompinit
{bash}"""
_SHELLS = ("bash", "zsh", "fish")


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "completion",
        completion,
        "print a script that completes commands and options in a shell",
        "alpine completion bash",
    )
    parser.add_argument("shell", choices=_SHELLS)


def completion(context: Context) -> Result:
    """Print the script for a shell."""
    shell = context.options.shell
    known = dict(_known(context.options.parser))
    script = _fish(known) if shell == "fish" else _bash(known)
    if shell == "zsh":
        script = _ZSH.format(bash=script)
    return Result({"shell": shell, "script": script}, script.rstrip("\n"))


def _known(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each command with its words, and what they are for: options, choices, commands below."""
    words = []
    for action in parser._actions:
        words += [(option, action.help or "") for option in action.option_strings if option.startswith("--")]
        if isinstance(action, argparse._SubParsersAction):
            helps = {each.dest: each.help or "" for each in action._choices_actions}
            words += [(each, helps.get(each, "")) for each in action.choices]
            for each, below in action.choices.items():
                yield from _known(below, f"{name} {each}".strip())
        elif action.choices and not action.option_strings:
            words += [(str(each), "") for each in action.choices]
    yield name, words


def _bash(known: dict[str, list[tuple[str, str]]]) -> str:
    # The command so far and the next word, with the space between them also where there is no command yet.
    patterns = "|".join(shlex.quote(name if " " in name else f" {name}") for name in known if name)
    cases = "\n".join(
        f"        {shlex.quote(name)}) words={shlex.quote(' '.join(word for word, _ in words))} ;;"
        for name, words in known.items()
    )
    return _BASH.format(commands=patterns, cases=cases)


def _fish(known: dict[str, list[tuple[str, str]]]) -> str:
    lines = ["complete -c alpine -n __fish_use_subcommand -f"]
    for name, words in known.items():
        # A group may have a command of the same name as one outside of it.
        groups = [other.split()[0] for other in known if " " in other and other.split()[1] == name]
        where = " && ".join(
            [f"__fish_seen_subcommand_from {each}" for each in name.split()]
            + [f"not __fish_seen_subcommand_from {group}" for group in groups]
        )
        where = where or "__fish_use_subcommand"
        for word, about in words:
            what = f"-l {word[2:]}" if word.startswith("--") else f"-f -a {word}"
            lines.append(f"complete -c alpine -n {shlex.quote(where)} {what} -d {shlex.quote(about % {'default': ''})}")
    return "\n".join(lines) + "\n"
