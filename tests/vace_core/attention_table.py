"""The table of docs/reference/attention.md: the rows that attention may run on."""

from __future__ import annotations

from vace_core.transformer.attention_backends import ANY_CAPABILITY, TABLE, AttentionBackend


def markdown() -> str:
    """A row for each row."""
    head = "| name | what it is | devices | capability | number formats | takes a bias | wrong from | needs |"
    return "\n".join((head, "|---|---|---|---|---|---|---|---|", *(_row(backend) for backend in TABLE)))


def _row(backend: AttentionBackend) -> str:
    first, beyond = backend.capability
    last = "" if beyond[0] == 99 else f", below {beyond[0]}.{beyond[1]}"
    capability = "any" if backend.capability == ANY_CAPABILITY else f"from {first[0]}.{first[1]}{last}"
    formats = ", ".join(str(dtype).removeprefix("torch.") for dtype in backend.dtypes)
    needs = ", ".join(f"`{name}`" for name in backend.modules)
    if backend.versions != (0, 99):
        needs += f" (version {backend.versions[0]})"
    words = f"{backend.words}; by name only" if backend.by_name_only else backend.words
    cells = (
        f"`{backend.name}`",
        words,
        ", ".join(backend.devices),
        capability,
        formats,
        "yes" if backend.bias else "no",
        f"{100 * backend.error:g} %",
        needs,
    )
    return f"| {' | '.join(cells)} |"
