"""What the kept file does not hold: nothing of true duplicates, something of all others."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps
from PIL.Image import Resampling, Transpose

from lookalike.decode import decode_frames
from lookalike.duplicates.lost_pixels import LostPixels, find_lost_pixels, pixels_lost
from lookalike.errors import PictureError
from tests.conftest import busy

SIZE = (640, 480)
Change = Callable[[Image.Image], Image.Image]


def encode(image: Image.Image, format_name: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **({"quality": 92} if format_name == "JPEG" else {}) | options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def photo(seed: int = 1, grain: float = 4, size: tuple[int, int] = SIZE) -> Image.Image:
    """Shapes as a lens shows them, with a sensor's noise of its own."""
    noise = np.random.default_rng(seed + 100).normal(0, grain, (*size[::-1], 3))
    smooth = busy(1, size).filter(ImageFilter.GaussianBlur(1.0))
    noisy = cv2.GaussianBlur(noise, (0, 0), 0.6) * 1.6 + np.asarray(smooth)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def page(text: str = "Total: 1,234.50", seed: int | None = None) -> Image.Image:
    """A page with lines of text of which one is given; with a seed, scanned with its grain."""
    image = Image.new("RGB", (800, 600), "white")
    draw = ImageDraw.Draw(image)
    for line in range(12):
        draw.text((40, 30 + 46 * line), f"{line} thank you for your order", fill=0, font_size=30)
    draw.text((460, 260), text, fill=0, font_size=30)
    if seed is None:
        return image
    scanned = np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)), np.float32) * 0.9 + 12
    scanned += np.random.default_rng(seed).normal(0, 3, scanned.shape[:2])[..., None]
    return Image.fromarray(scanned.clip(0, 255).astype(np.uint8))


def changed(image: Image.Image, draw: Callable[[ImageDraw.ImageDraw], None]) -> Image.Image:
    copy = image.copy()
    draw(ImageDraw.Draw(copy))
    return copy


def lost(kept: Image.Image, other: Image.Image, quality: int = 75) -> LostPixels:
    return find_lost_pixels(encode(kept), encode(other, quality=quality))


def meets(box: tuple[int, ...], place: tuple[int, ...]) -> bool:
    return all(
        box[k] < place[k] + place[k + 2] and place[k] < box[k] + box[k + 2] for k in range(2)
    )


# --- what goes --------------------------------------------------------------------------------


@pytest.mark.parametrize("grain", [0, 3, 8, 20])
@pytest.mark.parametrize(("quality", "subsampling"), [(70, 2), (80, 0), (95, 2)])
def test_a_resaved_photo_is_held(grain: float, quality: int, subsampling: int) -> None:
    kept = encode(photo(grain=grain))
    other = encode(opened(kept), quality=quality, subsampling=subsampling)
    assert pixels_lost(kept, other) == ""


@pytest.mark.parametrize(("format_name", "quality"), [("WEBP", 80), ("HEIF", 70), ("AVIF", 75)])
def test_a_photo_in_another_format_is_held(format_name: str, quality: int) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    kept = encode(photo())
    assert pixels_lost(kept, encode(opened(kept), format_name, quality=quality)) == ""


def test_a_photo_saved_three_times_is_held() -> None:
    kept = data = encode(photo())
    for quality in (85, 75, 90):
        data = encode(opened(data), quality=quality)
    assert pixels_lost(kept, data) == ""


@pytest.mark.parametrize("image", [photo(), page(), page(seed=1), busy(3, SIZE)])
def test_a_jpeg_of_a_lossless_picture_is_held(image: Image.Image) -> None:
    assert pixels_lost(encode(image, "PNG"), encode(image, quality=80)) == ""


@pytest.mark.parametrize("kernel", list(Resampling))
@pytest.mark.parametrize("size", [(320, 240), (450, 338), (213, 160)])
def test_a_smaller_copy_is_held(kernel: Resampling, size: tuple[int, int]) -> None:
    kept = encode(photo())
    assert pixels_lost(kept, encode(opened(kept).resize(size, kernel), quality=85)) == ""


