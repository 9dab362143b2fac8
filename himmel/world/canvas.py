"""Draws parts with OpenGL through EGL (no window, no display): colour, identity and depth of every pixel.

One context serves a whole process, with buffers for each size of picture. Frames are drawn at twice the size and
averaged down, which costs less than multisampling on a software renderer and smooths shading as well as edges.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.errors import MissingExtra, WorldError
from himmel.world import mesh, shaders

__all__ = [
    "INSTANCE_FLOATS",
    "Canvas",
    "Instances",
    "Paint",
    "View",
    "camera_uniforms",
    "sun_matrix",
]

SHADOW_PIXELS = 512
INSTANCE_FLOATS = 22  # 12 pose rows, 4 tint, 4 surface, 2 facts (identity, part)
_LAYOUT = "4f 4f 4f 4f 4f 2f/i"
_NAMES = ("row0", "row1", "row2", "tint", "surface", "fact")

FloatArray: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Instances:
    """Parts to draw, grouped by mesh: rows float32 [count, INSTANCE_FLOATS].

    near: subjects and what stands among them. casters: those of them whose shadows are seen. shiny: parts of
    metal, which all cast shadows. far: what stands around. ground: the plane. glass: blended after all else.
    """

    casters: dict[str, FloatArray]
    near: dict[str, FloatArray]
    shiny: dict[str, FloatArray]
    far: dict[str, FloatArray]
    ground: FloatArray
    glass: dict[str, FloatArray]


@dataclass(frozen=True, kw_only=True)
class Paint:
    """What a scene's programs must be able to shade (see `shaders`); occluders: how many; lamp: a small light."""

    ground: int
    wood: bool
    felt: bool
    stars: bool
    occluders: int
    lamp: bool


@dataclass(frozen=True, kw_only=True)
class View:
    """A pinhole camera without roll: `eye` and `target` [3] in world units, vertical `fov` in degrees."""

    eye: FloatArray
    target: FloatArray
    fov: float

    @cached_property
    def matrix(self) -> FloatArray:
        """World to camera, 4x4; the camera looks along -z."""
        fx, fy, fz = (self.target - self.eye) / np.linalg.norm(self.target - self.eye)
        flat = np.hypot(fx, fy)
        right = np.array([fy / flat, -fx / flat, 0.0])
        up = np.array([-fz * fx / flat, -fz * fy / flat, flat])
        matrix = np.eye(4)
        matrix[0, :3], matrix[1, :3], matrix[2, :3] = right, up, (-fx, -fy, -fz)
        matrix[:3, 3] = -matrix[:3, :3] @ self.eye
        return matrix

    def projection(self, aspect: float, near: float = 0.15, far: float = 90.0) -> FloatArray:
        """Camera to clip space, 4x4; `aspect` is width / height."""
        focal = 1.0 / np.tan(np.radians(self.fov) / 2)
        matrix = np.zeros((4, 4))
        matrix[0, 0], matrix[1, 1] = focal / aspect, focal
        matrix[2, 2], matrix[2, 3] = (far + near) / (near - far), 2 * far * near / (near - far)
        matrix[3, 2] = -1.0
        return matrix


@contextmanager
def _one_processor() -> Iterator[None]:
    """Let this thread see one processor for a while.

    Mesa's software renderer counts processors when it starts and draws in the calling thread if there is one.
    Its own threads may unlock a fence that the caller, who looks at fences without their lock, has just freed
    (lp_setup_get_empty_scene in Mesa 22.3): that ended a process once in about a thousand clips.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, processors)


def camera_uniforms(views: Sequence[View], aspect: float) -> list[dict[str, FloatArray]]:
    """What the programs need of each view; `aspect` is width / height."""
    cameras = np.stack([view.matrix for view in views])
    projected = np.stack([view.projection(aspect) for view in views]) @ cameras
    unprojected = np.linalg.inv(projected)
    return [
        {"eye": view.eye, "forward": -camera[2, :3], "view_projection": forth, "unproject": back}
        for view, camera, forth, back in zip(views, cameras, projected, unprojected, strict=True)
    ]


def sun_matrix(direction: FloatArray, centre: FloatArray, reach: float) -> FloatArray:
    """World to the shadow map's clip space, 4x4, for parallel light from `direction`."""
    view = View(eye=centre + direction * 14.0, target=centre, fov=1.0).matrix
    box = np.diag([1.0 / reach, 1.0 / reach, -1.0 / 14.0, 1.0])
    box[2, 3] = -1.0
    return box @ view


