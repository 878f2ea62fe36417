"""Scenes of solids: spheres, boxes, cylinders, cones and tori over a plane, ray cast, with exact depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .surface import GROUND, OBJECT, Array, Surface, unit

KINDS = ("sphere", "box", "cylinder", "torus", "cone")
FOCAL = 1.25
"""Focal length in heights of the frame."""


@dataclass(frozen=True)
class Camera:
    """A pinhole at `eye` with axes right, up and back, as rows of a rotation [3, 3]."""

    eye: Array
    axes: Array

    @classmethod
    def looking(cls, eye: Array, target: Array) -> Camera:
        back = unit((eye - target).astype(np.float32))
        right = unit(np.cross(np.array([0, 1, 0], np.float32), back))
        return cls(eye.astype(np.float32), np.stack([right, np.cross(back, right), back]).astype(np.float32))

    def rays(self, height: int, width: int) -> Array:
        """Directions [H, W, 3] with a step of one along the viewing axis, so that distance on them is depth."""
        x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / (height * FOCAL)
        y = (height / 2 - np.arange(height, dtype=np.float32) - 0.5) / (height * FOCAL)
        right, up, back = self.axes
        return x[None, :, None] * right + y[:, None, None] * up - back

    def window(self, centre: Array, radius: float, height: int, width: int) -> tuple[slice, slice] | None:
        """Rows and columns that a ball can cover, or None where it is out of sight."""
        x, y, z = self.axes @ (centre - self.eye)
        if -z < 0.2:
            return None
        reach = 1.25 * radius / max(-z - radius, 0.15) * FOCAL * height
        column = width / 2 + x / -z * FOCAL * height
        row = height / 2 - y / -z * FOCAL * height
        rows = slice(max(0, int(row - reach)), min(height, int(row + reach) + 2))
        columns = slice(max(0, int(column - reach)), min(width, int(column + reach) + 2))
        return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


@dataclass(frozen=True)
class Solid:
    """One thing: its kind, half sizes [3], and its motion: a bobbing circle and a steady turn."""

    kind: str
    size: Array
    place: Array
    orbit: Array
    """Radii of the path in x, y and z."""
    speed: float
    phase: float
    axis: Array
    turn: float

    def pose(self, time: float) -> tuple[Array, Array]:
        """Centre [3] and rotation [3, 3] (rows are its own axes) at a time in seconds."""
        angle = self.speed * time + self.phase
        way = np.array([np.cos(angle), np.sin(1.7 * angle), np.sin(angle)], np.float32)
        return self.place + self.orbit * way, _rotation(self.axis, self.turn * time + self.phase)


@dataclass(frozen=True)
class SolidScene:
    """Solids, and a camera that circles them; `floor` is the height of the ground, None for none."""

    solids: tuple[Solid, ...]
    floor: float | None
    distance: float
    height: float
    yaw: float
    sway: float
    target: Array

    @classmethod
    def random(cls, rng: np.random.Generator) -> SolidScene:
        kinds = rng.choice(KINDS, size=1 if rng.random() < 0.7 else 2)
        count = int(rng.choice([1, 2, 3, 4, 6, 8], p=[0.15, 0.2, 0.25, 0.2, 0.1, 0.1]))
        spread = 0.35 + 0.33 * count**0.6
        solids = tuple(_random_solid(rng, str(rng.choice(kinds)), count, spread) for _ in range(count))
        return cls(
            solids=solids,
            floor=0.0 if rng.random() < 0.85 else None,
            distance=float(rng.uniform(1.9, 3.3) + 0.25 * count**0.7),
            height=float(rng.choice([rng.uniform(0.25, 0.9), rng.uniform(0.9, 2.6)])),
            yaw=float(rng.uniform(0, 2 * np.pi)),
            sway=float(rng.normal(0, 0.35)),
            target=np.array([rng.normal(0, 0.25), rng.uniform(0.3, 0.8), rng.normal(0, 0.25)], np.float32),
        )

    @property
    def nouns(self) -> tuple[str, ...]:
        return tuple(sorted({solid.kind for solid in self.solids}))

    def surface(self, time: float, height: int, width: int) -> Surface:
        """What is visible at a time in seconds."""
        camera = self._camera(time)
        rays = camera.rays(height, width)
        out = Surface.empty(height, width)
        out.pan = float(np.arctan2(camera.axes[2][0], camera.axes[2][2]) * 0.5)
        poses = [solid.pose(time) for solid in self.solids]
        if self.floor is not None:
            _lay_floor(out, camera, rays, self.floor, self.solids, poses)
        for number, (solid, pose) in enumerate(zip(self.solids, poses)):
            _place(out, camera, rays, solid, pose, number)
        _face_the_camera(out, camera)
        return out

    def _camera(self, time: float) -> Camera:
        angle = self.yaw + self.sway * time
        eye = np.array([np.sin(angle) * self.distance, self.height, np.cos(angle) * self.distance], np.float32)
        return Camera.looking(eye, self.target)


def _face_the_camera(out: Surface, camera: Camera) -> None:
    """Turn directions about the vertical so that light given from the left comes from the left of the picture."""
    right = camera.axes[0]
    frame = np.stack([right, np.array([0, 1, 0], np.float32), np.cross(right, np.array([0, 1, 0], np.float32))])
    out.normal = out.normal @ frame.T.astype(np.float32)


def _random_solid(rng: np.random.Generator, kind: str, count: int, spread: float) -> Solid:
    radius = rng.uniform(0.45, 0.75) if count < 3 else rng.uniform(0.22, 0.5)
    size = (radius * rng.uniform(0.75, 1.25, 3)).astype(np.float32)
    if kind in ("sphere", "torus"):
        size[:] = radius
    place = np.array([rng.normal(0, spread), radius + rng.exponential(0.25), rng.normal(0, spread)], np.float32)
    axis = rng.normal(0, 1, 3) if rng.random() < 0.5 else np.array([0, 1, 0])
    return Solid(
        kind=kind,
        size=size,
        place=place,
        orbit=(rng.uniform(0, 0.5, 3) * [1, 0.4, 1]).astype(np.float32),
        speed=float(rng.normal(0, 1.6)),
        phase=float(rng.uniform(0, 6.28)),
        axis=unit(axis.astype(np.float32)),
        turn=float(rng.normal(0, 1.2)),
    )


def _rotation(axis: Array, angle: float) -> Array:
    """Rodrigues' formula."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]], np.float32)
    return (np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross).astype(np.float32)


