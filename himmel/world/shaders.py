"""The shading programs of the world (GLSL 3.30): toy-like light, soft shadows, haze.

A software renderer runs both sides of every branch and pays for every turn of a loop, so what differs by ground
or material and the number of occluders is compiled apart (`part_fragment`), not chosen by a uniform.

Light is computed in linear colour and tone mapped at the end. Contact shadows come from one sphere per
subject (analytic ambient occlusion of a sphere, Quilez 2006), which costs a few operations a pixel and is
steady over time, unlike sampled occlusion: steadiness matters to a codec more than exactness.
"""

__all__ = ["PART_VERTEX", "SHADOW_FRAGMENT", "SHADOW_VERTEX", "SKY_VERTEX", "part_fragment", "sky_fragment"]

_VERSION = "#version 330\n"

_COMMON = """
uniform vec3 eye;
uniform vec3 sun_direction;
uniform vec3 sun_colour;
uniform vec3 sky_top;
uniform vec3 sky_horizon;
uniform vec3 ground_bounce;
uniform float haze;
uniform float night;
uniform int bands;

float hash(vec2 p) {
    p = fract(p * vec2(123.34, 456.21));
    p += dot(p, p + 45.32);
    return fract(p.x * p.y);
}
float noise(vec2 p) {
    vec2 i = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    return mix(mix(hash(i), hash(i + vec2(1, 0)), f.x), mix(hash(i + vec2(0, 1)), hash(i + vec2(1, 1)), f.x), f.y);
}
vec3 sky(vec3 ray) {
    float up = clamp(ray.z * 1.6 + 0.02, 0.0, 1.0);
    float sun = max(dot(ray, sun_direction), 0.0);
    float glow = sun * sun * sun;
    return mix(sky_horizon, sky_top, sqrt(up)) + sun_colour * 0.10 * glow * glow;
}
vec3 finish(vec3 colour) {
    colour = colour * (1.0 + colour * 0.10) / (1.0 + colour * 0.38);
    return sqrt(clamp(colour, 0.0, 1.0));  // gamma 2, as look.linear: a root costs far less than a power
}
"""

SKY_VERTEX = """
#version 330
in vec2 corner;
out vec2 place;
void main() { place = corner; gl_Position = vec4(corner, 0.99999, 1.0); }
"""

_SKY_FRAGMENT = (
    _COMMON
    + """
in vec2 place;
uniform mat4 unproject;
uniform float stars;
layout(location = 0) out vec4 colour_out;
layout(location = 1) out vec4 fact_out;
void main() {
    vec4 far = unproject * vec4(place, 1.0, 1.0);
    vec3 ray = normalize(far.xyz / far.w - eye);
    vec3 colour = sky(ray) + sun_colour * 0.6 * smoothstep(0.9982, 0.9988, dot(ray, sun_direction));
#if STARS
    if (ray.z > 0.02) {
        vec2 cell = vec2(atan(ray.x, ray.y) * 14.0, ray.z * 16.0);
        vec2 inside = fract(cell) - 0.5;
        float lit = step(0.72, hash(floor(cell)));
        colour += stars * lit * smoothstep(0.16, 0.04, length(inside)) * vec3(1.0, 0.95, 0.85);
    }
#endif
    colour_out = vec4(finish(colour), 1.0);
    fact_out = vec4(0.0, 1000.0, 0.0, 1.0);
}
"""
)

SHADOW_VERTEX = """
#version 330
uniform mat4 sun_view;
in vec3 position;
in vec4 row0, row1, row2;
void main() {
    vec4 p = vec4(position, 1.0);
    gl_Position = sun_view * vec4(dot(row0, p), dot(row1, p), dot(row2, p), 1.0);
}
"""

SHADOW_FRAGMENT = """
#version 330
void main() {}
"""

PART_VERTEX = """
#version 330
uniform mat4 view_projection;
uniform mat4 sun_view;
in vec3 position;
in vec3 normal;
in vec4 row0, row1, row2;
in vec4 tint;
in vec4 surface;
in vec2 fact;
out vec3 world;
out vec3 local;
out vec3 facing;
out vec3 sun_place;
flat out vec4 tint_;
flat out vec4 surface_;
flat out vec2 fact_;
void main() {
    vec4 p = vec4(position, 1.0);
    world = vec3(dot(row0, p), dot(row1, p), dot(row2, p));
    vec3 c0 = vec3(row0.x, row1.x, row2.x), c1 = vec3(row0.y, row1.y, row2.y), c2 = vec3(row0.z, row1.z, row2.z);
    facing = c0 * normal.x / dot(c0, c0) + c1 * normal.y / dot(c1, c1) + c2 * normal.z / dot(c2, c2);
    local = position * vec3(length(c0), length(c1), length(c2));
    vec4 s = sun_view * vec4(world, 1.0);
    sun_place = s.xyz * 0.5 + 0.5;
    tint_ = tint;
    surface_ = surface;
    fact_ = fact;
    gl_Position = view_projection * vec4(world, 1.0);
}
"""