@dataclass(frozen=True, kw_only=True, eq=False)
class _Surface:
    """Buffers of one size: two textures, the framebuffer over them, and arrays for what is read back."""

    colour: Any
    facts: Any
    frame: Any
    pixels: FloatArray
    values: FloatArray


class Canvas:
    """Off-screen OpenGL surfaces, drawn at `supersample` times the size that is asked for."""

    def __init__(self, supersample: int = 2) -> None:
        try:
            import moderngl
        except ImportError as error:
            raise MissingExtra("world", "drawing the world") from error
        try:
            settings: dict[str, Any] = {"backend": "egl"}  # the binding's type hints do not know it
            with _one_processor():
                context = moderngl.create_context(standalone=True, require=330, **settings)
        except Exception as error:  # the binding raises bare Exception for every EGL failure
            raise WorldError(
                f"no OpenGL through EGL here ({error}); "
                "install it with: apt-get install -y libegl1 libgl1-mesa-dri"
            ) from error
        self.supersample = supersample
        self._context: Any = context
        self._flags = moderngl.DEPTH_TEST, moderngl.BLEND
        self._surfaces: dict[tuple[int, int], _Surface] = {}
        self._shadow = context.depth_texture((SHADOW_PIXELS, SHADOW_PIXELS))
        self._shadow.compare_func = "<="
        self._shadow.repeat_x = self._shadow.repeat_y = False
        self._shadow_frame = context.framebuffer(depth_attachment=self._shadow)
        self._cast = _Program(context, shaders.SHADOW_VERTEX, shaders.SHADOW_FRAGMENT)
        self._programs: dict[tuple[object, ...], _Program] = {}
        self._triangle = context.buffer(np.array([[-1, -1], [3, -1], [-1, 3]], dtype="f4"))
        self._meshes = {name: tuple(context.buffer(part) for part in mesh.build(name)) for name in mesh.MESHES}
        self._buffers: dict[str, Any] = {}
        self._arrays: dict[tuple[str, int], Any] = {}

    def close(self) -> None:
        """Give the context back."""
        self._context.release()

    def draw(
        self, size: tuple[int, int], instances: Instances, paint: Paint, uniforms: Mapping[str, Any]
    ) -> tuple[FloatArray, FloatArray]:
        """Draw one frame of a size (width, height).

        `uniforms` holds those of the light (`look.uniforms`, `sun_matrix` as "sun_view"), of the camera
        (`camera_uniforms`) and of the moment: "seconds", and "occluders" [K, 4], spheres by centre and radius.
        Returns colour uint8 [h, w, 4] and facts float32 [h, w, 2] (64 * identity + part, depth), both at the
        supersampled size, top row first; they are overwritten by the next frame of the same size.
        """
        surface = self._surface(size)
        depth, blend = self._flags
        context, packed = self._context, _packed(uniforms)
        context.disable(blend)
        context.enable(depth)
        self._shadow_frame.use()
        self._shadow_frame.clear(depth=1.0)
        self._draw_all(instances.casters, self._cast, packed)
        self._draw_all(instances.shiny, self._cast, packed)
        surface.frame.use()
        surface.frame.clear(depth=1.0)
        self._shadow.use(0)
        shiny, plain = self._part(paint, "shiny"), self._part(paint, "plain", wood=paint.wood, felt=paint.felt)
        # Near things first: what they hide is then never shaded.
        self._draw_all(instances.shiny, shiny, packed)
        self._draw_all(instances.near, plain, packed)
        self._draw_all(instances.far, self._part(paint, "plain"), packed)
        self._draw_all({"plane": instances.ground}, self._part(paint, "ground", ground=paint.ground), packed)
        sky = self._sky(paint.stars)
        sky.send(packed)
        self._array("sky", sky).render(vertices=3)
        if instances.glass:
            context.enable(blend)
            self._draw_all(instances.glass, shiny, packed)
        surface.colour.read_into(surface.pixels)
        surface.facts.read_into(surface.values)
        return surface.pixels[::-1], surface.values[::-1]

    def _surface(self, size: tuple[int, int]) -> _Surface:
        """The surface of a size; made on first use."""
        if size not in self._surfaces:
            width, height = (side * self.supersample for side in size)
            colour = self._context.texture((width, height), 4)
            facts = self._context.texture((width, height), 2, dtype="f4")
            self._surfaces[size] = _Surface(
                colour=colour,
                facts=facts,
                frame=self._context.framebuffer(
                    [colour, facts], self._context.depth_renderbuffer((width, height))
                ),
                pixels=np.empty((height, width, 4), np.uint8),
                values=np.empty((height, width, 2), np.float32),
            )
        return self._surfaces[size]

    def _part(
        self, paint: Paint, kind: str, *, ground: int = -1, wood: bool = False, felt: bool = False
    ) -> "_Program":
        """A program of `shaders.part_fragment`; compiled on first use."""
        key = (kind, paint.occluders, ground, wood, felt, paint.lamp)
        if key not in self._programs:
            fragment = shaders.part_fragment(
                kind, paint.occluders, ground=ground, wood=wood, felt=felt, lamp=paint.lamp
            )
            self._programs[key] = _Program(self._context, shaders.PART_VERTEX, fragment)
        return self._programs[key]

    def _sky(self, stars: bool) -> "_Program":
        if ("sky", stars) not in self._programs:
            fragment = shaders.sky_fragment(stars=stars)
            self._programs["sky", stars] = _Program(self._context, shaders.SKY_VERTEX, fragment)
        return self._programs["sky", stars]

    def _draw_all(
        self, groups: Mapping[str, FloatArray], program: "_Program", packed: Mapping[str, bytes]
    ) -> None:
        """Draw rows of each mesh with a program."""
        program.send(packed)
        for name, rows in groups.items():
            if not len(rows):
                continue
            places = 1 << max(4, (len(rows) - 1).bit_length())
            key = f"{name}:{places}"
            if key not in self._buffers:
                self._buffers[key] = self._context.buffer(reserve=places * INSTANCE_FLOATS * 4, dynamic=True)
            self._buffers[key].write(rows)
            self._array(key, program).render(instances=len(rows))

    def _array(self, key: str, program: "_Program") -> Any:
        """The vertex array that joins a mesh, an instance buffer and a program."""
        handle = program.handle
        if (key, handle.glo) not in self._arrays:
            self._arrays[key, handle.glo] = self._context.vertex_array(
                handle,
                *self._layout(key, program),
                skip_errors=True,  # a program drops the inputs it does not use
            )
        return self._arrays[key, handle.glo]

    def _layout(self, key: str, program: "_Program") -> tuple[Any, ...]:
        """Buffers of a vertex array with their inputs, and its index buffer if it has one."""
        if key == "sky":
            return ([(self._triangle, "2f", "corner")],)
        vertices, index = self._meshes[key.split(":")[0]]
        full = program is not self._cast
        layout = [
            (vertices, "3f 3f" if full else "3f 12x", *("position", "normal")[: 1 + full]),
            (self._buffers[key], _LAYOUT if full else "4f 4f 4f 40x/i", *(_NAMES if full else _NAMES[:3])),
        ]
        return layout, index


class _Program:
    """A compiled program that is sent a uniform only when it has changed."""

    def __init__(self, context: Any, vertex: str, fragment: str) -> None:
        self.handle: Any = context.program(vertex_shader=vertex, fragment_shader=fragment)
        self._uniforms = {name: self.handle[name] for name in self.handle}
        self._sent: dict[str, bytes] = {}

    def send(self, packed: Mapping[str, bytes]) -> None:
        """Write those of `packed` that the program has and that are not what it holds."""
        for name in self._uniforms.keys() & packed.keys():
            value = packed[name]
            if value != self._sent.get(name):
                self._uniforms[name].write(value)
                self._sent[name] = value


def _packed(uniforms: Mapping[str, Any]) -> dict[str, bytes]:
    """The bytes OpenGL takes; matrices are given row-major and sent column-major."""
    packed = {}
    for name, value in uniforms.items():
        array = np.asarray(value, dtype="i4" if isinstance(value, int) else "f4")
        matrix = array.shape == (4, 4) and name != "occluders"
        packed[name] = (array.T if matrix else array).tobytes()
    return packed
