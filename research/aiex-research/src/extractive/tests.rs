//! What is quoted, and how it is set.

mod layout;

use aiex_evidence::{Catalogue, Document, Quotes};

use super::short::{IN_THEIR_WORDS, NOT_IN_A_LINE};
use super::*;

/// A source and the quotes taken from it.
struct Read {
    catalogue: Catalogue,
    quotes: Vec<Quote>,
}

impl Read {
    /// A source that is quoted whole.
    fn whole(path: &str, title: &str, text: &str) -> Self {
        Self::parts(path, title, text, &[text])
    }

    /// A source of which parts are quoted.
    fn parts(path: &str, title: &str, text: &str, parts: &[&str]) -> Self {
        Self::span(1, path, title, text, parts)
    }

    /// The same for a span of a file.
    fn span(first_line: u32, path: &str, title: &str, text: &str, parts: &[&str]) -> Self {
        let mut catalogue = Catalogue::new();
        let origin = Origin::Code {
            repo: "shop".to_owned(),
            root: "/shop".to_owned(),
            commit: None,
            path: path.to_owned(),
            first_line,
            last_line: first_line + 40,
        };
        let id = catalogue.add(Document {
            origin,
            title: title.to_owned(),
            date: None,
            read_at: 0,
            text: text.to_owned(),
            licence: None,
            instructs: false,
        });
        let mut quotes = Quotes::new();
        let source = catalogue.get(id).unwrap();
        for part in parts {
            let at = text.find(part).unwrap();
            quotes.take(source, at..at + part.len(), Some(0)).unwrap();
        }
        let quotes = quotes.into_vec();
        Self { catalogue, quotes }
    }

    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            sources: &self.catalogue,
            quotes: &self.quotes,
        }
    }

    /// A choice by words alone.
    fn choice(&self) -> Choice<'_> {
        Choice {
            evidence: self.evidence(),
            meaning: None,
        }
    }

    fn section(&self, question: &str) -> Section {
        let quotes: Vec<&Quote> = self.quotes.iter().collect();
        section("A section", question, &quotes, self.choice())
    }

    fn short(&self, question: &str) -> Section {
        let quotes: Vec<&Quote> = self.quotes.iter().collect();
        in_short("In short", question, &quotes, self.choice())
    }
}

fn texts(section: &Section) -> Vec<&str> {
    section
        .sentences()
        .map(|sentence| sentence.text.as_str())
        .collect()
}

#[test]
fn code_is_told_by_its_comment_and_shown_whole() {
    let code = "    /// Decides whether a failed call is tried again.\n    /// Three times at most.\n    fn retry(&self) -> bool {\n        self.tries < 3\n    }";
    let read = Read::whole("src/retry.rs", "Policy > retry", code);
    let short = read.short("when is a call tried again");
    assert_eq!(
        texts(&short),
        [
            IN_THEIR_WORDS,
            "`retry`: Decides whether a failed call is tried again. Three times at most."
        ]
    );
    let section = read.section("when is a call tried again");
    assert_eq!(
        texts(&section),
        [
            "```rs\n/// Decides whether a failed call is tried again.\n/// Three times at most.\nfn retry(&self) -> bool {\n    self.tries < 3\n}\n```"
        ]
    );
    let supported = Finding::Settled {
        verdict: Verdict::Supported,
        reason: None,
    };
    for sentence in section.sentences().chain(short.sentences()) {
        if !sentence.cites.is_empty() {
            assert_eq!(check::check(sentence, read.evidence()), supported, "{sentence:?}");
        }
    }
}

#[test]
fn prose_is_an_item_and_nothing_is_said_of_nothing() {
    let said = "Calls are tried three times before they fail.";
    let read = Read::whole("README.md", "Retries", said);
    let told = read.section("how often are calls tried");
    assert!(told.paragraphs[0].item);
    assert_eq!(texts(&told), [said]);
    for nothing in [
        section("In its history", "tries", &[], read.choice()),
        in_short("In short", "tries", &[], read.choice()),
    ] {
        assert_eq!(texts(&nothing), [NOTHING]);
    }
}

#[test]
fn what_speaks_of_the_question_comes_first_and_the_rest_does_not_come() {
    let parts = [
        "The cache is emptied at midnight by the caretaker.",
        "Nothing here matters to anybody at all.",
        "A failed call is tried again after a pause.",
    ];
    let read = Read::parts("README.md", "", &parts.join("\n\n"), &parts);
    assert_eq!(
        texts(&read.section("when is a failed call tried again")),
        ["A failed call is tried again after a pause."],
        "what does not answer is not shown for want of better"
    );
}

