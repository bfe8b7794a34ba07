"""The wall and the figures in a browser, on a page without Streamlit: what is drawn, and what a download holds."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from alignlab.ui import colours, frontend_build
from alignlab.ui.map_codes import encode
from alignlab.variables import VARIABLES

pytestmark = pytest.mark.browser

N, N_OVERLAY, N_MISSING = 600, 2, 90
LIGHT = {"background": "#ffffff", "text": "#16202c", "accent": "#b3125a", "dark": False}
DARK = {"background": "#0f141a", "text": "#e6ebf2", "accent": "#ff6fae", "dark": True}


def scene(theme: dict[str, Any], *, version: str = "1") -> dict[str, Any]:
    """A map of one disc in the protocol's form: values rise from left to right, a part of them is missing."""
    rng = np.random.default_rng(3)
    n_rows = N + N_OVERLAY
    angle, radius = rng.uniform(0, 2 * np.pi, n_rows), np.sqrt(rng.random(n_rows))
    x, y = (radius * np.cos(angle)).astype(np.float32), (radius * np.sin(angle)).astype(np.float32)
    columns: dict[str, Any] = {"x": _column(x), "y": _column(y), "source_class": _column(np.zeros(n_rows, np.uint8))}
    columns["name"] = [*(f"SIM J{k:06d}" for k in range(N)), "3C <273>", "DG Tau & co"]
    described = []
    for variable in VARIABLES:
        values = x.astype(float) if variable.diverging else 10.0 ** (1.5 + 1.5 * x)
        values[:N_MISSING] = np.nan if variable.from_fit else values[:N_MISSING]
        codes = encode(values)
        columns[variable.name] = _column(codes.codes)
        stretch = "linear" if variable.scale == "linear" else "log"
        described.append(
            {"name": variable.name, "label": variable.label, "unit": variable.display_unit, "wall": True}
            | {"description": variable.description, "diverging": variable.diverging, "stretch": stretch}
            | {"softening": codes.softening, "low": codes.low, "high": codes.high}
        )
    described.append({**described[0], "name": "counts", "label": "counts", "wall": False})
    columns["counts"] = columns[VARIABLES[0].name]
    palettes = {}
    for shade in ("light", "dark"):
        for name in ("cividis", "batlow", "diverging"):
            palettes[f"{name}_{shade}"] = "".join(colours.scale(name, shade))
        palettes[f"missing_{shade}"] = colours.missing_colour(shade)
    palettes = {name: packed.replace("#", "") for name, packed in palettes.items()}
    meta = {
        "version": version,
        "title": "both · UMAP",
        "n": N,
        "variables": described,
        "categories": [{"name": "source_class", "label": "class", "values": ["AGN"]}],
        "overlays": [{"survey": "real (observed)", "start": N, "stop": n_rows}],
        "palettes": palettes,
        "caption": "survey test (simulated) · run paper-7f3a · both · UMAP · n 600 · alignlab",
    }
    return {"meta": meta, "columns": columns, "theme": theme}


