"""What is set of a model that it does not have: words that it does not know, LoRAs that it was not given."""

from __future__ import annotations

from collections.abc import Iterator

from ..controls.declaration import address_of
from ..controls.settings import Settings
from .model import EngineModel


class UnknownSettings:
    """Names each of them once, when it comes; the show follows the rest."""

    def __init__(self, model: EngineModel) -> None:
        self._model = model
        self._prompts: dict[str, None] = {}
        self._loras: tuple[float, ...] = ()

    def update(self, settings: Settings) -> list[tuple[str, str]]:
        """(address, reason) of what is new among the settings of the next chunk."""
        return [*self._words(settings), *self._missing_loras(settings.loras)]

    def _words(self, settings: Settings) -> Iterator[tuple[str, str]]:
        before, self._prompts = self._prompts, dict.fromkeys(prompt for prompt, _ in settings.blend)
        for prompt in self._prompts:
            words = self._model.unread(prompt) if prompt not in before else ()
            if words:
                named = ", ".join(f'"{word}"' for word in words)
                reason = f"the model does not know {named}; the prompt's other words are followed"
                yield address_of(settings.prompt_field(prompt)), reason

    def _missing_loras(self, strengths: tuple[float, ...]) -> Iterator[tuple[str, str]]:
        before, self._loras = self._loras or (1.0,) * len(strengths), strengths
        for n in range(self._model.loras, len(strengths)):
            if strengths[n] != before[n]:
                yield address_of(f"lora_{n + 1}"), f"there is no LoRA {n + 1}; start with --lora FILE for each"
