//! What a report without a model quotes first: a floor under the choice of quotes.
//!
//! Each case is a question, the documents that a search finds for it, the best of the search first, and the words that
//! must open the answer. The documents mirror what was once quoted wrongly; none of their words are known to the code.

use std::sync::Arc;

use aiex_evidence::extract::Meaning;
use aiex_evidence::{Origin, Report, SearchRun};
use aiex_research::{
    Boxed, Findings, Found, Ports, Request, Research, Search, SearchFailure, Searcher, SourceKind,
};
use tokio_util::sync::CancellationToken;

use super::world::{World, brisk, events};

/// Where a document lies: a path of the user's own code, a package and a path in it, or a commit.
#[derive(Clone, Copy)]
enum At {
    Own(&'static str),
    Package(&'static str, &'static str),
    Commit(&'static str),
}
use At::{Commit, Own, Package};

struct Case {
    question: &'static str,
    documents: &'static [(At, &'static str, &'static str)],
    /// The first line of the answer in short has these words.
    first: &'static str,
    /// The answer in short has none of these.
    never: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        question: "what happens to the shelf when a reader is switched",
        documents: &[(
            Own("GUIDE.md"),
            "Guide > Shelves",
            "## Shelves\n\n\
             `shake` holds it to this: a workload drawn from one seed (loans, returns, switched readers, moves, shelves, \
             questions), the desk closed at any instant, and every so many closings a comparison with a shelf made in one \
             go.\n\n\
             **Order.** Notes are hints: they only say which shelf to look at. A count of the whole shelf is the truth, and \
             runs at start, after a reader switch, when rules change, and every few minutes.\n\n\
             Books are bound in leather, and nobody minds.",
        )],
        first: "after a reader switch",
        never: &["leather", "shake"],
    },
    Case {
        question: "why was the ledger chosen over cardbox fts",
        documents: &[
            (
                Own("decisions/0001-one-ledger.md"),
                "1. One ledger",
                "# 1. One ledger\n\n**Decided.** Loans live in a ledger, cards in drawers, everything that must agree in \
                 Cardbox.\n\n**Why.** Measured on two thousand loans: Cardbox with FTS5 was slower by half and had no field \
                 weights, while a ledger has both.",
            ),
            (
                Own("src/store.rs"),
                "Store > open",
                "/// Opens the ledger in `folder`.\npub fn open(folder: &Path) -> Result<Self> {\n    Cardbox::open(folder)\n}\n",
            ),
        ],
        first: "Cardbox with FTS5 was slower",
        never: &[],
    },
    Case {
        question: "how does porter's spawn_carrier limit its carriers",
        documents: &[
            (
                Own("src/stop.rs"),
                "carrying",
                "/// Carries what is heavy on a carrier.\npub async fn carrying(load: Load) {\n    porter::spawn_carrier(load).await\n}\n",
            ),
            (
                Own("README.md"),
                "A tour",
                "## A tour\n\n```console\n$ desk search \"how are carriers limited by spawn_carrier\"\nsrc/stop.rs:1 carriers limit\n```\n",
            ),
            (
                Package("porter", "src/carrier.rs"),
                "porter 1.4.0: src/carrier.rs",
                "    /// carrying loads][carrying] section for more information.\n    ///\n    /// Porter will spawn more carriers \
                 when they are asked for through this\n    /// function until the upper limit configured on the [`Builder`] is \
                 reached.\n    /// After reaching the upper limit, loads are put in a queue. The limit of\n    /// `spawn_carrier` is \
                 512 carriers by default.\n    ///\n    /// # Examples\n    ///\n    /// ```\n    /// spawn_carrier(load);\n    ///\n    \
                 /// limit(carriers);\n    /// ```\n    pub fn spawn_carrier(load: Load) {}\n",
            ),
        ],
        first: "until the upper limit configured",
        never: &["for more information", "desk search"],
    },
    Case {
        question: "how does the desk find a free window and how do readers find it",
        documents: &[(
            Own("src/desk.rs"),
            "open_and_serve",
            "    // What a desk that closed left behind names the same door: nobody must find this one through it.\n    \
             forget(&card);\n\n    door::prepare(&house)?;\n    let door = house.door();\n\n    Ok(())\n}\n\n\
             /// Takes the window that the rules name, or a free one, which the desk writes on the card that readers find it by.\n\
             fn take_window(rules: &Rules) -> Window {\n    Window::new(rules.window)\n}\n\n\
             fn unrelated() {}\n",
        )],
        first: "or a free one",
        never: &["left behind"],
    },
    Case {
        question: "why does a loan survive a fire",
        documents: &[
            (
                Own("decisions/0005-a-journal-for-loans.md"),
                "5. A journal for loans",
                "# 5. A journal for loans\n\n**Decided.** A loan is begun anew after every fire. Before a step is made, it is \
                 noted in a table.\n\n**Why.** With a journal the state of a loan is the replay, so there is nothing that could \
                 be forgotten when a fire breaks out.\n\nFollowers read the table at their pace.",
            ),
            (
                Own("tests/fire.rs"),
                "tests > a_loan_survives_a_fire",
                "#[test]\nfn a_loan_survives_a_fire() {\n    let loan = Loan::new();\n    fire();\n    assert!(loan.survives());\n}\n",
            ),
        ],
        first: "there is nothing that could be forgotten",
        never: &["assert"],
    },
    Case {
        question: "what is mothcase's default eviction policy",
        documents: &[
            (
                Own("src/cache.rs"),
                "Cache > with",
                "fn with(limits: Limits) -> Self {\n    let case = Case::builder().eviction_policy(limits.policy).build();\n    Self { case }\n}\n",
            ),
            (
                Package("mothcase", "src/policy.rs"),
                "mothcase 0.12.0: EvictionPolicy",
                "/// The eviction policy of a case.\n///\n/// When nothing is set, the default eviction policy is TinyLFU, which keeps what is \
                 asked for often.\npub struct EvictionPolicy {\n    inner: Inner,\n}\n",
            ),
            (
                Package("otherkit", "src/lib.rs"),
                "otherkit 2.0.0: policy",
                "/// The default eviction policy is oldest first here.\npub fn policy() {}\n",
            ),
        ],
        first: "TinyLFU",
        never: &[],
    },
    // How things are is told by what there is, however well a commit's few words fit.
    Case {
        question: "how are overdue loans counted",
        documents: &[
            (
                Own("src/loans.rs"),
                "Loans > late",
                "/// Counts the loans whose day has passed, as the calendar of the desk has it.\nfn late(&self) -> usize {\n    \
                 self.loans.iter().filter(|loan| loan.is_overdue()).count()\n}\n",
            ),
            (
                Commit("a1"),
                "Fix how overdue loans are counted",
                "Fix how overdue loans are counted",
            ),
            (
                Commit("a2"),
                "Overdue loans are counted at night",
                "Overdue loans are counted at night",
            ),
        ],
        first: "Counts the loans whose day has passed",
        never: &[],
    },
];

/// Finds the documents of a case, in their order, whatever is asked, and knows what words its code has nowhere.
struct Shelf {
    case: &'static Case,
    nowhere: &'static [&'static str],
}

