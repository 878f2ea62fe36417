"""The change of one layer, made of the tensors that a file has for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..checkpoints.lazy_tensor import LazyTensor
from .changes import Adapter, Change, DecomposedAdapter, HadamardAdapter, KroneckerAdapter, Plain, product_shape
from .settings import Settings

LARGEST_RANK = 256
"""A rank above both sizes of a layer says no more than the larger size would, but small layers often have this one."""
WHOLE = ("weight", "bias", "modulation", "up bias")
"""Roles of tensors that change a parameter as a whole."""
TUCKER = ("hada_t1", "hada_t2", "lokr_t2", "lora_mid")
HADAMARD = ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b")
Roles = Mapping[str, LazyTensor]
Shape = tuple[int, ...]


def change_of(roles: Roles, shape: Shape, spelled: str, settings: Settings) -> Change | None:
    """roles: the tensors of a layer by `keys.ROLES`; shape: of its weight; spelled: its name in the file.

    None where they change nothing but whole parameters. Raises ValueError, in words, for what does not fit the layer,
    and CheckpointError for a number that is not finite.
    """
    low = sorted(roles.keys() - {*WHOLE})
    if not low:
        return None
    if len(shape) < 2:
        raise ValueError("a low-rank change, expected of linear layers and convolutions only")
    if tucker := [role for role in low if role in TUCKER]:
        raise ValueError(f"{tucker[0]}: a change in Tucker's form, which is not read; train without it")
    inner = _plain(roles, shape, spelled, settings)
    if "magnitude" not in roles:
        return inner
    magnitude = roles["magnitude"]
    if not _is_magnitude(magnitude.shape, shape):
        raise ValueError(
            f"dora_scale {magnitude.shape}, expected ({shape[0]}, 1) for the rows or (1, {shape[1]}) for the columns"
        )
    return DecomposedAdapter(inner, magnitude)


def _plain(roles: Roles, shape: Shape, spelled: str, settings: Settings) -> Plain:
    if any(role.startswith("hada_") for role in roles):
        return _hadamard(roles, shape, spelled, settings)
    if any(role.startswith("lokr_") for role in roles):
        return _kronecker(roles, shape, spelled, settings)
    if not {"down", "up"} <= roles.keys():
        raise ValueError(f"{_listed(roles)} only, expected down and up")
    down, up = roles["down"].shape, roles["up"].shape
    rank = next(iter(down), 0)
    fits = len(down) >= 2 and len(up) >= 2 and math.prod(down[1:]) == math.prod(shape[1:])
    if not (fits and (up[:1], math.prod(up[1:])) == (shape[:1], rank) and _is_rank(rank, shape) and _is_number(roles)):
        raise ValueError(
            f"{_shapes(roles, ('alpha', 'down', 'up'))}, expected down (rank, {math.prod(shape[1:])}), up ({shape[0]}, "
            f"rank), alpha one number, a rank of at most {_most(shape)}"
        )
    return Adapter(roles["down"], roles["up"], _scale(roles, rank, spelled, settings))


def _hadamard(roles: Roles, shape: Shape, spelled: str, settings: Settings) -> HadamardAdapter:
    if not {*HADAMARD} <= roles.keys():
        raise ValueError(f"{_listed(roles)} only, expected {', '.join(HADAMARD)}")
    first, second = ((roles[f"hada_w{n}_a"], roles[f"hada_w{n}_b"]) for n in (1, 2))
    wanted = (shape[0], math.prod(shape[1:]))
    ranks = [_inner(pair) for pair in (first, second)]
    fits = all(len(one.shape) == 2 for one in (*first, *second)) and all(
        product_shape(pair) == wanted for pair in (first, second)
    )
    if not (fits and all(_is_rank(rank, shape) for rank in ranks) and _is_number(roles)):
        raise ValueError(
            f"{_shapes(roles, ('alpha', *HADAMARD))}, expected w1_a and w2_a ({wanted[0]}, rank), w1_b and w2_b (rank, "
            f"{wanted[1]}), alpha one number, a rank of at most {_most(shape)}"
        )
    return HadamardAdapter(first, second, _scale(roles, ranks[0], spelled, settings))


def _kronecker(roles: Roles, shape: Shape, spelled: str, settings: Settings) -> KroneckerAdapter:
    parts = [_factors(roles, f"lokr_w{n}") for n in (1, 2)]
    wanted = (shape[0], math.prod(shape[1:]))
    ranks = [_inner(part) for part in parts if len(part) > 1]
    if any(len(one.shape) < 2 for part in parts for one in part) or len(set(ranks)) > 1:
        sizes = None
    else:
        (p, q), (r, s) = (product_shape(part) for part in parts)
        sizes = (p * r, q * s)
    if sizes != wanted or not all(_is_rank(rank, shape) for rank in ranks) or not _is_number(roles):
        named = [role for role in sorted(roles) if role.startswith("lokr_") or role == "alpha"]
        raise ValueError(f"{_shapes(roles, named)}, expected factors whose Kronecker product is {wanted}")
    # Two whole factors have no rank to divide by, unless PEFT's settings say one.
    scale = _scale(roles, ranks[0], spelled, settings) if ranks else settings.scale_without_rank()
    return KroneckerAdapter(parts[0], parts[1], scale)


def _factors(roles: Roles, name: str) -> tuple[LazyTensor, ...]:
    """The whole of a factor, or the two that it is a product of."""
    if name in roles:
        return (roles[name],)
    if {f"{name}_a", f"{name}_b"} <= roles.keys():
        pair = (roles[f"{name}_a"], roles[f"{name}_b"])
        if all(len(one.shape) == 2 for one in pair) and pair[0].shape[1] != pair[1].shape[0]:
            raise ValueError(f"{_shapes(roles, (f'{name}_a', f'{name}_b'))}, whose product there is not")
        return pair
    raise ValueError(f"{_listed(roles)} only, expected {name}, or {name}_a and {name}_b")


def _scale(roles: Roles, rank: int, spelled: str, settings: Settings) -> float:
    if "alpha" in roles:
        return float(roles["alpha"].read().double()) / rank
    return settings.scale(spelled, rank)


def _inner(pair: Sequence[LazyTensor]) -> int:
    """The rank of a product of two; 0 where there is none."""
    up, down = pair[0].shape, pair[1].shape
    return up[1] if len(up) >= 2 and len(down) >= 2 and up[1] == down[0] else 0


def _is_magnitude(given: Shape, shape: Shape) -> bool:
    """Whether it is of the rows, or of the columns: the place of its numbers says which."""
    rows = given[:1] == shape[:1] and math.prod(given) == shape[0]
    return rows or (given[:2] == (1, shape[1]) and math.prod(given) == shape[1])


def _is_rank(rank: int, shape: Shape) -> bool:
    return 0 < rank <= _most(shape)


def _most(shape: Shape) -> int:
    return max(shape[0], math.prod(shape[1:]), LARGEST_RANK)


def _is_number(roles: Roles) -> bool:
    return "alpha" not in roles or math.prod(roles["alpha"].shape) == 1


def _listed(roles: Roles) -> str:
    return " and ".join(sorted(roles.keys() - {*WHOLE}))


def _shapes(roles: Roles, names: Sequence[str]) -> str:
    return ", ".join(f"{role} {roles[role].shape}" for role in names if role in roles)