def _lay_floor(out: Surface, camera: Camera, rays: Array, floor: float, solids: tuple[Solid, ...], poses: list) -> None:
    down = np.minimum(rays[..., 1], -1e-4)
    depth = np.where(rays[..., 1] < -1e-3, (floor - camera.eye[1]) / down, np.inf).astype(np.float32)
    visible = depth < 40.0
    point = camera.eye + rays * np.where(visible, depth, 0.0)[..., None]
    out.group[visible], out.part[visible] = GROUND, 0
    out.depth[visible] = depth[visible]
    out.normal[visible] = (0, 1, 0)
    out.point[visible] = point[visible]
    for solid, (centre, _) in zip(solids, poses):
        reach = float(solid.size.mean()) * (1.1 + 0.3 * max(float(centre[1]), 0.0))
        dx, dz = point[..., 0] - centre[0] - 0.25 * centre[1], point[..., 2] - centre[2]
        strength = 0.75 / (1.0 + max(float(centre[1]) - solid.size[1], 0.0))
        out.shadow *= 1.0 - strength * np.exp(-(((dx * dx + dz * dz) / (reach * reach)) ** 1.5))


def _place(out: Surface, camera: Camera, rays: Array, solid: Solid, pose: tuple[Array, Array], number: int) -> None:
    centre, turn = pose
    window = camera.window(centre, float(np.linalg.norm(solid.size)) * 1.05, *out.depth.shape)
    if window is None:
        return
    origin = turn @ (camera.eye - centre)
    ways = rays[window] @ turn.T
    depth, normal = _HIT[solid.kind](origin, ways, solid.size)
    nearer = depth < out.depth[window]
    point = origin + ways * np.where(nearer, depth, 0.0)[..., None]
    out.group[window][nearer], out.part[window][nearer] = OBJECT, number + 1
    out.depth[window][nearer] = depth[nearer]
    out.normal[window][nearer] = (normal @ turn)[nearer]
    out.point[window][nearer] = point[nearer] + 1.7 * number
    height = np.clip((point @ turn + centre)[..., 1] / max(float(solid.size[1]), 0.1), 0.0, 1.0)
    out.shadow[window][nearer] = (0.55 + 0.45 * height)[nearer]


