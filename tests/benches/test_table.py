"""What a bench prints."""

from tests.benches.table import Table, to_markdown


def test_a_table_with_a_note() -> None:
    """Title, columns, rows and note follow each other as Markdown."""
    table = Table("Speed", ("policy", "mean, s"), (("a | b", "1.0"), ("c", "2.0")), "In seconds.")

    assert (
        "## Speed\n\n"
        "| policy | mean, s |\n"
        "| --- | ---: |\n"
        "| a \\| b | 1.0 |\n"
        "| c | 2.0 |\n\n"
        "In seconds.\n"
    ) == to_markdown(table)


def test_a_table_without_a_note() -> None:
    """Nothing follows the last row."""
    assert to_markdown(Table("Speed", ("policy",), (("a",),))).endswith("| a |\n")