_PART_FRAGMENT = (
    _COMMON
    + """
uniform sampler2DShadow shadow_map;
uniform vec4 occluders[OCCLUDERS];
#if LAMP
uniform vec4 lamp;  // place and strength
#endif
uniform vec3 ground_a;
uniform vec3 ground_b;
uniform float seconds;
uniform vec3 forward;
in vec3 world;
in vec3 local;
in vec3 facing;
in vec3 sun_place;
flat in vec4 tint_;
flat in vec4 surface_;
flat in vec2 fact_;
layout(location = 0) out vec4 colour_out;
layout(location = 1) out vec4 fact_out;

// surface_.x: 0 clay, 1 wood, 2 metal, 3 glass, 4 felt, 5 ground, 6 lamp (gives light), 7 plain prop
#if GROUND >= 0
vec3 ground_colour(inout vec3 n) {
    vec2 p = world.xy;
    float fade = clamp(1.0 - length(world - eye) / 26.0, 0.0, 1.0);
    float patches = noise(p * 0.9 + 3.0);
#if GROUND == 1
    {          // dunes: broad waves that catch the light
        float wave = sin(p.x * 0.9 + 1.6 * noise(p * 0.5) + p.y * 1.7);
        n = normalize(n + vec3(0.22, 0.30, 0.0) * cos(p.x * 0.9 + 1.6 * noise(p * 0.5) + p.y * 1.7) * fade);
        return mix(ground_a, ground_b, 0.5 + 0.5 * wave * fade);
    }
#endif
#if GROUND == 2
    {          // sea: two moving wave trains
        float a = p.x * 2.1 + p.y * 1.3 + seconds * 1.6, b = -p.x * 1.2 + p.y * 2.6 + seconds * 1.1;
        n = normalize(n + vec3(0.16 * cos(a), 0.16 * cos(b), 0.0) * fade);
        float crest = smoothstep(1.1, 1.9, sin(a) + sin(b));
        return mix(ground_a, ground_b, 0.35 + 0.25 * sin(a) * fade + 0.25 * sin(b) * fade) + 0.22 * crest * fade;
    }
#endif
#if GROUND == 3
    {          // street: asphalt, pavement, a dashed line
        float side = smoothstep(1.95, 2.0, abs(p.y - 0.2));
        float line = step(abs(p.y + 1.35), 0.06) * step(0.5, fract(p.x * 0.55));
        vec3 road = mix(ground_a, ground_b, side * (0.75 + 0.25 * step(0.06, fract(p.x * 0.8))));
        return mix(road, vec3(0.85, 0.8, 0.6), line * (1.0 - side) * 0.8);
    }
#endif
#if GROUND == 4
    {          // table top: boards with slow grain
        float board = floor(p.y * 0.85);
        float grain = sin((p.y + 0.10 * noise(vec2(p.x * 0.7, p.y * 2.0))) * 26.0 + board * 2.0) * 0.5 + 0.5;
        float seam = smoothstep(0.0, 0.05, fract(p.y * 0.85)) * smoothstep(1.0, 0.95, fract(p.y * 0.85));
        vec3 wood = mix(ground_a, ground_b, 0.35 * grain * fade + 0.45 * hash(vec2(board, 7.0)));
        return wood * (0.72 + 0.28 * seam);
    }
#endif
#if GROUND == 5
    {          // moon: craters with a lit rim
        vec2 cell = floor(p * 0.55), q = fract(p * 0.55) - 0.5;
        vec2 at = 0.22 * (vec2(hash(cell), hash(cell + 9.0)) - 0.5);
        float size = 0.16 + 0.22 * hash(cell + 4.0), d = length(q - at) / size;
        float ring = (d - 0.85) * 5.0, rim = exp(-ring * ring);
        n = normalize(n + vec3((q - at) / size, 0.0) * rim * 0.8);
        return mix(ground_a, ground_b, 0.6 * patches) * (1.0 - 0.30 * smoothstep(0.85, 0.5, d));
    }
#endif
    float tufts = noise(p * 3.1);
    return mix(ground_a, ground_b, smoothstep(0.25, 0.75, 0.62 * patches + 0.38 * tufts * fade + 0.1));
}
#endif

float shadow() {
    if (sun_place.z > 1.0) return 1.0;
    vec3 s = sun_place;
    s.z -= 0.0035;
    float lit = 0.0;
    float reach = 1.1 / 512.0;  // four bilinear taps: as soft as nine plain ones
    for (int i = -1; i <= 1; i += 2)
        for (int j = -1; j <= 1; j += 2)
            lit += texture(shadow_map, vec3(s.xy + vec2(i, j) * reach, s.z));
    return lit / 4.0;
}

float ambient_open(vec3 n) {
    float open = 1.0;
    for (int i = 0; i < OCCLUDERS; i++) {
        vec3 to = occluders[i].xyz - world;
        float d2 = dot(to, to), r2 = occluders[i].w * occluders[i].w;
        float blocked = max(dot(n, to), 0.0) * inversesqrt(d2) * r2 / d2 * step(r2 * 1.02, d2);
        open *= 1.0 - 0.85 * min(blocked, 1.0);
    }
    return open;
}

void main() {
    vec3 n = normalize(facing);
    vec3 to_eye = normalize(eye - world);
    int kind = int(surface_.x + 0.5);
    vec3 base = tint_.rgb;
    float alpha = 1.0;
#if GROUND >= 0
    base = ground_colour(n);
#else
#if WOOD
    if (kind == 1) {
        float rings = sin(14.0 * (local.z + 0.35 * local.x) + 5.0 * noise(local.xy * 3.0 + local.zz)) * 0.5 + 0.5;
        base *= 0.80 + 0.28 * rings;
    }
#endif
    if (kind == 7) base *= 0.93 + 0.10 * smoothstep(-1.0, 1.0, local.z);
#endif
    float direct = dot(n, sun_direction);
    float lit = kind == 4 || kind == 0 ? clamp((direct + 0.18) / 1.18, 0.0, 1.0) : max(direct, 0.0);
    float sun = lit * shadow();
    float open = ambient_open(n);
#if GROUND < 0
    open *= 0.62 + 0.38 * clamp(world.z * 2.2 + max(n.z, 0.0), 0.0, 1.0);
#endif
    vec3 ambient = mix(ground_bounce, sky_top * 0.55 + sky_horizon * 0.45, n.z * 0.5 + 0.5) * open;
    if (bands > 0) sun = floor(sun * float(bands) + 0.5) / float(bands);
    vec3 colour = base * (ambient + sun_colour * sun);
#if LAMP
    vec3 to_lamp = lamp.xyz - world;
    float lamp2 = dot(to_lamp, to_lamp);
    float faced = 0.35 + 0.65 * max(dot(n, to_lamp) * inversesqrt(lamp2), 0.0);
    colour += base * vec3(1.5, 0.92, 0.42) * lamp.w * faced / (0.35 + lamp2);
#endif
    vec3 half_way = normalize(sun_direction + to_eye);
    float gloss = max(dot(n, half_way), 0.0);
    float rim = 1.0 - max(dot(n, to_eye), 0.0);
    float edge = rim * rim * rim;
    float g2 = gloss * gloss, g4 = g2 * g2, g8 = g4 * g4, g16 = g8 * g8, g32 = g16 * g16;
#if GROUND < 0 && SHINY == 0
    if (kind == 0) colour += sun_colour * 0.08 * g16 * sun;
#if WOOD
    if (kind == 1) colour += sun_colour * 0.12 * g32 * sun;
#endif
#if FELT
    if (kind == 4) colour += base * edge * (ambient * 0.9 + 0.15);
#endif
    if (kind == 6) colour = base * (0.9 + 1.2 * night);
#endif
#if SHINY == 1
    vec3 mirrored = sky(reflect(-to_eye, n));
    if (kind == 2) {
        colour = mix(colour * 0.75, base * mirrored * 1.5, 0.45) + edge * mirrored * 0.25;
        colour += sun_colour * 0.9 * g32 * g8 * sun;
    } else {
        alpha = clamp(0.62 + 0.36 * edge, 0.0, 1.0);
        colour = colour * 0.95 + mirrored * (0.06 + 0.6 * edge) + sun_colour * 1.3 * g32 * g32;
    }
#endif
#if GROUND == 2
    {
        vec3 mirrored = sky(reflect(-to_eye, n));
        float fresnel = 0.06 + 0.6 * edge;
        colour = mix(colour, mirrored, fresnel) + sun_colour * 0.5 * g32 * g16 * sun;
    }
#endif
    float distance_ = length(world - eye);
    float veil = 1.0 - exp(-max(distance_ - 5.0, 0.0) * haze);
    vec3 ray = -to_eye;
    colour = mix(colour, sky(normalize(vec3(ray.xy, max(ray.z, 0.0)))), veil);
    colour_out = vec4(finish(colour), alpha);
    fact_out = vec4(fact_.x * 64.0 + fact_.y, dot(world - eye, forward), 0.0, 1.0);
}
"""
)


def part_fragment(
    kind: str, occluders: int, *, ground: int = -1, wood: bool = False, felt: bool = False, lamp: bool = False
) -> str:
    """The program of "plain" or "shiny" things (metal, glass), or of the "ground" of a kind.

    occluders: how many spheres throw contact shadows. Grounds: 0 grass or snow, 1 dunes, 2 sea, 3 street,
    4 boards, 5 moon. wood, felt: whether plain things may be made of them. lamp: whether a small light shines.
    """
    names: dict[str, int] = {
        "GROUND": ground, "SHINY": kind == "shiny", "WOOD": wood, "FELT": felt, "LAMP": lamp,
        "OCCLUDERS": occluders,
    }  # fmt: skip
    return _defined(_PART_FRAGMENT, names)


def sky_fragment(*, stars: bool) -> str:
    """The program of the sky, with or without stars."""
    return _defined(_SKY_FRAGMENT, {"STARS": stars})


def _defined(source: str, names: dict[str, int]) -> str:
    return _VERSION + "".join(f"#define {name} {value:d}\n" for name, value in names.items()) + source
