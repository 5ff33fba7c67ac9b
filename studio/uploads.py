"""What endpoints of the page's framework take files with."""

from __future__ import annotations

from typing import Any, TypeVar

import gradio as gr
from gradio.data_classes import FileData, ListFiles
from pydantic import ConfigDict, ValidationError

Component = TypeVar("Component", gr.File, gr.JSON)
NOT_UPLOADED = 'Files are uploaded first: give handle_file("face.jpg") instead of a bare path. (not_uploaded)'


def upload(label: str, example: str, several: bool = False) -> gr.File:
    """A hidden input for a file, or for several. What is no upload, such as a bare path, is told in a sentence; the
    framework would only say that it has failed, and write what was sent into the log.

    Args:
        example: a file's name, for the snippets of the documentation.
    """
    taken = gr.File(label=label, file_count="multiple" if several else "single", type="filepath", visible=False)
    taken.data_model = _Files if several else _File
    # With an address the documentation writes it as handle_file("face.jpg").
    file = {"path": example, "url": example, "orig_name": example, "meta": {"_type": "gradio.FileData"}}
    return _with_example(taken, [file] if several else file)


def given(label: str, example: dict[str, Any]) -> gr.JSON:
    """A hidden input for an object; `example` is for the snippets of the documentation."""
    return _with_example(gr.JSON(label=label, visible=False), example)


# The framework's own examples, a PDF and {"foo": "bar"}, would be refused by every endpoint here.
def _with_example(component: Component, example: Any) -> Component:
    component.example_payload = lambda: example  # type: ignore[method-assign]
    return component


class _Told:
    """Says in a sentence what is no upload."""

    @classmethod
    def model_validate(cls, obj: Any, **more: Any) -> Any:
        try:
            return super().model_validate(obj, **more)  # type: ignore[misc]
        except ValidationError:
            # Not in a validator of the model's: there it would be taken for one more `ValueError`.
            raise gr.Error(NOT_UPLOADED, print_exception=False) from None


# One photo in place of a list is what most programs begin with. Their titles are what programs know them by.
class _File(_Told, FileData):
    model_config = ConfigDict(title=FileData.__name__)


class _Files(_Told, ListFiles):
    model_config = ConfigDict(title=ListFiles.__name__)

    @classmethod
    def model_validate(cls, obj: Any, **more: Any) -> Any:
        return super().model_validate([obj] if isinstance(obj, dict) else obj, **more)
