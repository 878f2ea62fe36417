"""What the pictures of surfaces are drawn with: boxes and texts, twice as large as they are shown."""

from __future__ import annotations

from PIL import Image, ImageColor, ImageDraw, ImageFont

Box = tuple[float, float, float, float]
"""Left, top, width, height in pixels."""
Color = tuple[int, int, int]
SCALE = 2
INK = (240, 240, 240)


class Sheet:
    """A picture that is being drawn, in pixels of the surface."""

    def __init__(self, width: int, height: int, ground: Color) -> None:
        self.image = Image.new("RGB", (width * SCALE, height * SCALE), ground)
        self._draw = ImageDraw.Draw(self.image)

    def box(self, box: Box, fill: Color | None = None, line: Color | None = None, corner: float = 0) -> None:
        x, y, width, height = (SCALE * side for side in box)
        if width > 1 and height > 1:
            at = (x, y, x + width - 1, y + height - 1)
            self._draw.rounded_rectangle(at, SCALE * corner, fill, line, SCALE if line else 0)

    def line(self, start: tuple[float, float], end: tuple[float, float], color: Color, width: float = 1) -> None:
        points = [(SCALE * x, SCALE * y) for x, y in (start, end)]
        self._draw.line(points, color, round(SCALE * width))

    def circle(self, middle: tuple[float, float], radius: float, fill: Color) -> None:
        x, y, radius = SCALE * middle[0], SCALE * middle[1], SCALE * radius
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill)

    def text(self, box: Box, words: str, size: float, color: Color = INK, align: str = "center") -> None:
        """Words in the middle of a box, in as many lines as fit; what is too long ends with three dots."""
        x, y, width, height = box
        font = ImageFont.load_default(size * SCALE)
        lines = self._wrapped(words, font, (width - 8) * SCALE, max(1, int(height / (size * 1.25))))
        step = size * 1.25
        top = y + (height - step * len(lines)) / 2 + step / 2
        anchor, left = {"left": ("lm", x + 4), "right": ("rm", x + width - 4)}.get(align, ("mm", x + width / 2))
        for place, line in enumerate(lines):
            self._draw.text((left * SCALE, (top + place * step) * SCALE), line, color, font, anchor=anchor)

    def picture(self) -> Image.Image:
        """It, in its own size."""
        return self.image.resize((self.image.width // SCALE, self.image.height // SCALE), Image.Resampling.LANCZOS)

    def _wrapped(
        self, words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float, most: int
    ) -> list[str]:
        lines = [""]
        for word in words.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self._draw.textlength(longer, font) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        kept = lines[:most]
        if len(lines) > most:
            kept[-1] += " ..."
        while kept and self._draw.textlength(kept[-1], font) > width and len(kept[-1]) > 4:
            kept[-1] = kept[-1].removesuffix(" ...")[:-2] + " ..."
        return kept


def color_of(text: str) -> Color:
    """#rrggbb as three numbers of 0 to 255."""
    red, green, blue, *_ = ImageColor.getrgb(text)
    return red, green, blue


def mixed(color: Color, ground: Color, share: float) -> Color:
    """So much of the colour, the rest of the ground."""
    red, green, blue = (round(a * share + b * (1 - share)) for a, b in zip(color, ground, strict=True))
    return red, green, blue
