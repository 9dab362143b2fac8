"""Draws parts with OpenGL through EGL (no window, no display): colour, identity and depth of every pixel.

One context and one set of buffers serve a whole process. Frames are drawn at twice the size and averaged
down, which costs less than multisampling on a software renderer and smooths shading as well as edges.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from himmel.errors import MissingExtra, WorldError
from himmel.world import mesh, shaders

__all__ = ["INSTANCE_FLOATS", "Canvas", "Instances", "View"]

SHADOW_PIXELS = 512
INSTANCE_FLOATS = 22  # 12 pose rows, 4 tint, 4 surface, 2 facts (identity, part)
_MAX_OCCLUDERS = 8
_LAYOUT = "4f 4f 4f 4f 4f 2f/i"
_NAMES = ("row0", "row1", "row2", "tint", "surface", "fact")

FloatArray: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Instances:
    """Parts to draw, grouped by mesh: rows [count, INSTANCE_FLOATS].

    near: what casts shadows. shiny: the same, of metal. far: what stands around. ground: the plane.
    glass: blended after all else.
    """

    near: dict[str, FloatArray]
    shiny: dict[str, FloatArray]
    far: dict[str, FloatArray]
    ground: FloatArray
    glass: dict[str, FloatArray]


@dataclass(frozen=True, kw_only=True)
class View:
    """A pinhole camera: `eye` and `target` in world units, vertical `fov` in degrees, `roll` none."""

    eye: FloatArray
    target: FloatArray
    fov: float

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


def _sun_matrix(direction: FloatArray, centre: FloatArray, reach: float) -> FloatArray:
    """World to the shadow map's clip space for parallel light from `direction`."""
    view = View(eye=centre + direction * 14.0, target=centre, fov=1.0).matrix()
    box = np.diag([1.0 / reach, 1.0 / reach, -1.0 / 14.0, 1.0])
    box[2, 3] = -1.0
    return box @ view