#[test]
fn where_something_is_done_is_told_by_the_line_that_does_it() {
    let code =
        "let expires = expiry(session);\nlet value = signer(app).sign_cookie(session);\nresponse.set(value);";
    let read = Read::parts("src/session.rs", "Session > save", code, &[code]);
    assert_eq!(
        texts(&read.short("where is the session cookie signed"))[1..],
        ["`let value = signer(app).sign_cookie(session);`"]
    );
}

#[test]
fn a_paragraph_of_a_docstring_is_said_and_not_shown() {
    let code = "class Parcel:\n    \"\"\"A parcel.\n\n    A parcel is weighed on the scale by the door.\n\n    >>> \
                weigh(parcel)\n    \"\"\"\n    limit = 12\n";
    let parts = [
        "    A parcel is weighed on the scale by the door.",
        "    >>> weigh(parcel)",
    ];
    let read = Read::parts("src/parcel.py", "Parcel", code, &parts);
    assert_eq!(
        texts(&read.section("where is a parcel weighed")),
        [
            "A parcel is weighed on the scale by the door.",
            "```py\n>>> weigh(parcel)\n```"
        ]
    );
    assert_eq!(
        texts(&read.short("where is a parcel weighed"))[1..],
        ["A parcel is weighed on the scale by the door."]
    );
}

#[test]
fn a_comment_about_something_else_does_not_stand_for_its_code() {
    let code = "/// Keep these lines in the order of the alphabet.\nparcel_weighed = 1,\nscale_emptied = 2,";
    let read = Read::whole("src/events.rs", "Event", code);
    assert_eq!(
        texts(&read.short("when is a parcel weighed"))[1..],
        ["`parcel_weighed = 1,`"]
    );
}

#[test]
fn a_fence_in_a_quote_stays_in_it() {
    let read = Read::whole("README.md", "", "Run it:\n\n```sh\ncargo run\n```\n");
    assert_eq!(
        texts(&read.section("run")),
        ["```\nRun it:\n\n```sh\ncargo run\n```\n```"]
    );
}

#[test]
fn what_a_console_shows_keeps_its_lines_and_is_no_prose() {
    let shown = "$ parcel follow latest     # until it is delivered\n$ parcel list | show";
    let text = format!("Parcels are followed from anywhere:\n\n```console\n{shown}\n```\n");
    let read = Read::parts("README.md", "", &text, &[shown]);
    let question = "how is a parcel followed until it is delivered";
    assert_eq!(texts(&read.section(question)), [format!("```\n{shown}\n```")]);
    // For want of prose a line of it is shown, as what it is.
    assert_eq!(
        texts(&read.short(question)),
        [
            IN_THEIR_WORDS,
            "`$ parcel follow latest     # until it is delivered`"
        ]
    );
}

#[test]
fn a_list_is_told_as_a_list_and_a_comment_as_prose() {
    let text = "Two carriers are known:\n- the post, by day\n- the courier, by night";
    let read = Read::whole("README.md", "", text);
    assert_eq!(
        texts(&read.section("which carriers are known")),
        [
            "Two carriers are known:",
            "the post, by day",
            "the courier, by night"
        ]
    );
    let text = "    /// The courier is asked\n    /// by night only.";
    let read = Read::whole("src/courier.rs", "Courier", text);
    assert_eq!(
        texts(&read.section("when is the courier asked")),
        ["The courier is asked by night only."]
    );
}

#[test]
fn an_example_within_a_comment_is_shown_as_code_and_never_said() {
    let text = "/// ```\n/// let parcel = weigh(scale);\n/// deliver(parcel);\n/// ```";
    let read = Read::whole("src/weigh.rs", "weigh", text);
    let question = "how do i weigh and deliver a parcel, as an example";
    let told = read.section(question);
    assert!(!told.paragraphs[0].item, "{told:?}");
    assert!(texts(&told)[0].starts_with("```rs"), "{told:?}");
    let short = read.short(question);
    let is_code = |line: &&str| line.contains("rust") || line.contains("deliver");
    assert!(!texts(&short).iter().any(is_code), "{short:?}");
}

#[test]
fn a_heading_of_a_comment_is_no_part_of_a_sentence() {
    let code = "/// Opens the parcel on the table\n///\n/// # Errors\n///\n/// An error tells that the parcel is gone.\nfn open() {}";
    let read = Read::whole("src/open.rs", "open", code);
    assert_eq!(
        texts(&read.short("where is the parcel opened on the table"))[1..],
        ["`open`: Opens the parcel on the table"]
    );
    assert_eq!(
        texts(&read.short("does an error tell that the parcel is gone"))[1..],
        ["`open`: An error tells that the parcel is gone."]
    );
    let comment = code.split_once("\nfn").unwrap().0;
    let read = Read::whole("src/open.rs", "open", comment);
    assert_eq!(
        texts(&read.section("does an error tell that the opened parcel is gone")),
        [
            "Opens the parcel on the table",
            "An error tells that the parcel is gone."
        ]
    );
}
