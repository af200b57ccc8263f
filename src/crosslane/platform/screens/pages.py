"""The templates of an app, and how a page is made of them."""

import gzip
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from secrets import token_hex
from types import SimpleNamespace
from typing import Any

import msgspec
from babel import Locale
from jinja2 import Environment, FunctionLoader, StrictUndefined
from litestar import Response
from markupsafe import Markup

from crosslane.kernel import Refusal
from crosslane.platform.screens import drawing, mapping
from crosslane.platform.screens.answers import TOAST_COOKIE
from crosslane.platform.screens.assets import address_of, assets
from crosslane.platform.screens.viewer import Viewer
from crosslane.platform.screens.words import LANGUAGES, Shared, words_of
from crosslane.platform.screens.writing import filters_for
from crosslane.platform.web.pages import HTML
from crosslane.platform.web.routes import PUBLIC

OWN = files("crosslane.platform.screens")
# Later ones may use the parts of earlier ones.
PARTS = ("parts.html", "forms.html", "tables.html", "maps.html")
CHARTS = ("charts.html",)
WISH_BYTES = 16
SQUEEZED_ABOVE_BYTES = 1_400
SQUEEZED_LEVEL = 4


class Step(msgspec.Struct, frozen=True):
    """An entry of an app's navigation.

    Args:
        title: what it says, in the language of the source.
        path: where it leads; also of the pages below it.
        icon: name of its icon in the sprite.
        permission: who sees it.
        group: heading it stands under, "" for none.
    """

    title: str
    path: str
    icon: str
    permission: str
    group: str = ""


class Pages:
    """The pages of an app.

    Args:
        package: folder of the app, with ``templates`` and perhaps ``words``.
        title: name of the app, in the language of the source.
        navigation: where its menu leads.
        finds: where its search is sent to, "" for none.
        more: what all templates of the app are given besides.
    """

    def __init__(
        self,
        package: Traversable,
        *,
        title: str = "Crosslane",
        navigation: Sequence[Step] = (),
        finds: str = "",
        more: Mapping[str, Any] | None = None,
    ) -> None:
        self.title = title
        self.navigation = tuple(navigation)
        self.finds = finds
        self._folders = (package / "templates", OWN / "templates")
        words = tuple(folder / "words" for folder in (OWN, package))
        self._words = tuple(folder for folder in words if folder.is_dir())
        self._more = dict(more or {})
        self._environments = lru_cache(32)(self._environment)

    def answer(
        self, viewer: Viewer, template: str, *, status: int = 200, block: str = "", **told: Any
    ) -> Response[bytes]:
        """Return a page, or a part of it.

        Args:
            viewer: who looks.
            template: name of its file.
            status: HTTP status.
            block: the named block of the template that is wanted alone, "" for the whole page.
            told: what the template is given.
        """
        content = self.render(viewer, template, block=block, **told).encode()
        headers = {
            "Content-Security-Policy": policy(),
            # Without a referrer browsers would not tell where a form came from either.
            "Referrer-Policy": "same-origin",
            "Vary": "HX-Request, Cookie, Accept-Encoding",
        }
        if viewer.unpacks and len(content) > SQUEEZED_ABOVE_BYTES:
            content = gzip.compress(content, SQUEEZED_LEVEL, mtime=0)
            headers["Content-Encoding"] = "gzip"
        if viewer.toast and not block:
            headers["Set-Cookie"] = f"{TOAST_COOKIE}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
        return Response(content, status_code=status, media_type=HTML, headers=headers)

    def render(self, viewer: Viewer, template: str, *, block: str = "", **told: Any) -> str:
        """Return the HTML of a page or of one of its blocks."""
        environment = self._environments(str(viewer.locale), viewer.timezone)
        found = environment.get_template(template)
        context = {
            **self._more,
            "viewer": viewer,
            "app": self,
            "ui": _parts(environment, viewer, PARTS),
            "charts": _parts(environment, viewer, CHARTS),
            **told,
        }
        if not block:
            return found.render(context)
        return "".join(found.blocks[block](found.new_context(context)))

    def words(self, viewer: Viewer) -> Any:
        """Return the words of the app in the viewer's language."""
        return words_of((*Shared.folders, *self._words), viewer.language)

    def steps(self, viewer: Viewer) -> list[Step]:
        """Return the navigation as far as the viewer may go."""
        return [
            step
            for step in self.navigation
            if step.permission == PUBLIC or viewer.may(step.permission)
        ]

    def _environment(self, locale: str, timezone: str) -> Environment:
        """Make templates for a locale and time zone; what is written depends on nothing else.

        A refusal that is written anywhere on a page is told in the viewer's language.
        """
        viewer = Viewer(actor=None, locale=Locale.parse(locale), timezone=timezone)  # type: ignore[arg-type]
        words = self.words(viewer)

        def finalize(shown: Any) -> Any:
            return words.told(shown) if isinstance(shown, Refusal) else shown

        environment = Environment(
            loader=FunctionLoader(self._source),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            finalize=finalize,
        )
        environment.filters |= filters_for(viewer)
        environment.globals |= {
            "_": words,
            "plural": words.plural,
            "asset": address_of,
            "icon": icon,
            "draw": drawing,
            "maps": mapping,
            "languages": LANGUAGES,
            "wish_token": lambda: token_hex(WISH_BYTES),
        }
        return environment

    def _source(self, name: str) -> tuple[str, str, None] | None:
        for folder in self._folders:
            file = folder / name
            if file.is_file():
                return file.read_text(encoding="utf-8"), str(file), None
        return None


def policy() -> str:
    """Return what a page may load: what is ours, and tiles of maps where some are named."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' data: blob: {mapping.Tiles.origin}; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
        "media-src 'self' blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "report-uri /csp-reports"
    )


def _parts(environment: Environment, viewer: Viewer, names: Sequence[str]) -> SimpleNamespace:
    """Return the macros pages are made of, for a viewer."""
    parts: dict[str, Any] = {}
    for name in names:
        module = environment.get_template(name).make_module({**parts, "viewer": viewer})
        parts |= {each: made for each, made in vars(module).items() if not each.startswith("_")}
    return SimpleNamespace(**parts)


@lru_cache
def icons() -> frozenset[str]:
    """Return the names of the icons there are."""
    return frozenset(re.findall(r'<symbol id="([\w-]+)"', assets()["icons.svg"].content.decode()))


@lru_cache(1_024)
def icon(name: str, title: str = "") -> Markup:
    """Return an icon of the sprite; with a title it is read out, without it is decoration.

    Raises:
        LookupError: the sprite has none of that name.
    """
    if name not in icons():
        raise LookupError(f"no icon is called {name}")
    said = (
        Markup('role="img" aria-label="{}"').format(title)
        if title
        else Markup('aria-hidden="true"')
    )
    return Markup('<svg class="icon" {}><use href="{}#{}"/></svg>').format(
        said, address_of("icons.svg"), name
    )
