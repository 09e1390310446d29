"""Reading a page without a browser, and judging it in one."""

import hashlib
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path

AXE = (Path(__file__).parents[1] / "assets" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


class Reader(HTMLParser):
    """Tags with their attributes, and text outside scripts and styles."""

    def __init__(self, document):
        super().__init__()
        self.tags, self.text, self.bodies, self._inside = [], "", [], None
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = (tag, dict(attrs))
            self.bodies.append([tag, dict(attrs), ""])

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._inside = None

    def handle_data(self, data):
        if self._inside:
            self.bodies[-1][2] += data
        else:
            self.text += data


def check_policy(document):
    """The policy allows exactly the scripts and styles of the page."""
    reader = Reader(document)
    policy = next(a["content"] for _, a in reader.tags if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        bodies = [body for name, a, body in reader.bodies if name == tag and a.get("type") != "application/json"]
        digests = {f"'sha256-{b64encode(hashlib.sha256(body.encode()).digest()).decode()}'" for body in bodies}
        assert set(rules[rule].split()) == digests


def violations(page):
    """What axe-core finds wrong in an open page."""
    page.evaluate(AXE)  # not a script element, which the page's policy forbids
    found = page.evaluate("tags => axe.run({runOnly: tags}).then(r => r.violations)", STANDARDS)
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]
