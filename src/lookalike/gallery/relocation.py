"""The method that rewrites the paths of pictures that have moved."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ..duplicates import KeepRules, read_rules, write_rules
from ..errors import ArgumentError
from ..sources import Relocation, any_absolute, check_root, unmounted
from ..storage import Store, relocated_condition, write_lock
from ..types import RelocateReport
from .removal import GalleryRemoval

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from ..storage import Manifest, Table


class GalleryRelocation(GalleryRemoval):
    """The method of `Gallery` for pictures that have moved."""

    def relocate(
        self,
        old: str | os.PathLike[str],
        new: str | os.PathLike[str],
        *,
        dry_run: bool = False,
    ) -> RelocateReport:
        r"""Rewrite the paths of a folder, disk, bucket, archive or list that has moved.

        No picture is read, and the new place need not be reachable. Rows, refusals, roots, mount
        points and the folders of rules for duplicates change; vectors and fingerprints stay.

        Args:
            old: where it was; also a path of another system, such as `C:\\Users\\me\\Photos`.
            new: where it is now.
            dry_run: only report what would change.

        Raises:
            ArgumentError: the gallery has nothing at or under `old`, or has other files at the new
                paths already; nothing was changed.
            GalleryNotFoundError: there is no gallery.
            GalleryBusyError: another process is writing.

        Example:
            >>> import os
            >>> from lookalike import Gallery
            >>> os.rename("photos", "pictures")
            >>> gallery = Gallery.open("gallery")
            >>> gallery.relocate("photos", "pictures").files
            30
            >>> gallery.index("pictures").unchanged
            30
        """
        moved = Relocation(any_absolute(old), any_absolute(new))
        with contextlib.nullcontext() if dry_run else write_lock(self.folder):
            manifest = self._manifest()
            stores = [self._open_store(manifest)]
            if manifest.rebuild:
                card, table = manifest.rebuild
                stores.append(Store(self.folder, table, card.dimensions, copies=manifest.copies))
            rules = read_rules(self.folder)
            _check(stores[0], stores[0].refusals, moved)
            report = RelocateReport(
                files=_check(stores[0], stores[0].pictures, moved),
                refused=sum(moved(r.path) != r.path for r in stores[0].refused()),
                roots=tuple(moved(root) for root in manifest.roots if moved(root) != root),
            )
            if not any((report.files, report.refused, report.roots)):
                raise ArgumentError(
                    f"The gallery has nothing at or under {moved.old}; list its folders with: "
                    "lookalike info"
                )
            if not dry_run:
                for store in stores:
                    store.relocate(moved)
                if (moved_rules := _moved_rules(rules, moved)) != rules:
                    write_rules(self.folder, moved_rules)
                _moved_manifest(manifest, moved).write(self.folder)
                stores[0].optimize(unused=False)
        return report


def _check(store: Store, table: Table, moved: Relocation) -> int:
    """Count the rows that move, and check that each gets a path of its own.

    Raises:
        ArgumentError: it would not.
    """
    paths = list(store.paths(table, where=relocated_condition(moved)))
    leaving = set(paths)
    targets = Counter(map(moved, paths))
    taken = [path for path in store.paths(table, moved.new) if path not in leaving]
    double = [path for path in taken if path in targets]
    double += [path for path, count in targets.items() if count > 1]
    if double:
        raise ArgumentError(
            f"{len(double):,} of the new paths are in the gallery already, such as "
            f"{min(double)}; give up the rows of one place with: lookalike remove {moved.old} "
            f"(or {moved.new})"
        )
    return len(paths)


def _moved_manifest(manifest: Manifest, moved: Relocation) -> Manifest:
    encoder = replace(manifest.encoder, source=moved(manifest.encoder.source))
    mounts = _moved_all(manifest.mounts, moved)
    # A folder with files in it, where no disk is mounted, is no mount point: they were copied.
    plain = {root.path for root in unmounted(mounts) if check_root(root.path).online}
    return replace(
        manifest,
        encoder=encoder,
        roots=_moved_all(manifest.roots, moved),
        mounts=tuple(m for m in mounts if m in manifest.mounts or m not in plain),
    )


def _moved_rules(rules: KeepRules, moved: Relocation) -> KeepRules:
    prefer, protect = (_moved_all(paths, moved) for paths in (rules.prefer, rules.protect))
    return KeepRules(prefer, protect, rules.keep)


def _moved_all(paths: Iterable[str], moved: Relocation) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(moved, paths)))
