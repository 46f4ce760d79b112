//! However a text is cut into pieces, the same comes of it, and no link that a model made up.

use super::*;

/// What comes of a text in pieces, the ids that it cites and those that it made up.
fn read<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, Vec<u32>, Vec<u32>) {
    let mut scrubber = Scrubber::new(1..=3);
    let mut out = String::new();
    for piece in pieces {
        out.push_str(&scrubber.push(piece));
    }
    out.push_str(&scrubber.finish());
    (out, scrubber.cited().collect(), scrubber.rejected())
}

/// What comes of a text, which is the same wherever it is cut.
#[track_caller]
fn cut_anywhere(text: &str) -> (String, Vec<u32>, Vec<u32>) {
    let whole = read([text]);
    for (at, _) in text.char_indices() {
        let (first, second) = text.split_at(at);
        assert_eq!(read([first, second]), whole, "{first:?} and {second:?}");
    }
    let chars = text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]);
    assert_eq!(read(chars), whole, "{text:?} by characters");
    whole
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(cut_anywhere(text).0, expected, "of {text:?}");
}

#[track_caller]
fn cites(text: &str, expected: &str, cited: &[u32], rejected: &[u32]) {
    let found = cut_anywhere(text);
    assert_eq!(found, (expected.to_owned(), cited.to_vec(), rejected.to_vec()));
}

#[test]
fn known_ids_pass_and_made_up_ones_go() {
    cites(
        "Retries back off [1][3].",
        "Retries back off [1][3].",
        &[1, 3],
        &[],
    );
    cites("It does [7] and [2, 9].", "It does  and [2].", &[2], &[7, 9]);
    cites(
        "Nothing [0] here [4294967296].",
        "Nothing  here .",
        &[],
        &[0, u32::MAX],
    );
    cites(r"\[1\] and \[7\]", "[1] and ", &[1], &[7]);
    cites(
        "as [1](src/a.rs) and [7](b.rs) say",
        "as [1] and  say",
        &[1],
        &[7],
    );
    cites("[1](see below)", "[1] (see below)", &[1], &[]);
    cites("[[1]](https://a.example)", "[1]", &[1], &[]);
}

#[test]
fn what_is_no_citation_stays() {
    cites("see [ ] and [x] in [0, 1)", "see [ ] and [x] in [0, 1)", &[], &[]);
    cites("`list[9]` holds [1]", "`list[9]` holds [1]", &[1], &[]);
    cites(
        "```\na[5] = `b[6]`\n```\nthen [5]",
        "```\na[5] = `b[6]`\n```\nthen ",
        &[],
        &[5],
    );
    cites("cut off [1", "cut off [1", &[], &[]);
    cites("[[1]]", "[[1]]", &[1], &[]);
}

#[test]
fn of_a_link_the_words_stay_and_an_address_goes() {
    check(
        "See [the *docs*](http://a.example/x \"title\"), then.",
        "See the *docs*, then.",
    );
    check("a [b](<c d>) e [f]() g", "a b e f g");
    check("![logo](https://a.example/p.png?q=secret) x", "logo x");
    check("[https://a.example](https://a.example)", "(link removed)");
    check(
        "See https://a.example/x_(y)), www.b.example. and HTTP://c.example",
        "See (link removed)), (link removed). and (link removed)",
    );
    check(
        "<https://a.example> s3://b/k mailto:me@x.org!",
        "(link removed) (link removed) (link removed)!",
    );
    check(
        "[docs]: https://a.example\n[x]: //a.example",
        "[docs] (link removed)\n[x] //a.example",
    );
}

#[test]
fn what_only_looks_like_an_address_stays() {
    for text in [
        "std::io and http:// and a://",
        "prints file:line, data:x and 12:30",
        "me@x.org wrote src/main.rs",
        "the www prefix",
        "- [x] done: yes\n1. [y] no",
        "foo [1]: bar",
    ] {
        check(text, text);
    }
}

#[test]
fn html_goes_and_types_stay() {
    check("<b>bold</b>, x<br>y", "bold, x y");
    check("<a\nhref='https://a.example'>here</a>.", "here.");
    check("<script>alert(1)</SCRIPT> after", " after");
    check("<script>without an end", "without an end");
    check("<!-- unseen [1] --> seen", " seen");
    check("<img src=x onerror=alert(1)>", "");
    for text in [
        "Vec<T> of Option<S> or HashMap<K, V>",
        "Result<A, B> if a < c and d > e",
        "impl<'a> Iterator<Item = &'a str>",
    ] {
        check(text, text);
    }
}

