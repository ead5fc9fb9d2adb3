"""The keys of a fresh clone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from regviewer.bootstrap import write_environment


def test_a_fresh_clone_gets_keys_of_its_own_that_only_its_user_can_read(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert write_environment(first)
    assert write_environment(second)
    assert first.stat().st_mode & 0o777 == 0o600
    lines = dict(line.split("=", 1) for line in first.read_text().splitlines() if not line.startswith("#"))
    assert lines.keys() == {"SECRET_KEY", "SECRETS_KEYS", "PUBLIC_READ"}
    assert len(lines["SECRET_KEY"]) > 50
    assert first.read_text() != second.read_text()


def test_what_is_there_is_never_touched(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("mine")
    assert not write_environment(path)
    assert path.read_text() == "mine"


def test_of_many_starts_at_once_one_writes_the_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as starts:
        assert sum(starts.map(write_environment, [tmp_path / ".env"] * 8)) == 1
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