impl Searcher for Shelf {
    fn available(&self) -> Vec<SourceKind> {
        vec![SourceKind::Code, SourceKind::Docs, SourceKind::Git]
    }

    fn search<'a>(
        &'a self,
        search: &'a Search,
        _cancel: &'a CancellationToken,
    ) -> Boxed<'a, Result<Findings, SearchFailure>> {
        let documents = self.case.documents.iter();
        let found = documents.filter_map(|(at, title, text)| {
            let last_line = text.lines().count() as u32;
            let (kind, origin) = match at {
                Own(path) => (
                    SourceKind::Code,
                    Origin::Code {
                        repo: "library".to_owned(),
                        root: "/library".to_owned(),
                        commit: None,
                        path: (*path).to_owned(),
                        first_line: 1,
                        last_line,
                    },
                ),
                Package(package, path) => (
                    SourceKind::Docs,
                    Origin::Docs {
                        package: (*package).to_owned(),
                        version: "1.0.0".to_owned(),
                        root: format!("/modules/{package}"),
                        path: (*path).to_owned(),
                        first_line: 1,
                        last_line,
                    },
                ),
                Commit(commit) => (
                    SourceKind::Git,
                    Origin::Commit {
                        repo: "library".to_owned(),
                        root: "/library".to_owned(),
                        commit: commit.repeat(20),
                    },
                ),
            };
            (kind == search.source).then(|| Found {
                origin,
                title: (*title).to_owned(),
                snippet: (*text).to_owned(),
                score: 1.0,
                text: Some((*text).to_owned()),
                date: None,
                licence: None,
                instructs: false,
            })
        });
        let found: Vec<Found> = found.collect();
        let nowhere = match search.source {
            SourceKind::Code => self.nowhere.iter().map(|word| (*word).to_owned()).collect(),
            _ => Vec::new(),
        };
        Box::pin(async move {
            Ok(Findings {
                found,
                nowhere,
                ..Findings::default()
            })
        })
    }
}

