"""What a result says about itself, in its metadata and in its signed manifest.

The vocabulary is IPTC's *digital source type*, which photo agencies, platforms and C2PA use to tell synthetic media.
Of the target, a manifest tells no name and shows no picture: the face that was replaced is not to be had from it.
"""

from __future__ import annotations

from typing import Any

VERSION = "1.0"
_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
DIGITAL_SOURCE_TYPE = _TYPES + "compositeSynthetic"
TRAINED_SOURCE_TYPE = _TYPES + "compositeWithTrainedAlgorithmicMedia"
NOTICE = "Synthetic: a face in this work was replaced with Recast."
VENDOR = "org.recast"
TARGET = "target"
"""The ingredient's label: what the opened action refers to."""


def source_type(engine: str) -> str:
    """The digital source type of what `engine` renders: the mesh is drawn, networks are trained on pictures."""
    return DIGITAL_SOURCE_TYPE if engine == "mesh" else TRAINED_SOURCE_TYPE


def tags(engine: str) -> dict[str, str]:
    """Names and values for the metadata of a result made with `engine`."""
    return {"comment": NOTICE, "DigitalSourceType": source_type(engine), "software": "Recast", "engine": engine}


def definition(engine: str, fingerprint: str, kind: str, opened: bool = True) -> dict[str, Any]:
    """The manifest of a result: who made it, and that a face was replaced in an opened target.

    Args:
        fingerprint: of the job, as the watermark carries it; empty where there is none.
        kind: ``"image"``, ``"animation"`` or ``"video"``.
        opened: there was a target; what a camera showed has none.
    """
    agent = {"name": "Recast", "version": VERSION}
    facts = {f"{VENDOR}.engine": engine} | ({f"{VENDOR}.watermark": fingerprint} if fingerprint else {})
    edited = {
        "action": "c2pa.edited",
        "description": "A face was replaced by the face of another person.",
        "digitalSourceType": source_type(engine),
        "softwareAgent": agent,
        "parameters": facts,
    }
    begin: dict[str, Any] = {"action": "c2pa.opened", "softwareAgent": agent, "parameters": {"ingredientIds": [TARGET]}}
    if not opened:
        begin = {"action": "c2pa.created", "softwareAgent": agent, "digitalSourceType": source_type(engine)}
    actions = {"actions": [begin, edited], "allActionsIncluded": True}
    return {
        "claim_generator_info": [agent],
        "title": f"Recast {kind}",
        "assertions": [{"label": "c2pa.actions.v2", "data": actions}],
    }


def ingredient() -> dict[str, str]:
    """The target, as the manifest names it."""
    return {"title": "Target", "relationship": "parentOf", "label": TARGET}
