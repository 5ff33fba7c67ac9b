"""The models that can be added: each one is an entry of data, with where it comes from and on what terms.

Facts about the swap networks' inputs follow their publishers' own inference code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.models.align import TemplateName

ModelKind = Literal["swap", "converter", "recogniser", "restorer", "occluder", "parser", "detector", "landmarker"]
IdentityPath = Literal["direct", "emap", "converter", "image"]
"""What a swap network gets of the source: its ArcFace embedding as it is; multiplied by a matrix kept in the network's
own file; sent through a small converter network; or a picture of the source instead."""
Terms = Literal["permissive", "copyleft", "research", "non-commercial", "unknown"]

FREE: frozenset[Terms] = frozenset({"permissive", "copyleft"})
"""Terms that need no acceptance before a model is fetched."""


@dataclass(frozen=True)
class Licence:
    """On what terms a model may be used.

    Attributes:
        name: as the publisher calls it.
        terms: what kind of licence that is.
        words: what it means, for people, in a sentence.
    """

    name: str
    terms: Terms
    words: str

    @property
    def free(self) -> bool:
        return self.terms in FREE


APACHE = Licence("Apache-2.0", "permissive", "Free to use, also commercially; keep the notice.")
MIT = Licence("MIT", "permissive", "Free to use, also commercially; keep the notice.")
GPL = Licence("GPL-3.0", "copyleft", "Free to use; whoever passes it on does so under the same licence.")
INSIGHTFACE = Licence(
    "insightface model licence", "non-commercial", "For non-commercial research only; ask its authors for other use."
)
NON_COMMERCIAL = Licence("Non-commercial", "non-commercial", "Not for commercial use.")
SLAB = Licence("S-Lab License 1.0", "non-commercial", "Not for commercial use without the authors' permission.")
RESEARCH_RAIL = Licence(
    "ResearchRAIL", "research", "For research only, and not for the harmful uses that the licence lists."
)
UNKNOWN = Licence("unknown", "unknown", "Its publisher states no licence: assume that no use beyond trying is allowed.")


@dataclass(frozen=True)
class SwapContract:
    """How a swap network wants its inputs and what it returns. Its inputs are called `target` and `source`.

    Attributes:
        template, size: of the square crop of the target.
        mean, deviation: subtracted from and divided into RGB in 0..1.
        identity: see `IdentityPath`.
        converter: entry that turns the embedding, for the path ``"converter"``.
        unit: the source vector is scaled to length one before it is given.
        signed: the output is normalised like the input (``x * deviation + mean``); otherwise it is RGB in 0..1.
        source_template, source_size: of the source's picture, RGB in 0..1, for the path ``"image"``.
        recogniser: entry that gives the embedding, for the other paths.
        matrix: file whose last constant the embedding is multiplied by, if it is not the network's own.
    """

    template: TemplateName
    size: int
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)
    identity: IdentityPath = "direct"
    converter: str | None = None
    unit: bool = True
    signed: bool = False
    source_template: TemplateName = "arcface_112_v2"
    source_size: int = 112
    recogniser: str = "arcface_w600k_r50"
    matrix: str | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """Entries without which the network cannot be used."""
        recogniser = () if self.identity == "image" else (self.recogniser,)
        return recogniser if self.converter is None else (*recogniser, self.converter)


@dataclass(frozen=True)
class RestoreContract:
    """A restorer: RGB in -1..1 of an aligned crop in and out.

    Attributes:
        weighted: takes a second input `weight`, 0 for the cleanest to 1 for the most faithful face.
    """

    template: TemplateName
    size: int
    weighted: bool = False


@dataclass(frozen=True)
class ModelEntry:
    """One model file.

    Attributes:
        name: what it is called everywhere in Recast.
        title: for people.
        kind: what it does.
        repository, file, revision: on the hub; `revision` is a commit where one is known.
        licence: see `Licence`.
        origin: who made it.
        sha256: of the file, where it is known; otherwise it is pinned when the file is first seen.
        size: bytes, where known.
        aliases: other names that the file goes by in folders of downloaded models.
        needs: entries without which it cannot be used.
        swap, restore: how it is run.
        local: a file of the user's own, at that path; nothing is fetched.
        half_of: the entry in single precision that this one in half precision has to agree with.
    """

    name: str
    title: str
    kind: ModelKind
    repository: str
    file: str
    licence: Licence
    origin: str
    revision: str = "main"
    sha256: str | None = None
    size: int | None = None
    aliases: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    swap: SwapContract | None = None
    restore: RestoreContract | None = None
    local: str | None = None
    half_of: str | None = None


ARCFACE = "arcface_w600k_r50"
"""What every network of the catalogue knows faces by."""
_HALF = (0.5, 0.5, 0.5)
_ALIGNED = SwapContract("arcface_128", 128, identity="emap")
_HYPER = SwapContract("arcface_128", 256, _HALF, _HALF, signed=True)
_GHOST = SwapContract(
    "arcface_112_v1", 256, _HALF, _HALF, identity="converter", converter="crossface_ghost", unit=False, signed=True
)
_SIMSWAP = SwapContract(
    "arcface_112_v1", 256, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "converter", "crossface_simswap"
)
_SIMSWAP_512 = SwapContract("arcface_112_v1", 512, identity="converter", converter="crossface_simswap")
_HIFIFACE = SwapContract(
    "mtcnn_512", 256, _HALF, _HALF, identity="converter", converter="crossface_hififace", signed=True
)
_BLENDSWAP = SwapContract("ffhq_512", 256, identity="image")
_UNIFACE = SwapContract(
    "ffhq_512", 256, _HALF, _HALF, identity="image", signed=True, source_template="ffhq_512", source_size=256
)


def _swap(
    name: str, title: str, contract: SwapContract, base: str, licence: Licence, origin: str,
    sha256: str | None = None, size: int | None = None, half_of: str | None = None,
) -> ModelEntry:  # fmt: skip
    return ModelEntry(
        name, title, "swap", f"facefusion/{base}", f"{name}.onnx", licence, origin,
        sha256=sha256, size=size, needs=contract.needs, swap=contract, half_of=half_of,
    )  # fmt: skip


def _other(
    name: str, title: str, kind: ModelKind, base: str, licence: Licence, origin: str,
    size: int | None = None, restore: RestoreContract | None = None,
) -> ModelEntry:  # fmt: skip
    return ModelEntry(
        name, title, kind, f"facefusion/{base}", f"{name}.onnx", licence, origin, size=size, restore=restore
    )


_FFHQ_512 = RestoreContract("ffhq_512", 512)

ENTRIES: tuple[ModelEntry, ...] = (
    _swap("inswapper_128", "InSwapper 128", _ALIGNED, "models-3.0.0", INSIGHTFACE, "insightface",
          "e4a3f08c753cb72d04e10aa0f7dbe3deebbf39567d4ead6dce08e98aa49e16af", 554_253_681),
    _swap("inswapper_128_fp16", "InSwapper 128, half precision", _ALIGNED, "models-3.0.0", INSIGHTFACE, "insightface",
          half_of="inswapper_128"),
    _swap("hyperswap_1a_256", "HyperSwap 1a 256", _HYPER, "models-3.3.0", RESEARCH_RAIL, "FaceFusion"),
    _swap("hyperswap_1b_256", "HyperSwap 1b 256", _HYPER, "models-3.3.0", RESEARCH_RAIL, "FaceFusion"),
    _swap("hyperswap_1c_256", "HyperSwap 1c 256", _HYPER, "models-3.3.0", RESEARCH_RAIL, "FaceFusion"),
    _swap("ghost_1_256", "Ghost 1 256", _GHOST, "models-3.0.0", APACHE, "ai-forever"),
    _swap("ghost_2_256", "Ghost 2 256", _GHOST, "models-3.0.0", APACHE, "ai-forever"),
    _swap("ghost_3_256", "Ghost 3 256", _GHOST, "models-3.0.0", APACHE, "ai-forever"),
    _swap("simswap_256", "SimSwap 256", _SIMSWAP, "models-3.0.0", NON_COMMERCIAL, "neuralchen"),
    _swap("simswap_unofficial_512", "SimSwap 512, unofficial", _SIMSWAP_512, "models-3.0.0", NON_COMMERCIAL,
          "neuralchen"),
    _swap("hififace_unofficial_256", "HifiFace 256, unofficial", _HIFIFACE, "models-3.1.0", UNKNOWN, "GuijiAI"),
    _swap("blendswap_256", "BlendSwap 256", _BLENDSWAP, "models-3.0.0", NON_COMMERCIAL, "mapooon"),
    _swap("uniface_256", "UniFace 256", _UNIFACE, "models-3.0.0", UNKNOWN, "xc-csc101"),
    ModelEntry(
        ARCFACE, "ArcFace R50 (WebFace600K)", "recogniser", "public-data/insightface",
        "models/buffalo_l/w600k_r50.onnx", INSIGHTFACE, "insightface",
        revision="33c1063c49c785b7652d3fd529f86fa4f149392b",
        sha256="4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43", size=174_383_860,
        aliases=("w600k_r50.onnx", "arcface_w600k_r50.onnx"),
    ),
    _other("crossface_ghost", "ArcFace to Ghost", "converter", "models-3.4.0", APACHE, "FaceFusion"),
    _other("crossface_simswap", "ArcFace to SimSwap", "converter", "models-3.4.0", NON_COMMERCIAL, "FaceFusion"),
    _other("crossface_hififace", "ArcFace to HifiFace", "converter", "models-3.4.0", UNKNOWN, "FaceFusion"),
    _other("gfpgan_1.4", "GFPGAN 1.4", "restorer", "models-3.0.0", APACHE, "TencentARC", 340_256_686, _FFHQ_512),
    _other("restoreformer_plus_plus", "RestoreFormer++", "restorer", "models-3.0.0", APACHE, "wzhouxiff", 294_264_232,
           _FFHQ_512),
    _other("codeformer", "CodeFormer", "restorer", "models-3.0.0", SLAB, "sczhou",
           restore=RestoreContract("ffhq_512", 512, weighted=True)),
    _other("gpen_bfr_256", "GPEN 256", "restorer", "models-3.0.0", NON_COMMERCIAL, "yangxy",
           restore=RestoreContract("arcface_128", 256)),
    _other("gpen_bfr_512", "GPEN 512", "restorer", "models-3.0.0", NON_COMMERCIAL, "yangxy", restore=_FFHQ_512),
    _other("xseg_1", "XSeg 1", "occluder", "models-3.1.0", GPL, "DeepFaceLab", 70_324_286),
    _other("xseg_2", "XSeg 2", "occluder", "models-3.1.0", GPL, "DeepFaceLab"),
    _other("xseg_3", "XSeg 3", "occluder", "models-3.2.0", GPL, "DeepFaceLab"),
    _other("bisenet_resnet_34", "BiSeNet ResNet-34", "parser", "models-3.0.0", MIT, "yakhyo", 93_632_546),
)  # fmt: skip
CATALOGUE: Mapping[str, ModelEntry] = {entry.name: entry for entry in ENTRIES}