@pytest.mark.parametrize("kernel", [cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
def test_a_copy_reduced_by_opencv_is_held(kernel: int) -> None:
    kept = encode(photo())
    small = cv2.resize(np.asarray(opened(kept)), (320, 240), interpolation=kernel)
    assert pixels_lost(kept, encode(Image.fromarray(small), quality=85)) == ""


def test_an_enlarged_copy_is_held() -> None:
    kept = encode(photo())
    large = opened(kept).resize((960, 720), Resampling.BICUBIC)
    assert pixels_lost(kept, encode(large, quality=85)) == ""


def test_a_thumbnail_is_held() -> None:
    kept = encode(photo(size=(1600, 1200)))
    with Image.open(io.BytesIO(kept)) as image:
        image.thumbnail((200, 200))  # decodes a reduced JPEG first
        assert pixels_lost(kept, encode(image, quality=80)) == ""


def test_the_same_bytes_and_the_same_pixels_are_held() -> None:
    image = photo()
    assert pixels_lost(encode(image), encode(image)) == ""
    assert pixels_lost(encode(image, "PNG"), encode(image, "BMP")) == ""


def test_a_tiny_picture_is_held() -> None:
    kept = photo(size=(40, 30))
    assert pixels_lost(encode(kept, "PNG"), encode(kept, quality=85)) == ""
    one = Image.new("RGB", (1, 1), "red")
    assert pixels_lost(encode(one, "PNG"), encode(one, "BMP")) == ""


# --- what differs in a place ------------------------------------------------------------------


@pytest.mark.parametrize("seed", [None, 1])
@pytest.mark.parametrize("text", ["Total: 1,234.60", "Total: 1,284.50", "Total: 1.234.50"])
@pytest.mark.parametrize("scale", [1, 2])
def test_a_changed_digit_or_comma_stays(text: str, seed: int | None, scale: int) -> None:
    other = page(text, seed)
    other = other.resize((other.width // scale, other.height // scale), Resampling.LANCZOS)
    found = lost(page(seed=seed), other)
    assert found.reason == "it differs at 1 place"
    assert meets(found.boxes[0], tuple(side // scale for side in (460, 260, 240, 46)))


def _tick(draw: ImageDraw.ImageDraw) -> None:
    draw.line((700, 66, 706, 74, 718, 60), fill=(90, 90, 90), width=2)


def test_a_tick_stays() -> None:
    found = lost(page(seed=1), changed(page(seed=1), _tick))
    assert found.reason == "it differs at 1 place"
    assert lost(changed(page(seed=1), _tick), page(seed=1)).reason == "it differs at 1 place"


@pytest.mark.parametrize("grain", [2, 8, 16])
@pytest.mark.parametrize(
    ("what", "place"),
    [
        (lambda d: d.rectangle((300, 200, 313, 249), fill=(90, 60, 50)), (300, 200, 14, 50)),
        (lambda d: d.line((100, 100, 300, 220), fill=(30, 30, 30)), (100, 100, 201, 121)),
        (lambda d: d.text((560, 460), "10:15", fill="orange", font_size=14), (560, 460, 40, 16)),
    ],
    ids=["person", "line", "clock"],
)
def test_a_small_addition_stays(
    grain: float, what: Callable[[ImageDraw.ImageDraw], None], place: tuple[int, ...]
) -> None:
    found = lost(photo(grain=grain), changed(photo(grain=grain), what), 85)
    assert found.reason.startswith("it differs at")
    assert meets(found.boxes[0], place)


def test_a_removed_blemish_stays() -> None:
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    spot = np.exp(-((columns - 300) ** 2 + (rows - 200) ** 2) / (2 * 4**2))[..., None] * 30
    healed = (np.asarray(photo(grain=3)) + spot).clip(0, 255).astype(np.uint8)
    assert lost(photo(grain=3), Image.fromarray(healed)).reason == "it differs at 1 place"


def test_a_blurred_face_stays_both_ways() -> None:
    box = (200, 150, 280, 250)
    blurred = photo()
    blurred.paste(blurred.crop(box).filter(ImageFilter.GaussianBlur(6)), box[:2])
    for pair in ((photo(), blurred), (blurred, photo())):
        assert meets(lost(*pair).boxes[0], (200, 150, 80, 100))


def test_another_colour_of_the_same_brightness_stays() -> None:
    def lamp(colour: tuple[int, int, int]) -> Image.Image:
        return changed(photo(), lambda d: d.ellipse((300, 200, 312, 212), fill=colour))

    assert lost(lamp((200, 40, 40)), lamp((0, 125, 60))).reason == "it differs at 1 place"


def test_a_line_of_a_chart_in_another_colour_stays() -> None:
    def chart(colour: tuple[int, int, int]) -> Image.Image:
        lines = [(40 * k, 240 + 8 * (k % 5) - 60 * (k % 3)) for k in range(16)]
        return changed(Image.new("RGB", SIZE, "white"), lambda d: d.line(lines, colour, 3))

    assert lost(chart((200, 40, 40)), chart((40, 110, 60))).reason.startswith("it differs at")


def test_a_mark_in_a_lossless_drawing_stays_though_faint() -> None:
    mark = changed(page(), lambda d: d.text((500, 400), "DRAFT", fill=(250,) * 3, font_size=60))
    found = find_lost_pixels(encode(page(), "PNG"), encode(mark, "BMP"))
    assert found.reason == "it differs at 1 place"
    assert meets(found.boxes[0], (500, 400, 200, 60))


# --- what differs as a whole ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (ImageOps.mirror, "it is mirrored"),
        (ImageOps.flip, "it is upside down"),
        (lambda im: im.transpose(Transpose.ROTATE_180), "it is turned by 180 degrees"),
        (lambda im: im.transpose(Transpose.ROTATE_90), "it is turned by 90 degrees"),
        (lambda im: im.transpose(Transpose.TRANSPOSE), "it is mirrored and turned"),
        (lambda im: ImageOps.grayscale(im).convert("RGB"), "it is black and white"),
        (ImageOps.invert, "it is a negative"),
        (lambda im: im.point(lambda v: v * 0.9), "its colours or its brightness were changed"),
        (lambda im: im.filter(ImageFilter.GaussianBlur(2)), "it is blurred"),
        (lambda im: im.crop((64, 48, 576, 432)).resize(SIZE), "it is a crop"),
        (lambda im: im.crop((64, 48, 576, 432)), "it is a crop"),
        (lambda im: im.crop((0, 0, 500, 480)), "it is a crop, or stretched"),
        (lambda im: ImageOps.expand(im, (64, 48), "white"), "it shows more"),
    ],
)
def test_a_change_of_the_whole_stays_and_is_named(change: Change, reason: str) -> None:
    found = lost(photo(), change(photo()), 85)
    assert found == LostPixels(reason)


@pytest.mark.parametrize(
    "change",
    [
        lambda im: im.resize(SIZE, Resampling.BICUBIC, (3, 2, 637, 478)),
        lambda im: im.resize(SIZE, Resampling.BICUBIC, (6, 5, 634, 475)),
        lambda im: im.transform(SIZE, Image.Transform.AFFINE, (1, 0, 1, 0, 1, 0)),
        lambda im: im.transform(
            SIZE, Image.Transform.AFFINE, (1, 0, 0.5, 0, 1, 0), Resampling.BICUBIC
        ),
        lambda im: im.point(lambda v: v * 0.97),
    ],
    ids=["crop1", "crop2", "shift", "half a pixel", "darker"],
)
def test_a_slight_change_of_the_whole_stays(change: Change) -> None:
    assert lost(photo(), change(photo())).reason


def test_another_shot_of_the_same_scene_stays() -> None:
    for grain in (4, 8, 16):
        assert lost(photo(seed=1, grain=grain), photo(seed=2, grain=grain), 90).reason


def test_a_sharper_or_less_compressed_picture_stays() -> None:
    sharp = busy(4, SIZE)
    soft = sharp.resize((320, 240), Resampling.LANCZOS).resize(SIZE, Resampling.BICUBIC)
    assert lost(soft, sharp).reason.startswith("it has more detail (640 x 480, ")
    assert lost(sharp.resize((320, 240)), sharp).reason.startswith("it has more detail (640 x 480")
    kept, other = encode(photo(grain=8), quality=40), encode(photo(grain=8), quality=97)
    assert pixels_lost(kept, other)


# --- all that a file holds --------------------------------------------------------------------


def tiff(*pages: Image.Image) -> bytes:
    first, *rest = [
        image.copy() for image in pages
    ]  # saving as JPEG leaves its options in a picture
    options = {"save_all": True, "append_images": rest, "compression": "tiff_deflate"}
    return encode(first, "TIFF", **options)


def test_every_page_counts() -> None:
    pages = [page(f"Page {n}") for n in range(5)]
    whole = tiff(*pages)
    assert pixels_lost(whole, tiff(*pages[:3])) == ""
    assert pixels_lost(whole, encode(pages[0])) == ""
    assert pixels_lost(whole, encode(pages[3])) == ""
    assert pixels_lost(encode(pages[0], "PNG"), whole) == "it has 4 more pages"
    assert pixels_lost(tiff(*pages[:4]), whole) == "it has 1 more page"
    found = find_lost_pixels(whole, tiff(*pages[:2], page("Page 8"), *pages[3:]))
    assert found.reason == "it differs at 1 place on page 3"
    assert meets(found.boxes[0], (460, 260, 240, 46))


def test_every_frame_counts() -> None:
    def animation(*frames: Image.Image) -> bytes:
        return encode(
            frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True, quality=0
        )

    frames = [busy(k, (160, 120)) for k in range(4)]
    dot = changed(frames[2], lambda d: d.rectangle((60, 60, 66, 66), fill="red"))
    assert pixels_lost(animation(*frames), encode(frames[0], "PNG")) == ""
    assert pixels_lost(encode(frames[0], "PNG"), animation(*frames)) == "it has 3 more frames"
    reason = pixels_lost(animation(*frames), animation(*frames[:2], dot, frames[3]))
    assert reason == "it differs at 1 place on frame 3"


def test_transparency_counts() -> None:
    logo = Image.new("RGBA", (300, 200), (255, 255, 255, 0))
    ImageDraw.Draw(logo).text((20, 40), "Acorn", "white", ImageFont.load_default(90))
    other = Image.new("RGBA", (300, 200), (255, 255, 255, 0))
    ImageDraw.Draw(other).text((20, 40), "Beech", "white", ImageFont.load_default(90))
    assert pixels_lost(encode(logo, "PNG"), encode(other, "PNG"))
    assert pixels_lost(encode(logo, "PNG"), encode(logo, "WEBP", lossless=True)) == ""
    black = Image.alpha_composite(Image.new("RGBA", logo.size, "black"), logo).convert("RGB")
    assert pixels_lost(encode(black, "PNG"), encode(logo, "PNG")) == "it is transparent"
    assert pixels_lost(encode(logo, "PNG"), encode(black, quality=90)) == ""
    fainter = logo.copy()
    fainter.putalpha(logo.getchannel("A").point(lambda v: v * 0.8))
    assert pixels_lost(encode(logo, "PNG"), encode(fainter, "PNG"))


def test_bits_beyond_eight_count() -> None:
    ramp = np.linspace(0, 65535, 300 * 200).reshape(200, 300).astype(np.uint16)
    deep = encode(Image.fromarray(ramp), "PNG")
    if next(decode_frames(deep)).dtype != np.uint16:
        pytest.fail("16 bits are not decoded")
    flat = encode(Image.fromarray((ramp >> 8).astype(np.uint8)), "PNG")
    noisy = encode(Image.fromarray(ramp ^ 1), "PNG")
    assert pixels_lost(deep, encode(Image.fromarray(ramp), "TIFF")) == ""
    assert pixels_lost(deep, flat) == ""
    assert pixels_lost(flat, deep) == "it has 16 bits a channel"
    assert pixels_lost(deep, noisy) == "it differs in the bits beyond 8"


def test_a_damaged_file_is_refused() -> None:
    good = encode(photo())
    for bad in (b"", b"no picture", good[: len(good) // 2]):
        with pytest.raises(PictureError):
            pixels_lost(good, bad)
        with pytest.raises(PictureError):
            pixels_lost(bad, good)


def test_many_places_are_counted_and_not_all_listed() -> None:
    def dots(draw: ImageDraw.ImageDraw) -> None:
        for x in range(20, 1600, 80):
            for y in range(20, 600, 80):
                draw.rectangle((x, y, x + 3, y + 3), fill="black")

    white = Image.new("RGB", (1600, 600), "white")
    found = lost(white, changed(white, dots), 90)
    assert found.reason == "it differs at 160 places"
    assert len(found.boxes) == 100
