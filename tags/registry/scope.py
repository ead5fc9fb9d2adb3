"""Scopes: what a token may be used for, `type:name:action[,action]` (distribution, docs/content/spec/auth/scope.md)."""

from collections.abc import Iterable

CATALOG = "registry:catalog:*"


def pull(repository: str) -> str:
    return f"repository:{repository}:pull"


def clean_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """Sorted, one scope for each name, its actions united and sorted; `*` stands for all of them.

    What is no scope by the grammar (public.ecr.aws says just `aws`, Gitea `*`) stays as it is.
    """
    words: set[str] = set()
    actions_of: dict[str, set[str]] = {}
    for scope in scopes:
        name, _, actions = scope.rpartition(":")
        if ":" not in name:
            words.add(scope)
        else:
            actions_of.setdefault(name, set()).update(filter(None, actions.split(",")))
    named = {
        f"{name}:{'*' if '*' in actions else ','.join(sorted(actions))}"
        for name, actions in actions_of.items()
        if actions
    }
    return tuple(sorted(words | named))
