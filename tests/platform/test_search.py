from crosslane.platform.search import like_prefix, search_words


def test_search_words_and_prefixes_hold_nothing_that_commands():
    assert search_words("Red  mug's & !(blue:*)") == "red:* & mug:* & s:* & blue:*"
    assert search_words("--") == ""
    assert search_words(" ".join("abcdefghij")).count("&") == 7
    assert like_prefix(" 50%_A\\") == "50\\%\\_a\\\\%"
