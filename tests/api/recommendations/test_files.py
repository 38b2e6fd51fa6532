"""A version as files: mapped, not copied; made anew where they are broken; the oldest go."""

import os
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from api.core.settings import get_settings
from api.domains.recommendations.domain.opinion import Model
from api.domains.recommendations.repository import files, serving
from api.domains.recommendations.repository.files import NoSuchFolder, open_mapped, store
from tests.api.recommendations.conftest import model, write_version


def a_model(version: int = 7) -> Model:
    return model([3, 1, 2], {1: [2, 3], 2: []}, {3: [1]}, version, {"department:Tea": [2, 1]})


def is_mapped(array: np.ndarray) -> bool:
    base: Any = array
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    return isinstance(base, np.memmap)


def test_what_comes_back_is_what_was_stored_and_is_mapped(tmp_path: Path) -> None:
    before = a_model()
    store(tmp_path / "7", before)
    after = open_mapped(tmp_path / "7")
    assert (after.version, after.name) == (7, "item_knn")
    assert after.scorer.product_ids.tolist() == before.scorer.product_ids.tolist()
    assert after.scorer.neighbours is not None
    assert after.together.of(1)[0].tolist() == [2, 3]
    assert after.scopes["department:Tea"].tolist() == [2, 1]
    for array in (after.scorer.product_ids, after.scorer.neighbours.weights, after.popular):
        assert is_mapped(array)
        assert not isinstance(array, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert not list(tmp_path.glob(".*"))


def break_shape(folder: Path) -> None:
    (folder / files.SHAPE).write_bytes(b"{")


def lose_an_array(folder: Path) -> None:
    (folder / "0.npy").unlink()


def cut_an_array(folder: Path) -> None:
    path = folder / "0.npy"
    path.write_bytes(path.read_bytes()[:-4])


def come_from_another_release(folder: Path) -> None:
    path = folder / files.SHAPE
    path.write_bytes(path.read_bytes().replace(b'"repeat_weight"', b'"repeating"'))


@pytest.mark.parametrize("spoil", [break_shape, lose_an_array, cut_an_array, come_from_another_release])
def test_a_broken_folder_is_noticed_and_replaced(tmp_path: Path, spoil: Any) -> None:
    store(tmp_path / "7", a_model())
    spoil(tmp_path / "7")
    with pytest.raises(NoSuchFolder):
        open_mapped(tmp_path / "7")
    store(tmp_path / "7", a_model())
    assert open_mapped(tmp_path / "7").version == 7


def test_a_folder_that_goes_stays_readable_for_who_has_it(tmp_path: Path) -> None:
    store(tmp_path / "1", a_model(1))
    first = open_mapped(tmp_path / "1")
    for version in range(2, 6):
        store(tmp_path / str(version), a_model(version))
        os.utime(tmp_path / str(version), (version, version))
    assert len(list(tmp_path.iterdir())) == files.KEPT
    assert not (tmp_path / "1").exists() or not (tmp_path / "2").exists()
    assert first.scorer.product_ids.tolist() == [1, 2, 3]


def test_processes_that_store_the_same_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def write() -> None:
        try:
            store(tmp_path / "7", a_model())
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert open_mapped(tmp_path / "7").version == 7
    assert [each.name for each in tmp_path.iterdir()] == ["7"]


def test_the_second_load_reads_no_table(
    committed: Any, migrated_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = write_version(migrated_env["AGORA_POSTGRES_PIPELINES_URL"], {5: [0.5], 9: [1.0]}, [9, 5])
    url = get_settings().postgres_url
    first = serving.load(url, version, tmp_path)
    monkeypatch.setattr(serving, "_read", None)
    second = serving.load(url, version, tmp_path)
    assert second.scorer.factors is not None
    assert first.scorer.factors is not None
    assert second.scorer.factors.tolist() == first.scorer.factors.tolist()
    assert is_mapped(second.scorer.factors)
