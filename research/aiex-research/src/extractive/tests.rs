//! What is quoted, and how it is set.

use aiex_evidence::{Catalogue, Document, Quotes};

use super::*;

fn of(path: &str, title: &str, text: &str) -> (Catalogue, Vec<Quote>) {
    let mut catalogue = Catalogue::new();
    let origin = Origin::Code {
        repo: "shop".to_owned(),
        root: "/shop".to_owned(),
        commit: None,
        path: path.to_owned(),
        first_line: 1,
        last_line: 40,
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
    quotes.take(source, 0..text.len(), Some(0)).unwrap();
    (catalogue, quotes.into_vec())
}

fn by_words(evidence: Evidence<'_>) -> Choice<'_> {
    Choice {
        evidence,
        meaning: None,
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
    let (catalogue, quotes) = of("src/retry.rs", "Policy > retry", code);
    let evidence = Evidence {
        sources: &catalogue,
        quotes: &quotes,
    };
    let refs: Vec<&Quote> = quotes.iter().collect();
    let short = in_short(
        "In short",
        "when is a call tried again",
        &refs,
        by_words(evidence),
    );
    assert_eq!(
        texts(&short),
        [
            IN_THEIR_WORDS,
            "`retry`: Decides whether a failed call is tried again. Three times at most."
        ]
    );
    let section = section(
        "In the code",
        "when is a call tried again",
        &refs,
        by_words(evidence),
    );
    assert_eq!(
        texts(&section),
        [
            "```rs\n/// Decides whether a failed call is tried again.\n/// Three times at most.\nfn retry(&self) -> bool {\n    self.tries < 3\n}\n```"
        ]
    );
    for sentence in section
        .sentences()
        .chain(short.sentences())
        .filter(|sentence| !sentence.cites.is_empty())
    {
        let verdict = Verdict::Supported;
        assert_eq!(
            check::check(sentence, evidence),
            Finding::Settled {
                verdict,
                reason: None
            },
            "{sentence:?}"
        );
    }
}

#[test]
fn prose_is_an_item_and_nothing_is_said_of_nothing() {
    let (catalogue, quotes) = of(
        "README.md",
        "Retries",
        "Calls are tried three times before they fail.",
    );
    let evidence = Evidence {
        sources: &catalogue,
        quotes: &quotes,
    };
    let refs: Vec<&Quote> = quotes.iter().collect();
    let told = section(
        "In its documents",
        "how often are calls tried",
        &refs,
        by_words(evidence),
    );
    assert!(told.paragraphs[0].item);
    assert_eq!(texts(&told), ["Calls are tried three times before they fail."]);
    assert_eq!(
        texts(&section("In its history", "tries", &[], by_words(evidence))),
        [NOTHING]
    );
    assert_eq!(
        texts(&in_short("In short", "tries", &[], by_words(evidence))),
        [NOTHING]
    );
}

#[test]
fn what_speaks_of_the_question_comes_first_and_the_rest_does_not_come() {
    let text = "The cache is emptied at midnight by the caretaker.\n\nNothing here matters to anybody at all.\n\nA failed call is tried again after a pause.";
    let (catalogue, _) = of("README.md", "", text);
    let source = catalogue.iter().next().unwrap();
    let mut quotes = Quotes::new();
    for part in text.split("\n\n") {
        let at = text.find(part).unwrap();
        quotes.take(source, at..at + part.len(), Some(0)).unwrap();
    }
    let quotes = quotes.into_vec();
    let evidence = Evidence {
        sources: &catalogue,
        quotes: &quotes,
    };
    let refs: Vec<&Quote> = quotes.iter().collect();
    let told = section(
        "x",
        "when is a failed call tried again",
        &refs,
        by_words(evidence),
    );
    assert_eq!(
        texts(&told),
        ["A failed call is tried again after a pause."],
        "what does not answer is not shown for want of better"
    );
}

#[test]
fn a_fence_in_a_quote_stays_in_it() {
    let text = "Run it:\n\n```sh\ncargo run\n```\n";
    let (catalogue, quotes) = of("README.md", "", text);
    let evidence = Evidence {
        sources: &catalogue,
        quotes: &quotes,
    };
    let refs: Vec<&Quote> = quotes.iter().collect();
    assert_eq!(
        texts(&section("x", "run", &refs, by_words(evidence))),
        ["```\nRun it:\n\n```sh\ncargo run\n```\n```"]
    );
}

#[test]
fn what_a_console_shows_keeps_its_lines_and_is_no_prose() {
    let shown = "$ parcel follow latest     # until it is delivered\n$ parcel list | show";
    let text = format!("Parcels are followed from anywhere:\n\n```console\n{shown}\n```\n");
    let (catalogue, _) = of("README.md", "", &text);
    let source = catalogue.iter().next().unwrap();
    let mut quotes = Quotes::new();
    let at = text.find(shown).unwrap();
    quotes.take(source, at..at + shown.len(), Some(0)).unwrap();
    let quotes = quotes.into_vec();
    let evidence = Evidence {
        sources: &catalogue,
        quotes: &quotes,
    };
    let refs: Vec<&Quote> = quotes.iter().collect();
    let question = "how is a parcel followed until it is delivered";
    assert_eq!(
        texts(&section("x", question, &refs, by_words(evidence))),
        [format!("```\n{shown}\n```")]
    );
    // For want of prose a line of it is shown, as what it is.
    assert_eq!(
        texts(&in_short("In short", question, &refs, by_words(evidence))),
        [
            IN_THEIR_WORDS,
            "`$ parcel follow latest     # until it is delivered`"
        ]
    );
}

#[test]
fn a_list_is_told_as_a_list_and_a_comment_as_prose() {
    let text = "Two carriers are known:\n- the post, by day\n- the courier, by night";
    let (catalogue, quotes) = of("README.md", "", text);
    let evidence = Evidence {
        sources: &catalogue,
        quotes: &quotes,
    };
    let refs: Vec<&Quote> = quotes.iter().collect();
    assert_eq!(
        texts(&section(
            "x",
            "which carriers are known",
            &refs,
            by_words(evidence)
        )),
        [
            "Two carriers are known:",
            "the post, by day",
            "the courier, by night"
        ]
    );
    let text = "    /// The courier is asked\n    /// by night only.";
    let (catalogue, quotes) = of("src/courier.rs", "Courier", text);
    let evidence = Evidence {
        sources: &catalogue,
        quotes: &quotes,
    };
    let refs: Vec<&Quote> = quotes.iter().collect();
    assert_eq!(
        texts(&section(
            "x",
            "when is the courier asked",
            &refs,
            by_words(evidence)
        )),
        ["The courier is asked by night only."]
    );
}

#[test]
fn an_example_within_a_comment_is_shown_as_code_and_never_said() {
    let text = "/// ```\n/// let parcel = weigh(scale);\n/// deliver(parcel);\n/// ```";
    let (catalogue, quotes) = of("src/weigh.rs", "weigh", text);
    let evidence = Evidence {
        sources: &catalogue,
        quotes: &quotes,
    };
    let refs: Vec<&Quote> = quotes.iter().collect();
    let question = "how do i weigh and deliver a parcel, as an example";
    let told = section("x", question, &refs, by_words(evidence));
    assert!(!told.paragraphs[0].item, "{told:?}");
    assert!(texts(&told)[0].starts_with("```rs"), "{told:?}");
    let short = in_short("In short", question, &refs, by_words(evidence));
    assert!(
        !texts(&short)
            .iter()
            .any(|line| line.contains("rust") || line.contains("deliver")),
        "{short:?}"
    );
}