async fn answer(case: &'static Case) -> Report {
    answer_by(case, None, &[]).await
}

async fn answer_by(
    case: &'static Case,
    meaning: Option<Arc<dyn Meaning>>,
    nowhere: &'static [&'static str],
) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World {
        meaning,
        ..World::plain()
    });
    let ports = Ports {
        searcher: Arc::new(Shelf { case, nowhere }),
        ..world.ports()
    };
    let research = Research::open(folder.path(), ports, brisk()).await.unwrap();
    let request = Request {
        question: case.question.to_owned(),
        ..Request::default()
    };
    let run = research.start(request).await.unwrap();
    events(&research, &run).await;
    research.report(&run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_comes_first_and_filling_not_at_all() {
    let mut wrong = Vec::new();
    for case in CASES {
        let report = answer(case).await;
        let short: Vec<&str> = report.sections[0]
            .sentences()
            .filter(|sentence| !sentence.cites.is_empty())
            .map(|sentence| sentence.text.as_str())
            .collect();
        let is_first = short.first().is_some_and(|line| line.contains(case.first));
        let is_clean = short
            .iter()
            .all(|line| case.never.iter().all(|words| !line.contains(words)));
        if !is_first || !is_clean {
            wrong.push(format!("{}: {short:#?}", case.question));
        }
        for quote in &report.quotes {
            let source = report.sources.get(quote.id.source).unwrap();
            assert!(quote.is_in(source), "a quote is a piece of its source");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const PLACES: Case = Case {
    question: "Cardbox busy_timeout: where is it set",
    documents: &[
        (
            Own("src/loans.rs"),
            "Loans > open",
            "fn open() -> Box {\n    let cardbox = Cardbox::open();\n    cardbox.busy_timeout(seconds(5));\n    cardbox\n}\n",
        ),
        (
            Own("src/readers.rs"),
            "Readers > open",
            "fn open_readers() -> Box {\n    let cardbox = Cardbox::open();\n    cardbox.busy_timeout(seconds(10));\n    cardbox\n}\n\n\
             fn again() {\n    other_cardbox.busy_timeout(seconds(1));\n}\n",
        ),
        (
            Package("cardbox", "src/busy.rs"),
            "cardbox 1.0.0: Cardbox > busy_timeout",
            "/// How long a locked box is waited for.\npub fn busy_timeout(&self, time: Seconds) {\n    self.wait(time)\n}\n",
        ),
    ],
    first: "",
    never: &[],
};

#[tokio::test(flavor = "multi_thread")]
async fn where_a_name_is_set_lists_every_place() {
    let report = answer(&PLACES).await;
    let shown: Vec<&str> = report.sections[1..]
        .iter()
        .flat_map(|section| section.sentences())
        .map(|sentence| sentence.text.as_str())
        .collect();
    for place in ["seconds(5)", "seconds(10)", "seconds(1)", "pub fn busy_timeout"] {
        assert!(
            shown.iter().any(|text| text.contains(place)),
            "{place}: {shown:#?}"
        );
    }
}

/// Knows that who borrows is a reader, and little else.
struct Thesaurus;

impl Meaning for Thesaurus {
    fn nearness(&self, question: &str, texts: &[&str]) -> Vec<f64> {
        let near = |text: &&str| {
            let is_meant = question.contains("borrows") && text.contains("readers");
            if is_meant { 0.7 } else { 0.1 }
        };
        texts.iter().map(near).collect()
    }
}

const IN_OTHER_WORDS: Case = Case {
    question: "how many volumes may be had by whoever borrows",
    documents: &[(
        Own("GUIDE.md"),
        "Guide > Loans",
        "## Loans\n\n\
         The desk is closed by whoever leaves last, and many doors have two locks.\n\n\
         Six books go to each of the readers at most, and a seventh waits.",
    )],
    first: "Six books go to each of the readers",
    never: &["desk"],
};

#[tokio::test(flavor = "multi_thread")]
async fn what_means_the_same_comes_first_though_it_shares_no_word() {
    let report = answer_by(&IN_OTHER_WORDS, Some(Arc::new(Thesaurus)), &[]).await;
    let short = &report.sections[0];
    let said: Vec<&str> = short.sentences().map(|sentence| sentence.text.as_str()).collect();
    assert!(said[1].contains(IN_OTHER_WORDS.first), "{said:?}");
    let by_words = answer(&IN_OTHER_WORDS).await;
    let sections = &by_words.sections;
    let mut sentences = sections.iter().flat_map(|section| section.sentences());
    assert!(
        !sentences.any(|sentence| sentence.text.contains(IN_OTHER_WORDS.first)),
        "words alone do not find it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_nowhere_is_owned_up_to() {
    let report = answer_by(&IN_OTHER_WORDS, None, &["volumes", "borrows"]).await;
    assert_eq!(report.nowhere, ["volumes", "borrows"]);
    let outcomes: Vec<String> = report.searches.iter().map(SearchRun::outcome).collect();
    let tells = |outcome: &String| outcome.ends_with("; nowhere: volumes, borrows");
    assert!(outcomes.iter().any(tells), "{outcomes:?}");
    // One of many is no reason to warn, nor is a word that a source does hold.
    for heard in [&["borrows"][..], &["books", "desk"]] {
        let report = answer_by(&IN_OTHER_WORDS, None, heard).await;
        assert_eq!(report.nowhere, [""; 0], "{heard:?}");
    }
}

const OF_SEVERAL_WORDS: Case = Case {
    question: "does the desk speak LoanQL over inter-library?",
    documents: IN_OTHER_WORDS.documents,
    first: "",
    never: &[],
};

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_several_words_that_stands_nowhere_is_told_as_it_is_written() {
    let report = answer_by(&OF_SEVERAL_WORDS, None, &["loanql", "inter"]).await;
    assert_eq!(report.nowhere, ["loanql", "inter-library"]);
}

const BOUND: &[(At, &str, &str)] = &[
    (
        Own("src/binder.rs"),
        "Binder",
        "/// Whether books are bound by default.\nfn is_bound(&self) -> bool {\n    self.bound.unwrap_or_default()\n}\n",
    ),
    (
        Own("src/press.rs"),
        "Press",
        "/// Books that are bound, in the default colour.\nfn colour(&self) -> Colour {\n    Colour::default()\n}\n",
    ),
    (
        Commit("b1"),
        "Leave them open for now",
        "Leave them open for now\n\nBecause glue has become dear: whoever wants books in leather asks for it.",
    ),
];
const WHY: Case = Case {
    question: "why are books not bound by default",
    documents: BOUND,
    first: "",
    never: &[],
};
const WHETHER: Case = Case {
    question: "which books are bound by default",
    ..WHY
};

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_read_for_a_reason_whatever_its_words() {
    for (case, expected) in [(&WHY, true), (&WHETHER, false)] {
        let report = answer(case).await;
        let tells = |origin: &Origin| matches!(origin, Origin::Commit { .. });
        let is_read = report.sources.iter().any(|source| tells(&source.origin));
        assert_eq!(is_read, expected, "{}", case.question);
    }
}

const OF_TWO_PARTS: Case = Case {
    question: "when are loans counted, and who repairs torn books?",
    documents: &[
        (
            Own("src/loans.rs"),
            "Loans > count",
            "/// Loans of books are counted at night.\nfn count(&self) -> usize {\n    self.loans.len()\n}\n",
        ),
        (
            Own("src/torn.rs"),
            "Binder > repair",
            "/// Torn books are repaired by the binder.\nfn repair(&mut self, torn: Book) {\n    self.bench.push(torn);\n}\n",
        ),
    ],
    first: "",
    never: &[],
};

#[tokio::test(flavor = "multi_thread")]
async fn each_part_of_a_question_has_what_answers_it() {
    let report = answer(&OF_TWO_PARTS).await;
    let below = |heading: &str| -> String {
        let section = report.sections.iter().find(|section| section.heading == heading);
        let sentences = section
            .unwrap()
            .sentences()
            .map(|sentence| sentence.text.as_str());
        sentences.collect()
    };
    let (loans, torn) = (below("when are loans counted"), below("who repairs torn books"));
    assert!(
        loans.contains("counted at night") && !loans.contains("binder"),
        "{loans}"
    );
    assert!(
        torn.contains("by the binder") && !torn.contains("night"),
        "{torn}"
    );
    let only = |heading: &str| report.sections.iter().all(|section| section.heading != heading);
    assert!(only(OF_TWO_PARTS.question), "nothing is left for the whole");
    assert_eq!(report.partial, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_shares_words_with_a_part_is_no_evidence_for_it() {
    const HALF: Case = Case {
        documents: &[
            OF_TWO_PARTS.documents[0],
            (
                Own("src/shelf.rs"),
                "Shelf",
                "/// Books of all loans, by their number.\nstruct Shelf {\n    books: Vec<Book>,\n}\n",
            ),
        ],
        ..OF_TWO_PARTS
    };
    let report = answer(&HALF).await;
    let why = report.partial.unwrap_or_default();
    // The question as a whole, and its second part.
    assert!(why.contains("2 of 3 sub-questions found no evidence"), "{why}");
    let short: String = report.sections[0]
        .sentences()
        .map(|sentence| sentence.text.as_str())
        .collect();
    assert!(
        short.contains("counted at night") && !short.contains("by their number"),
        "{short}"
    );
}

const OF_A_NAME_THAT_IS_NOT_THERE: Case = Case {
    question: "since which edition do loans of books at the desk know ParcelTracking by number?",
    documents: OF_TWO_PARTS.documents,
    first: "",
    never: &[],
};

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_stands_nowhere_is_told_however_long_the_question_and_nothing_answers_it() {
    let report = answer_by(&OF_A_NAME_THAT_IS_NOT_THERE, None, &["parceltracking"]).await;
    assert_eq!(report.nowhere, ["parceltracking"]);
    let short = report.sections.first().unwrap();
    assert!(
        short.sentences().all(|sentence| sentence.cites.is_empty()),
        "{short:?}"
    );
    let why = report.partial.unwrap_or_default();
    assert!(why.contains("1 of 1 sub-questions found no evidence"), "{why}");
}

const ANSWERED_TOGETHER: Case = Case {
    question: "how many loans may a member have, and how many days does a loan last?",
    documents: &[(
        Own("src/limits.rs"),
        "Limits",
        "/// A member may have twelve loans, and a loan lasts thirty days.\nstruct Limits {\n    loans: u8,\n    days: u8,\n}\n",
    )],
    first: "",
    never: &[],
};

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_answered_together_with_another_is_not_said_to_be_open() {
    let report = answer(&ANSWERED_TOGETHER).await;
    let mut said = report.sections.iter().flat_map(|section| section.sentences());
    assert!(
        said.all(|sentence| !sentence.text.contains("No source that was read")),
        "{:?}",
        report.sections
    );
}
