"""Find the files of a Hugging Face model: in a local folder, the local cache, or on the hub.

Only safetensors are accepted: a pickle (`.bin`, `.pt`) can run any program when it is opened.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import EncoderError
from .encoder import HUB_PREFIX

_WEIGHTS, _SHARD_INDEX = "model.safetensors", "model.safetensors.index.json"
_PATTERNS = (  # of files to download: a repository often holds its weights in other formats, too
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    _WEIGHTS,
    _SHARD_INDEX,
    "model-?????-of-?????.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "spiece.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
)
_READ_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A model's files on this machine.

    Attributes:
        folder: that holds config, preprocessing and weights.
        name: `owner/name` or the folder's name.
        source: finds exactly this model again: `hf:owner/name@commit` or `hf:/folder`.
        weights: the safetensors files, in the order of their names.
    """

    folder: Path
    name: str
    source: str
    weights: tuple[Path, ...]

    def sha256(self) -> str:
        """Hash the weights: 64 hexadecimal digits; of several files, their names and hashes."""
        hashes = [(path.name, _file_sha256(path)) for path in self.weights]
        if len(hashes) == 1:
            return hashes[0][1]
        return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()


def find_snapshot(name: str) -> Snapshot:
    """Find a model in its folder or in the local cache, or else download it from the hub.

    Args:
        name: `hf:owner/name`, `hf:owner/name@revision`, or `hf:` and a folder that starts with
            `.`, `~` or its root.

    Raises:
        EncoderError: the model does not exist, can't be reached, or has no safetensors.
    """
    address = name.removeprefix(HUB_PREFIX)
    if address.startswith((".", "~")) or os.path.isabs(address):
        folder = Path(os.path.abspath(os.path.expanduser(address)))
        if not folder.is_dir():
            raise EncoderError(
                f"There is no folder {folder}; check the path, or name a model of the hub as "
                f"{HUB_PREFIX}owner/name."
            )
        return Snapshot(folder, folder.name, HUB_PREFIX + str(folder), _weight_files(folder, name))
    repository, _, revision = address.partition("@")
    folder = _find_in_cache(name, repository, revision) or _download(name, repository, revision)
    # The cache names the folder by commit. The source records it, because `main` moves.
    source = f"{HUB_PREFIX}{repository}@{folder.name}"
    return Snapshot(folder, repository, source, _weight_files(folder, name, repository))


def _find_in_cache(name: str, repository: str, revision: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        folder = Path(
            snapshot_download(
                repository,
                revision=revision or None,
                allow_patterns=list(_PATTERNS),
                local_files_only=True,
            )
        )
    except HFValidationError as error:
        raise EncoderError(
            f"{name!r} is not a model's name; write {HUB_PREFIX}owner/name or {HUB_PREFIX}./folder."
        ) from error
    except (OSError, ValueError):  # missing or incomplete
        return None
    # Another program may have downloaded only a part.
    return folder if (folder / "config.json").is_file() and _is_complete(folder) else None


def _download(name: str, repository: str, revision: str) -> Path:
    from huggingface_hub import errors, snapshot_download

    command = f"hf download {repository}" + (f" --revision {revision}" if revision else "")
    try:
        return Path(
            snapshot_download(repository, revision=revision or None, allow_patterns=list(_PATTERNS))
        )
    except errors.GatedRepoError as error:
        raise EncoderError(
            f"{name} requires accepting its terms on its page; then log in with: hf auth login"
        ) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise EncoderError(
            f"The hub has no {name}, or you may not see it; check the name, or log in with: "
            "hf auth login"
        ) from error
    except Exception as error:  # from the hub's library, its HTTP client, or the disk
        raise EncoderError(
            f"{name} is not in the local cache, and the hub can't be reached "
            f"({type(error).__name__}). On a machine with a network, download it with: {command}"
        ) from error


def _is_complete(folder: Path) -> bool:
    """Check whether the cache has the weights."""
    try:
        return bool(_weight_files(folder, ""))
    except EncoderError:
        return False


def _weight_files(folder: Path, name: str, repository: str = "") -> tuple[Path, ...]:
    files = [folder / _WEIGHTS]
    if not files[0].is_file() and (folder / _SHARD_INDEX).is_file():
        try:
            shards = json.loads((folder / _SHARD_INDEX).read_text("utf-8"))["weight_map"].values()
            files = [folder / os.path.basename(shard) for shard in sorted(set(shards))]
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise EncoderError(
                f"{folder / _SHARD_INDEX} is damaged ({error}); download the model again."
            ) from error
    missing = [path.name for path in files if not path.is_file()]
    if missing or not files:
        rest = f"; or download the missing files with: hf download {repository}"
        raise EncoderError(
            f"{name} has no {', '.join(missing[:3]) or _WEIGHTS} in {folder}; lookalike loads "
            "safetensors only, because pickled weights can run any program. Choose a revision that "
            f"has them, or convert the model with save_pretrained{rest if repository else ''}."
        )
    return tuple(files)


def _file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_READ_BYTES):
                digest.update(block)
    except OSError as error:
        raise EncoderError(
            f"{path} can't be read ({error.strerror}); check its permissions."
        ) from error
    return digest.hexdigest()
