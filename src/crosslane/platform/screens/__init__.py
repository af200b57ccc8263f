'''Pages for people: one way to declare, render and answer them, and the parts they are made of.

A page of an app is a function beside its template::

    """Orders of the office."""

    from crosslane.apps.office.frame import PAGES, view
    from crosslane.platform.screens import Form, form, page, see_other

    @page("/office/orders/{number}", permission="orders:read")
    async def show_order(caller: Caller, request: Request, number: str) -> Response:
        """Show an order to the office."""
        async with caller.read() as tx:
            viewer = await view(tx, caller, request)
            order = await orders.order_view(tx, number)
        return PAGES.answer(viewer, "order.html", order=order)

    @form("/office/orders/{number}/cancellation", permission="orders:cancel", command=CANCEL)
    async def cancel_order(
        caller: Caller, request: Request, number: str, data: bytes
    ) -> Response:
        """Cancel what is chosen of an order."""
        fields = read_form(data)
        ...
        try:
            await caller.submit(CANCEL, wish)
        except Refusal as refusal:                      # the form again, filled in, with the reason
            return PAGES.answer(viewer, "cancel.html", status=422, refusal=refusal, fields=fields)
        return see_other(f"/office/orders/{number}", toast=viewer.words("Cancelled."))

A form with a file is declared by ``@upload(..., bytes_max=...)``, takes ``data: Form`` that is read
already, and finds the file by ``data.file("picture")``. Where the file may be larger than memory,
it takes ``data: Arriving`` and reads ``await data.form()``: the fields that stand before the file,
then the file while it arrives.

Rules: a page is shown whole without scripts; a part that htmx replaces is a named block of the same
template (``PAGES.answer(..., block="rows")`` when ``viewer.fragment``). Every form carries
``{{ ui.wish() }}``, so that sending it twice does it once. A form that was sent is answered by
:func:`see_other`, or shown again with status 422. What people read is written ``_("…")`` and has
German words in ``words/de*.po`` of the app. A refusal is written as it is, ``{{ refusal }}``: its
message has German words in ``words/de.po`` of the module that refuses. Money, numbers and times
are written by filters (``money``, ``number``, ``compact``, ``percent``, ``day``, ``moment``,
``clock``, ``ago``, and ``there`` for the clocks of another place). No inline script or style: the
policy of every page forbids them.

Nouns: :class:`Viewer` (who looks, and how: language, time zone, theme, density, permissions),
:class:`Pages` (the templates of an app), :class:`Step` (an entry of its navigation).
'''

from crosslane.platform.screens.answers import form, page, see_other, upload
from crosslane.platform.screens.assets import content_of
from crosslane.platform.screens.mapping import Pin, use_tiles
from crosslane.platform.screens.pages import Pages, Step, icons
from crosslane.platform.screens.routes import ROUTES
from crosslane.platform.screens.viewer import Look, Viewer, look_of, viewer_of
from crosslane.platform.screens.words import LANGUAGES, Words, use_words
from crosslane.platform.web.form import FORM, UPLOAD, File, Form, read_form

__all__ = [
    "FORM",
    "LANGUAGES",
    "ROUTES",
    "UPLOAD",
    "File",
    "Form",
    "Look",
    "Pages",
    "Pin",
    "Step",
    "Viewer",
    "Words",
    "content_of",
    "form",
    "icons",
    "look_of",
    "page",
    "read_form",
    "see_other",
    "upload",
    "use_tiles",
    "use_words",
    "viewer_of",
]
