# ruff: noqa: E501
"""Strings that try to run, to break out, or to be unreadable. Made here, so that every export meets the same ones."""

from __future__ import annotations

import random
from collections.abc import Iterator

RUN = "window.__pwned=(window.__pwned||0)+1"
VECTORS = [
    "<script>{run}</script>", "</script><script>{run}</script>", "<!--<script>{run}</script>", "<img src=x onerror={run}>",
    "<img src=x onerror='{run}'>", "<svg onload={run}>", "<svg><script>{run}</script></svg>", "<body onload={run}>",
    "<iframe srcdoc='<script>parent.{run}</script>'></iframe>", "<iframe src='javascript:parent.{run}'></iframe>",
    "<a href='javascript:{run}'>x</a>", "javascript:{run}", "JaVaScRiPt:{run}", "data:text/html,<script>{run}</script>",
    "<details open ontoggle={run}>", "<video><source onerror={run}></video>", "<math><mi xlink:href='javascript:{run}'>",
    "<object data='javascript:{run}'>", "<embed src='javascript:{run}'>", "<form action='javascript:{run}'><input type=submit>",
    "<input autofocus onfocus={run}>", "<select autofocus onfocus={run}>", "<marquee onstart={run}>", "<meta http-equiv=refresh content='0;javascript:{run}'>",
    "<base href='https://evil.invalid/'>", "<link rel=stylesheet href='https://evil.invalid/a.css'>", "<style>@import 'https://evil.invalid/a.css';</style>",
    "<img src='https://evil.invalid/a.png'>", "<template><script>{run}</script></template>", "<noscript><p title='</noscript><img src=x onerror={run}>'>",
    "<xss id=x tabindex=1 onfocus={run}></xss>", "{{{{constructor.constructor('{run}')()}}}}", "${{{run}}}", "#{{{run}}}", "<%= {run} %>",
    "{{% print({run}) %}}", "'-{run}-'", "\"-{run}-\"", "`-{run}-`", "');{run};//", "\");{run};//", "\\');{run};//", "*/{run}/*", "--><script>{run}</script>",
    "]]><script>{run}</script>", "]]>]]&gt;<![CDATA[<script>{run}</script>]]>", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
    "&lt;script&gt;{run}&lt;/script&gt;", "&#60;script&#62;{run}&#60;/script&#62;", "\\u003cscript\\u003e{run}\\u003c/script\\u003e", "%3Cscript%3E{run}%3C/script%3E",
    "+ADw-script+AD4-{run}+ADw-/script+AD4-", "<scr\x00ipt>{run}</scr\x00ipt>", "<scr\nipt>{run}</scr\nipt>", "<<script>>{run}<</script>>", "<script\x0b>{run}</script>",
    "\u2028{run}//", "\u2029{run}//", "\ufeff<script>{run}</script>", "\u202e<script>{run}</script>", "＜script＞{run}＜/script＞", "href {run}", "href='javascript:{run}'",
    "__proto__", "constructor", "toString", "hasOwnProperty", "=HYPERLINK(\"https://evil.invalid\",\"{run}\")", "@SUM(1+1)*cmd|' /C calc'!A0", "x' OR 1=1 --", "\x1b[31m{run}\x1b[0m",
    "<b onmouseover={run}>hover</b>", "<p style='background:url(javascript:{run})'>", "<table background='javascript:{run}'>", "<svg><animate onbegin={run} attributeName=x dur=1s>",
]  # fmt: skip
AROUND = [
    "{v}", "Tromsø {v}", "{v} AS", "\"{v}", "'{v}", "\">{v}", "'>{v}", "</title>{v}", "</style>{v}", "</textarea>{v}", "\" autofocus onfocus={run} x=\"{v}",
    "' onmouseover='{run}' x='{v}", " onerror={run} {v}", "\\{v}", "\\\"{v}", "{v}\x00", "\x07{v}\x85", "{v}\ud800", "{v}\ufffe\U0001ffff", "👩‍👩‍👧‍👦{v}🇳🇴", "مرحبا {v}",
    "e\u0301\u0301\u0301{v}", "{v}" + "\u200d" * 8, "\t{v}\n", "{v}\r\n{v}", "null", "]}};{run};//{v}", "</script >{v}", "</SCRIPT\n>{v}", "<!--{v}", "{v}-->", "{v}" * 3,
]  # fmt: skip
ALPHABETS = ["abcæøåÆØÅ <>&\"'=/\\(){}[];:`$#%", "\u0000\u0001\u0008\u000b\u001f\u007f\u0080\u009f\ufffe\uffff\ud800\udfff", "\u202a\u202e\u2066\u2069\u200b\u200f\ufeff"]  # fmt: skip


def make_hostile(count: int, *, seed: int = 1) -> list[str]:
    """``count`` different strings: every vector in every wrapping first, then random ones."""
    found = dict.fromkeys(_combine())
    draw = random.Random(seed)
    while len(found) < count:
        alphabet = draw.choice([*ALPHABETS, *VECTORS]) + draw.choice(ALPHABETS) + chr(draw.randrange(0x110000))
        found["".join(draw.choices(alphabet, k=draw.choice([1, 3, 20, 60, 500])))] = None
    return list(found)[:count]


def _combine() -> Iterator[str]:
    for around in AROUND:
        for vector in VECTORS:
            yield around.replace("{v}", vector.replace("{{", "{").replace("}}", "}")).replace("{run}", RUN)