def _column(values: np.ndarray) -> list[str]:
    return [str(values.dtype), base64.b64encode(values.tobytes()).decode()]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The harness and the PDF writer, bundled."""
    if not frontend_build.is_current():
        frontend_build.build()
    out = tmp_path_factory.mktemp("harness") / "harness.js"
    node = frontend_build.find_node().node
    program = frontend_build.FRONTEND / "node_modules" / "esbuild" / "bin" / "esbuild"
    arguments = [str(Path(__file__).with_name("pictures_harness.js")), "--bundle", "--format=esm", "--log-level=error"]
    runner = [] if _is_native(program) else list(node)
    command = [*runner, str(program), *arguments, "--loader:.css=text", f"--outfile={out}"]
    subprocess.run(command, check=True, cwd=frontend_build.FRONTEND)
    return out.read_text(), frontend_build.read_bundle("pdf")


def _is_native(program: Path) -> bool:
    """Whether npm put the program itself in place of the script that finds it."""
    return not program.read_bytes()[:20].startswith(b"#!")


@pytest.fixture
def open_page(browser: Browser, scripts: tuple[str, str]) -> Iterator[Callable[..., Page]]:
    opened, problems = [], []

    def open_(theme: dict[str, Any], width: int = 1000, *, pdf: bool = True) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900})
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        names = {"background": "background", "text": "text", "accent": "primary"}
        style = ";".join(f"--st-{names[key]}-color:{theme[key]}" for key in names)
        page.set_content(f'<body style="margin: 12px; background: {theme["background"]}; {style}"></body>')
        page.add_script_tag(content=scripts[0], type="module")
        page.wait_for_function("() => Boolean(window.harness)")
        page.evaluate("data => { window.scene = harness.readScene(data); }", scene(theme))
        if pdf:  # as the app does: handed over when it is asked for
            page.evaluate(
                """source => window.addEventListener("alignlab:need-pdf", () => {
                     const script = document.createElement("script");
                     [script.type, script.textContent] = ["module", source];
                     document.head.append(script);
                   })""",
                scripts[1],
            )
        return page

    yield open_
    assert problems == []
    for context in opened:
        context.close()


def show_wall(page: Page, changes: str = "{}") -> None:
    page.evaluate(
        f"""() => {{
          window.wall ??= new harness.Wall({{
            onEnlarge: (name) => {{ window.enlarged = name; }}, onHover: (row) => {{ window.hovered = row; }} }});
          if (!wall.node.isConnected) document.body.append(wall.node);
          wall.show({{ ...scene, ...({changes}) }});
        }}"""
    )
    page.wait_for_selector(".al-wall[data-drawn]")


def pixels(page: Page, name: str) -> np.ndarray:
    """Colours of one picture of the wall, shape (height, width, 4)."""
    width, height, data = page.evaluate(
        """name => {
          const canvas = document.querySelector(`[data-name="${name}"] canvas`);
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let binary = "";
          for (let i = 0; i < data.length; i += 8192) binary += String.fromCharCode(...data.subarray(i, i + 8192));
          return [canvas.width, canvas.height, btoa(binary)];
        }""",
        name,
    )
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_wall_has_every_variable_with_unit_count_and_scale(open_page, theme):
    page = open_page(theme)
    show_wall(page)
    tiles = page.locator(".al-wall-tile")
    assert tiles.count() == len(VARIABLES)
    for variable in VARIABLES:
        tile = page.locator(f'[data-name="{variable.name}"]')
        text = tile.inner_text()
        assert tile.get_attribute("aria-label") == f"Enlarge {variable.label}"
        assert variable.label in text
        assert variable.display_unit in text
        assert f"n {N - N_MISSING if variable.from_fit else N}" in text
        assert len(re.findall(r"[\d.]+", " ".join(tile.locator(".al-wall-scale").all_inner_texts()))) >= 2
    tops = {round(tiles.nth(k).bounding_box()["y"]) for k in range(len(VARIABLES))}
    assert len(tops) == 4
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_pictures_show_low_left_high_right_and_missing_grey(open_page):
    page = open_page(LIGHT)
    show_wall(page)
    picture = pixels(page, "powlaw_nh").astype(int)
    drawn = picture[..., 3] == 255
    assert 0.02 < drawn.mean() < 0.9
    columns = np.arange(picture.shape[1])
    yellowness = np.where(drawn, picture[..., 0] + picture[..., 1] - 2 * picture[..., 2], 0)
    left, right = (yellowness[:, part].sum() for part in (columns < 150, columns >= 150))
    assert right > left + 1000
    grey = tuple(int(colours.missing_colour("light").lstrip("#")[k : k + 2], 16) for k in (0, 2, 4))
    assert (picture[..., :3] == grey).all(-1).any()


def test_selected_and_filtered_points_fade(open_page):
    page = open_page(LIGHT)
    show_wall(page)
    before = pixels(page, "hard_hs").astype(int)
    show_wall(page, "{ selected: [0, 1, 2] }")
    faded = pixels(page, "hard_hs").astype(int)
    inside = (before[..., 3] == 255) & (faded[..., 3] == 255)
    assert faded[inside][:, :3].mean() > before[inside][:, :3].mean() + 40
    assert "faded: not selected" in page.inner_text(".al-wall-head")
    show_wall(page, "{ passing: new Uint8Array(600).fill(1) }")
    # Chromium smooths the diamonds in another way once a canvas has been read.
    assert (pixels(page, "hard_hs") != before).any(-1).mean() < 0.01
    show_wall(page, "{ selected: [] }")
    assert "faded" not in page.inner_text(".al-wall-head")


def test_one_click_or_key_enlarges(open_page):
    page = open_page(LIGHT)
    show_wall(page)
    page.get_by_role("button", name="Enlarge photon index Γ").click()
    assert page.evaluate("window.enlarged") == "powlaw_gamma"
    page.focus('[data-name="hard_hs"]')
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("window.enlarged") == VARIABLES[1].name


def test_the_pointer_rings_a_source_in_every_picture_and_reads_its_values(open_page):
    page = open_page(LIGHT)
    show_wall(page)
    box = page.locator('[data-name="hard_hs"] canvas').bounding_box()
    for k in range(40):
        page.mouse.move(box["x"] + box["width"] * (0.3 + 0.01 * k), box["y"] + box["height"] * 0.5)
        page.wait_for_timeout(40)
        if page.evaluate("Number.isInteger(window.hovered)"):
            break
    row = page.evaluate("window.hovered")
    assert page.locator(".al-wall-ring:visible").count() == len(VARIABLES)
    name = scene(LIGHT)["columns"]["name"][row]
    assert name in page.inner_text(".al-wall-head")
    assert re.fullmatch(r"−?[\d.]+\s*", page.inner_text('[data-name="hard_hs"] .al-wall-facts'))
    page.mouse.move(0, 0)
    page.wait_for_function("() => window.hovered === null")
    assert "n 600" in page.inner_text(".al-wall-head")


def test_fewer_columns_on_a_narrow_page(open_page):
    page = open_page(LIGHT, 560)
    show_wall(page)
    tiles = page.locator(".al-wall-tile")
    assert len({round(tiles.nth(k).bounding_box()["x"]) for k in range(20)}) == 3
    page.set_viewport_size({"width": 1000, "height": 900})
    page.wait_for_timeout(200)
    page.wait_for_selector(".al-wall[data-drawn]")
    ratio = page.evaluate(
        "() => { const c = document.querySelector('.al-wall canvas'); return c.width / c.clientWidth; }"
    )
    assert ratio == 2


def download(page: Page, kind: str, changes: str = "{}") -> bytes:
    with page.expect_download() as found:
        page.evaluate(
            f"kind => harness.exportFigure(kind, harness.pictureOf({{ ...scene, ...({changes}) }}, 'powlaw_nh'))", kind
        )
    assert found.value.suggested_filename == f"alignlab-figure.{kind}"
    return found.value.path().read_bytes()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_png_is_2400_wide_and_full_of_points(open_page, theme):
    data = download(open_page(theme), "png")
    picture = Image.open(io.BytesIO(data))
    assert (picture.format, picture.width) == ("PNG", 2400)
    assert 1200 < picture.height < 3200
    image = np.asarray(picture)
    ground = [int(theme["background"][k : k + 2], 16) for k in (1, 3, 5)]
    assert list(image[3, 3, :3]) == ground
    assert 0.01 < (image[..., :3] != ground).any(-1).mean() < 0.7


def test_an_svg_is_xml_with_circles_names_and_legend(open_page):
    root = ET.fromstring(download(open_page(LIGHT), "svg"))
    names = {"svg": "http://www.w3.org/2000/svg"}
    texts = ["".join(text.itertext()) for text in root.iterfind(".//svg:text", names)]
    for words in ("both · UMAP", "N_H (power law) ×1e20 cm⁻²", "3C <273>", "DG Tau & co", "real (observed), n = 2"):
        assert words in texts
    assert f"missing (n = {N_MISSING})" in texts
    assert any("alignlab" in text for text in texts)
    filled = [circle for circle in root.iterfind(".//svg:circle", names) if circle.get("fill") != "none"]
    assert len(filled) == N + 1
    ticks = [float(text.replace(",", "")) for text in texts if re.fullmatch(r"[\d.,]+", text)]
    assert len(ticks) >= 3
    assert ticks == sorted(ticks)


def test_a_pdf_comes_on_demand_with_title_and_words(open_page):
    data = download(open_page(LIGHT), "pdf", "{ selected: [1, 2, 3] }")
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    assert b"FontFile2" in data or b"/Type0" in data
    streams = [_inflate(part) for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)]
    drawn = max(streams, key=lambda stream: stream.count(b" Tj"))
    assert drawn.count(b" Tj") > 10
    assert len(re.findall(rb"(?:^[-\d. ]+ c\s+){4}f$", drawn, re.MULTILINE)) == N + 1


def _inflate(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


def test_a_pdf_that_does_not_come_is_said(open_page):
    page = open_page(LIGHT, pdf=False)
    message = page.evaluate(
        """async () => {
          const wait = window.setTimeout;
          window.setTimeout = (work, delay, ...rest) => wait(work, delay === 20000 ? 20 : delay, ...rest);
          const picture = harness.pictureOf(scene, "hard_hs");
          return harness.exportFigure("pdf", picture).then(() => "", (error) => error.message);
        }"""
    )
    assert "PNG or SVG" in message
