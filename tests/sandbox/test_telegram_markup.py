from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.telegram_markup import parse_html, utf16_length
from sandbox.telegram_refusals import Refusal
from sandbox.telegram_text import MAX_TEXT_LENGTH, find_commands, is_blank, read_text

if TYPE_CHECKING:
    from sandbox.telegram_rules import Json


def read(text: str, **given: Any) -> tuple[str, list[Json]]:
    marked = read_text({"text": text, "parse_mode": "HTML", **given}, "text", MAX_TEXT_LENGTH)
    return marked.text, marked.entities


def entity(kind: str, offset: int, length: int, **extra: Any) -> Json:
    return {"type": kind, "offset": offset, "length": length, **extra}


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("b", "bold"),
        ("STRONG", "bold"),
        ("i", "italic"),
        ("em", "italic"),
        ("u", "underline"),
        ("ins", "underline"),
        ("s", "strikethrough"),
        ("strike", "strikethrough"),
        ("del", "strikethrough"),
        ("code", "code"),
        ("pre", "pre"),
        ("blockquote", "blockquote"),
        ("tg-spoiler", "spoiler"),
    ],
)
def test_each_tag_marks_its_text(tag: str, kind: str) -> None:
    """A tag gives one entity and leaves the plain text."""
    assert ("a b c", [entity(kind, 2, 1)]) == read(f"a <{tag}>b</{tag}> c")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('<span class="tg-spoiler">x</span>', entity("spoiler", 0, 1)),
        ("<blockquote expandable>x</blockquote>", entity("expandable_blockquote", 0, 1)),
        ('<tg-emoji emoji-id="5">x</tg-emoji>', entity("custom_emoji", 0, 1, custom_emoji_id="5")),
        (
            '<a href="https://a.b/?c=1&amp;d">x</a>',
            entity("text_link", 0, 1, url="https://a.b/?c=1&d"),
        ),
        ("<a href='a.b'>x</a>", entity("text_link", 0, 1, url="http://a.b/")),
        ('<a href="tg://user?id=7">x</a>', entity("text_mention", 0, 1, user={"id": 7})),
        ('<pre><code class="language-sh">x</code></pre>', entity("pre", 0, 1, language="sh")),
        ('<code class="language-sh">x</code>', entity("code", 0, 1)),
    ],
    ids=["span", "expandable", "emoji", "link", "bare", "mention", "block", "no-block"],
)
def test_attributes_say_what_a_tag_means(source: str, expected: Json) -> None:
    """An attribute that means something is in the entity, decoded."""
    assert ("x", [expected]) == read(source)


def test_offsets_are_in_utf16_units() -> None:
    """An emoji counts as two, as Telegram's clients count it."""
    assert ("😀 é <", [entity("bold", 3, 1), entity("italic", 5, 1)]) == read(
        "😀 <b>é</b> <i>&lt;</i>"
    )


def test_tags_nest() -> None:
    """What is inside and outside is marked, the outer first."""
    assert ("ab", [entity("bold", 0, 2), entity("italic", 1, 1)]) == read("<b>a<i>b</i></b>")


def test_code_holds_nothing_else() -> None:
    """Bold ends where code begins, and a link within code is only text."""
    expected = [entity("bold", 0, 1), entity("code", 1, 2), entity("bold", 3, 1)]

    assert ("abcd", expected) == read('<b>a<code>b<a href="x.y">c</a></code>d</b>')


def test_a_link_to_nowhere_is_text() -> None:
    """Telegram drops a link it cannot open without a word."""
    assert ("x", []) == read('<a href="nothing at all">x</a>')


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("&lt;&gt;&amp;&quot;&#39;&#x27;", "<>&\"''"),
        ("&nbsp; &apos; & &#0; &#x110000;", "&nbsp; &apos; & &#0; &#x110000;"),
        ("&lt b", "< b"),
        ("&#128512;", "😀"),
    ],
    ids=["known", "unknown", "no-semicolon", "emoji"],
)
def test_references_are_decoded(source: str, plain: str) -> None:
    """Four names and all numbers are known, the rest stays as it is."""
    assert plain == parse_html(source).text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("é<x>", 'Unsupported start tag "x" at byte offset 2'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b class", 'Unclosed start tag "b" at byte offset 0'),
        ("<a href='x", "Unclosed start tag at byte offset 0"),
        ("<b =1>", 'Empty attribute name in the tag "b" at byte offset 0'),
        ("<a href=x/y>", "Unexpected end of name token at byte offset 8"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("</b>", "Unexpected end tag at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b><i>x</i>", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<tg-emoji>x</tg-emoji>", "Invalid custom emoji identifier specified"),
        (
            "&#xD800;",
            (
                "Text contains invalid Unicode characters after decoding HTML entities,"
                " check for unmatched surrogate code units"
            ),
        ),
    ],
)
def test_broken_markup_is_refused_in_the_words_of_telegram(source: str, reason: str) -> None:
    """The bot's developer reads the sentence they will read in production."""
    with pytest.raises(Refusal) as refused:
        parse_html(source)

    assert 400 == refused.value.error_code
    assert f"Bad Request: can't parse entities: {reason}" == refused.value.description


@pytest.mark.parametrize("mode", ["Markdown", "MarkdownV2", "bbcode"])
def test_other_parse_modes_are_refused(mode: str) -> None:
    """Only HTML is read; the rest is not taken for plain text."""
    with pytest.raises(Refusal, match="parse_mode"):
        read("x", parse_mode=mode)


def test_length_counts_after_parsing() -> None:
    """Markup costs nothing; an emoji costs two."""
    assert MAX_TEXT_LENGTH == utf16_length(read(f"<b>{'😀' * 2048}</b>")[0])

    with pytest.raises(Refusal, match="Bad Request: message is too long"):
        read("😀" * 2048 + "x")


def test_spaces_at_the_ends_go_and_entities_move() -> None:
    """Telegram trims a message and shortens what was marked there."""
    assert ("x y", [entity("bold", 2, 1)]) == read("\n x <b>y \n</b> ")


def test_control_characters_become_spaces() -> None:
    """What cannot be shown is not kept, and marks behind it stay in place."""
    assert ("a bc", [entity("bold", 3, 1)]) == read("a\x00b\r\u202e<b>c</b>")


def test_entities_may_be_given_instead() -> None:
    """Without a parse mode angle brackets are text."""
    given = [entity("italic", 0, 3)]

    assert ("<b>", given) == read("<b>", parse_mode="", entities=given)


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u00a0", "<b> </b>"])
def test_text_nobody_can_see_is_blank(text: str) -> None:
    """An invisible message is as good as none."""
    assert is_blank(read(text)[0])


def test_commands_are_found_in_what_people_say() -> None:
    """A slash before a word is a command, a path is none."""
    expected = [entity("bot_command", 0, 6), entity("bot_command", 10, 9)]

    assert expected == find_commands("/start 😀 /help@bot and/or https://x/y")