class Canvas:
    """An off-screen OpenGL surface of `width` x `height` pixels, drawn at `supersample` times that size."""

    def __init__(self, width: int, height: int, supersample: int = 2) -> None:
        try:
            import moderngl
        except ImportError as error:
            raise MissingExtra("world", "drawing the world") from error
        try:
            settings: dict[str, Any] = {"backend": "egl"}  # the binding's type hints do not know it
            context = moderngl.create_context(standalone=True, require=330, **settings)
        except Exception as error:  # the binding raises bare Exception for every EGL failure
            raise WorldError(
                f"no OpenGL through EGL here ({error}); "
                "install it with: apt-get install -y libegl1 libgl1-mesa-dri"
            ) from error
        self.width, self.height, self.supersample = width, height, supersample
        self._context: Any = context
        self._flags = moderngl.DEPTH_TEST, moderngl.BLEND
        size = (width * supersample, height * supersample)
        self._colour = context.texture(size, 4)
        self._facts = context.texture(size, 2, dtype="f4")
        self._frame = context.framebuffer([self._colour, self._facts], context.depth_renderbuffer(size))
        self._shadow = context.depth_texture((SHADOW_PIXELS, SHADOW_PIXELS))
        self._shadow.compare_func = "<="
        self._shadow.repeat_x = self._shadow.repeat_y = False
        self._shadow_frame = context.framebuffer(depth_attachment=self._shadow)
        self._parts: dict[tuple[str, int], Any] = {}
        self._cast = context.program(vertex_shader=shaders.SHADOW_VERTEX, fragment_shader=shaders.SHADOW_FRAGMENT)
        self._sky = context.program(vertex_shader=shaders.SKY_VERTEX, fragment_shader=shaders.SKY_FRAGMENT)
        corners = np.array([[-1, -1], [3, -1], [-1, 3]], dtype="f4")
        self._sky_mesh = context.vertex_array(self._sky, [(context.buffer(corners), "2f", "corner")])
        self._meshes = {name: tuple(context.buffer(part) for part in mesh.build(name)) for name in mesh.MESHES}
        self._buffers: dict[str, Any] = {}
        self._arrays: dict[tuple[str, int], Any] = {}

    def close(self) -> None:
        """Give the context back."""
        self._context.release()

    def draw(self, view: View, instances: Instances, light: dict[str, Any]) -> tuple[FloatArray, FloatArray]:
        """Draw one frame.

        `light` holds the uniforms of `look.Look.uniforms` and "occluders" [K, 4].
        Returns colour uint8 [h, w, 3] and facts float32 [h, w, 2] (64 * identity + part, depth), both
        at the supersampled size, top row first.
        """
        moderngl_depth, moderngl_blend = self._flags
        context = self._context
        camera = view.matrix()
        view_projection = view.projection(self.width / self.height) @ camera
        sun = _sun_matrix(light["sun_direction"], light["shadow_centre"], light["shadow_reach"])
        context.disable(moderngl_blend)
        context.enable(moderngl_depth)
        self._shadow_frame.use()
        self._shadow_frame.clear(depth=1.0)
        _set(self._cast, {"sun_view": sun})
        for name, rows in [*instances.near.items(), *instances.shiny.items()]:
            self._draw_mesh(name, rows, self._cast)
        self._frame.use()
        self._frame.clear(depth=1.0)
        facts = {
            "eye": view.eye,
            "view_projection": view_projection,
            "sun_view": sun,
            "unproject": np.linalg.inv(view_projection),
            "forward": -camera[2, :3],
        }
        _set(self._sky, light | facts)
        plain, shiny = self._program("plain"), self._program("shiny")
        ground = self._program("ground", light["ground_kind"])
        for program in (plain, shiny, ground):
            _set(program, light | facts | _occluders(light["occluders"]))
        self._shadow.use(0)
        # Near things first: what they hide is then never shaded.
        for name, rows in instances.shiny.items():
            self._draw_mesh(name, rows, shiny)
        for name, rows in [*instances.near.items(), *instances.far.items()]:
            self._draw_mesh(name, rows, plain)
        self._draw_mesh("plane", instances.ground, ground)
        self._sky_mesh.render(vertices=3)
        if instances.glass:
            context.enable(moderngl_blend)
            for name, rows in instances.glass.items():
                self._draw_mesh(name, rows, shiny)
        return self._read()

    def _program(self, kind: str, ground: int = -1) -> Any:
        """A program of `shaders.part_fragment`; compiled on first use."""
        if (kind, ground) not in self._parts:
            self._parts[kind, ground] = self._context.program(
                vertex_shader=shaders.PART_VERTEX, fragment_shader=shaders.part_fragment(kind, ground)
            )
        return self._parts[kind, ground]

    def _draw_mesh(self, name: str, rows: FloatArray, program: Any) -> None:
        if not len(rows):
            return
        key = f"{name}:{1 << max(4, (len(rows) - 1).bit_length())}"
        if key not in self._buffers:
            size = int(key.split(":")[1]) * INSTANCE_FLOATS * 4
            self._buffers[key] = self._context.buffer(reserve=size, dynamic=True)
        self._buffers[key].write(np.ascontiguousarray(rows, dtype="f4").tobytes())
        self._array(key, program).render(instances=len(rows))

    def _array(self, key: str, program: Any) -> Any:
        """The vertex array that joins a mesh, an instance buffer and a program."""
        if (key, program.glo) not in self._arrays:
            vertices, index = self._meshes[key.split(":")[0]]
            full = program is not self._cast
            layout = [
                (vertices, "3f 3f" if full else "3f 12x", *("position", "normal")[: 1 + full]),
                (self._buffers[key], _LAYOUT if full else "4f 4f 4f 40x/i", *(_NAMES if full else _NAMES[:3])),
            ]
            self._arrays[key, program.glo] = self._context.vertex_array(
                program,
                layout,
                index,
                skip_errors=True,  # a program drops the inputs it does not use
            )
        return self._arrays[key, program.glo]

    def _read(self) -> tuple[FloatArray, FloatArray]:
        height, width = self.height * self.supersample, self.width * self.supersample
        colour = np.frombuffer(self._colour.read(), np.uint8).reshape(height, width, 4)
        facts = np.frombuffer(self._facts.read(), np.float32).reshape(height, width, 2)
        return colour[::-1, :, :3], facts[::-1]


def _occluders(spheres: FloatArray) -> dict[str, Any]:
    padded = np.zeros((_MAX_OCCLUDERS, 4))
    padded[: len(spheres)] = spheres[:_MAX_OCCLUDERS]
    return {"occluders": padded, "occluder_count": min(len(spheres), _MAX_OCCLUDERS)}


def _set(program: Any, values: dict[str, Any]) -> None:
    """Write the uniforms a program has; matrices are given row-major and sent column-major."""
    for name, value in values.items():
        if name not in program:
            continue
        uniform = program[name]
        if isinstance(value, int | float):
            uniform.value = value
        else:
            array = np.asarray(value, dtype="f4")
            matrix = array.ndim == 2 and array.shape == (4, 4) and name != "occluders"
            uniform.write(np.ascontiguousarray(array.T if matrix else array).tobytes())