#[test]
fn code_stays_as_it_is() {
    for text in [
        "`[a](b) <b> https://a.example`",
        "``a ` [9]`` b",
        "```rust\nlet a = \"https://a.example\"; // [a](b) <b>\n```\n",
        "- ```\n  x[9]\n  ```\n",
        "> ~~~\n> <b>\n> ~~~\n",
        "```\nwithout [an](end)",
    ] {
        check(text, text);
    }
    check("```\n[a](b)\n```\n[a](b)", "```\n[a](b)\n```\na");
    // Backticks that nothing on their line closes open no code, for readers of the next lines neither.
    check("`\n` [a](b) `", "\\`\n` [a](b) `");
    check("a ` b [c](d)", "a \\` b c");
}

#[test]
fn nothing_grows_together_to_a_link() {
    check("http[7]://a.example", "(link removed)");
    check("http<b>://a.example", "(link removed)");
    check("w[7]ww.a.example", "w ww.a.example");
    check("ht\u{200b}tp://a.example", "(link removed)");
    check("<scr[7]ipt>", "<scr ipt>");
    check("<[scr](x)ipt>", "< script>");
    check("<a</b> href=x>", "< a href=x>");
    check("<a[7]href=x>", "< a href=x>");
    check("[1]https://a.example", "[1] (link removed)");
    check("[a][7](x)(y)", "[a] (y)");
    check("[a\nb](//a.example)", "[a\nb] (//a.example)");
    check("`a`[7]` [x](y) `", "`a` ` [x](y) `");
    check("```a```\\` [x](y) `", "```a``` ` [x](y) `");
}

#[test]
fn little_is_held_back() {
    let mut scrubber = Scrubber::new(1..=3);
    assert_eq!(scrubber.push("It waits [1] twice ["), "It waits [1] twice ");
    let long = "a ".repeat(2 * marks::FAR);
    let out = scrubber.push(&long);
    assert!(out.starts_with("[a a "), "{out}");
    assert_eq!(scrubber.finish(), "");
    check(
        &format!("[{long}](https://a.example)"),
        &format!("[{long}] ((link removed))"),
    );
}

#[test]
fn any_text_is_read_alike_in_any_pieces_and_leads_nowhere() {
    const MARKS: &str = "[¦]¦(¦)¦](¦![¦[1]¦[7]¦[2, 9]¦[t](u)¦[d]: //e.x¦<¦</¦>¦<b>¦<script>¦</script>¦<!--¦-->¦\
        <a href=\"http://e.x\">¦http¦s://¦://¦https://e.x/y¦//e.x¦www.¦mailto:¦\\¦a¦b c¦é¦ ¦  ¦\n¦\n\n¦.¦,¦!¦\
        : ¦- ¦> ¦1. ¦*¦_¦#";
    const CODE: &str = "`¦``¦```¦\n```\n¦~~~¦`x`¦\\`";
    let mut random = fastrand::Rng::with_seed(11);
    for round in 0..1_500 {
        let has_code = round % 2 == 0;
        let mut marks: Vec<&str> = MARKS.split('¦').collect();
        marks.extend(CODE.split('¦').filter(|_| has_code));
        let length = random.usize(1..12);
        let text: String = (0..length).map(|_| marks[random.usize(..marks.len())]).collect();
        let (out, ..) = cut_anywhere(&text);
        if !has_code {
            assert!(!leads_out(&out), "{out:?} of {text:?}");
        }
    }
}

/// Whether anything in a text without code could be taken for a link.
fn leads_out(text: &str) -> bool {
    let is_address = |(at, mark): (usize, &str)| {
        let before = text[..at].chars().next_back();
        let after = text[at + mark.len()..].chars().next();
        before.is_some_and(char::is_alphanumeric)
            && after.is_some_and(|c| !c.is_whitespace() && !matches!(c, '<' | '>' | '"'))
    };
    text.contains("](")
        || ["<b>", "<script", "<a "].iter().any(|tag| text.contains(tag))
        || text.match_indices("://").any(is_address)
}