def _sphere(origin: Array, ways: Array, size: Array) -> tuple[Array, Array]:
    o, w = origin / size, ways / size
    a = np.einsum("hwi,hwi->hw", w, w)
    b = w @ o
    root = b * b - a * (o @ o - 1.0)
    depth = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)
    depth = np.where(depth > 0.05, depth, np.inf)
    point = o + w * np.where(np.isfinite(depth), depth, 0)[..., None]
    return depth, unit(point / size)


def _box(origin: Array, ways: Array, size: Array) -> tuple[Array, Array]:
    safe = np.where(np.abs(ways) < 1e-5, 1e-5, ways)
    near = (-np.sign(safe) * size - origin) / safe
    far = (np.sign(safe) * size - origin) / safe
    enter = near.max(axis=-1)
    depth = np.where((enter < far.min(axis=-1)) & (enter > 0.05), enter, np.inf)
    side = np.eye(3, dtype=np.float32)[near.argmax(axis=-1)]
    return depth, -side * np.sign(safe)


def _cylinder(origin: Array, ways: Array, size: Array) -> tuple[Array, Array]:
    return _capped(origin, ways, float(size[0]), float(size[1]), 0.0)


def _cone(origin: Array, ways: Array, size: Array) -> tuple[Array, Array]:
    return _capped(origin, ways, float(size[0]), float(size[1]), 1.0)


def _capped(origin: Array, ways: Array, radius: float, half: float, taper: float) -> tuple[Array, Array]:
    """A round wall whose radius falls by `taper` of itself from bottom to top, closed by its lower or upper disc."""
    slope = taper * radius / (2 * half)
    start = radius * (1 - taper / 2) - slope * origin[1]
    a = ways[..., 0] ** 2 + ways[..., 2] ** 2 - (slope * ways[..., 1]) ** 2
    b = ways[..., 0] * origin[0] + ways[..., 2] * origin[2] + start * slope * ways[..., 1]
    c = origin[0] ** 2 + origin[2] ** 2 - start**2
    a = np.where(np.abs(a) < 1e-6, 1e-6, a)
    root = b * b - a * c
    wall = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)
    height = origin[1] + ways[..., 1] * np.where(np.isfinite(wall), wall, 0)
    wall = np.where((np.abs(height) <= half) & (wall > 0.05), wall, np.inf)
    end = half if origin[1] > 0 else -half
    steep = np.where(np.abs(ways[..., 1]) < 1e-5, 1e-5, ways[..., 1])
    cap = (end - origin[1]) / steep
    rim = radius * (1 - taper * (end + half) / (2 * half))
    x, z = origin[0] + ways[..., 0] * cap, origin[2] + ways[..., 2] * cap
    cap = np.where((x * x + z * z <= rim * rim) & (cap > 0.05), cap, np.inf)
    at = origin + ways * np.where(np.isfinite(wall), wall, 0)[..., None]
    outward = np.stack([at[..., 0], slope * np.hypot(at[..., 0], at[..., 2]), at[..., 2]], axis=-1)
    flat = np.array([0.0, np.sign(end), 0.0], np.float32)
    normal = np.where((cap < wall)[..., None], flat, unit(outward))
    return np.minimum(wall, cap), normal


def _torus(origin: Array, ways: Array, size: Array, steps: int = 18) -> tuple[Array, Array]:
    """Sphere tracing; rays that have not come within a hair of the tube miss it."""
    big, small = float(size[0]) * 0.72, float(size[0]) * 0.3
    length = np.sqrt(np.einsum("hwi,hwi->hw", ways, ways))
    depth = np.maximum((np.linalg.norm(origin) - big - small) / length, 0.05)
    gap = depth
    for _ in range(steps):
        at = origin + ways * depth[..., None]
        ring = np.sqrt(at[..., 0] ** 2 + at[..., 1] ** 2) - big
        gap = np.sqrt(ring * ring + at[..., 2] ** 2) - small
        depth = depth + gap / length
    at = origin + ways * depth[..., None]
    flat = np.maximum(np.sqrt(at[..., 0] ** 2 + at[..., 1] ** 2), 1e-5)
    core = np.stack([at[..., 0] / flat * big, at[..., 1] / flat * big, np.zeros_like(flat)], axis=-1)
    return np.where(gap < 0.02, depth, np.inf), unit(at - core)


_HIT = {"sphere": _sphere, "box": _box, "cylinder": _cylinder, "torus": _torus, "cone": _cone}
