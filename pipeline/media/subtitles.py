"""Text subtitles from one container's form to another's; only the payload of single packets is rewritten."""

from __future__ import annotations

import html
import re

_ASS_TAGS = re.compile(r"\{[^}]*\}")
_MARKUP = re.compile(r"</?[A-Za-z][^>\n]{0,40}>")
_SRT_ONLY = re.compile(r"</?font[^>\n]*>", re.IGNORECASE)
_NO_TAG = re.compile(r"<(?!/?[biu]>)", re.IGNORECASE)
_VTT_ONLY = re.compile(r"</?(?:c|v|lang|ruby|rt)[^>\n]*>|<\d\d[^>\n]*>")

TEXT_CODECS = ("subrip", "srt", "text", "ass", "ssa", "mov_text", "webvtt")


def plain(codec: str, payload: bytes) -> str:
    """The text of one packet, with ``<b>``, ``<i>`` and ``<u>`` where the form knows them."""
    if codec == "mov_text":
        size = int.from_bytes(payload[:2], "big")
        return payload[2 : 2 + size].decode("utf-8", "replace")
    text = payload.decode("utf-8", "replace").rstrip("\0")
    if codec in ("ass", "ssa"):
        # ReadOrder, Layer, Style, Name, MarginL, MarginR, MarginV, Effect, Text
        text = text.split(",", 8)[-1]
        text = _ASS_TAGS.sub("", text).replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    if codec == "webvtt":
        text = html.unescape(_VTT_ONLY.sub("", text))
    return text.strip("\r\n").replace("\r\n", "\n")


def convert(source: str, target: str, payload: bytes) -> bytes:
    """The payload of one packet in the form of `target` (``"mov_text"``, ``"subrip"`` or ``"webvtt"``)."""
    text = plain(source, payload)
    if target == "mov_text":
        data = _MARKUP.sub("", text).encode("utf-8")[:65535].decode("utf-8", "ignore").encode("utf-8")
        return len(data).to_bytes(2, "big") + data
    if target == "webvtt":
        # A sign that begins a tag or a character's name there would take what follows it out of sight.
        text = _NO_TAG.sub("&lt;", _SRT_ONLY.sub("", text).replace("&", "&amp;")).replace("-->", "--&gt;")
        text = re.sub(r"\n{2,}", "\n", text)
    return text.encode("utf-8")


ASS_HEADER = b"""[Script Info]
ScriptType: v4.00+
PlayResX: 384
PlayResY: 288

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""What FFmpeg's subtitle encoders want to know about styles before the first line."""
