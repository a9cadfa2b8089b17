"""A reader with a screen: opens pages and notes everything that is wrong with them.

Belongs here: what counts as a fault of any page. Does not belong here: what a certain page should show.
"""

from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, ViewportSize

Scheme = Literal["light", "dark"]
Size = Literal["phone", "desktop"]
SIZES: dict[Size, ViewportSize] = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}
# Without a second look at style sheets, which no rule needs here.
AXE = {"resultTypes": ["violations"], "preload": False}
SERIOUS = ("serious", "critical")
# The engine takes seconds to start, and longer on a busy machine.
ENGINE_MILLISECONDS = 60_000


@dataclass
class Visit:
    """One browser context and its page; `faults` fills while pages are opened."""

    browser: Browser
    scheme: Scheme = "light"
    size: Size = "desktop"
    faults: list[str] = field(default_factory=list)
    context: BrowserContext = field(init=False)
    page: Page = field(init=False)

    def __enter__(self) -> Self:
        self.context = self.browser.new_context(
            viewport=SIZES[self.size], color_scheme=self.scheme, reduced_motion="reduce", accept_downloads=True
        )
        self.page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._fault(f"uncaught {error}"))
        self.page.on("requestfailed", lambda request: self._fault(f"failed {request.url[:100]}"))
        self.page.on("request", self._see_request)
        self.page.on("response", self._see_response)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.context.close()

    def open(self, address: str) -> Page:
        """Open a page and wait until its scripts are done, the SQL page's engine included."""
        self.page.goto(address, wait_until="load")
        if self.page.locator("#sql-page").count():
            self.page.wait_for_selector("#sql-page[data-ready]", timeout=ENGINE_MILLISECONDS)
        self.wait_for_figures()
        return self.page

    def wait_for_figures(self) -> None:
        """Wait until every figure is drawn by its script."""
        for chart in self.page.locator("[data-figure]").all():
            chart.locator("svg").first.wait_for()

    def resize(self, size: Size) -> None:
        """Look on through another screen."""
        self.size = size
        self.page.set_viewport_size(SIZES[size])

    def look(self) -> None:
        """Note what axe-core calls serious or critical, and a page that is wider than its screen."""
        for violation in Axe().run(self.page, options=AXE).response["violations"]:
            if violation["impact"] in SERIOUS:
                places = ", ".join(str(node["target"][0]) for node in violation["nodes"][:3])
                self._fault(f"{violation['id']} at {places} ({len(violation['nodes'])} in all)")
        wider = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wider > 0:
            self._fault(f"{wider} pixels wider than the screen")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._fault(f"console {message.type}: {message.text}")

    def _see_request(self, request: Request) -> None:
        here, there = urlsplit(self.page.url), urlsplit(request.url)
        inside = there.scheme in ("data", "blob") or request.is_navigation_request()
        if not inside and (there.scheme, there.netloc) != (here.scheme, here.netloc):
            self._fault(f"request to another origin: {request.url[:100]}")

    def _see_response(self, response: Response) -> None:
        if response.status >= 400:
            self._fault(f"{response.status} for {response.url}")

    def _fault(self, what: str) -> None:
        path = urlsplit(self.page.url).path
        self.faults.append(f"{'/'.join(path.split('/')[-2:])} ({self.scheme}, {self.size}): {what}")
