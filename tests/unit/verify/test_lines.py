"""A line that was cut costs itself alone."""

from msgspec import Struct

from truebook.verify.lines import add_line, lines_of


class Told(Struct):
    what: str


def whats(path):
    return [told.what for told in lines_of(path, Told)]


def test_lines_come_back_in_their_order(tmp_path):
    path = tmp_path / "new" / "file"
    assert whats(path) == []
    for what in "abc":
        add_line(path, Told(what))
    assert path.read_bytes() == b'{"what":"a"}\n{"what":"b"}\n{"what":"c"}\n'
    assert whats(path) == ["a", "b", "c"]


def test_a_line_that_was_cut_anywhere_costs_itself_alone(tmp_path):
    path = tmp_path / "file"
    for what in ("one", "other"):
        add_line(path, Told(what))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        before = whats(path)
        assert before == ["one", "other"][: whole[:length].count(b"}")]
        add_line(path, Told("later"))
        assert whats(path) == [*before, "later"]
