//! A plan as a file that people edit: TOML, one table a question.

use std::fmt::Write;
use std::io::Read;
use std::path::Path;

use aiex_protocol::research::{Plan, SubQuestion};
use aiex_protocol::source::SourceKind;
use serde::{Deserialize, Serialize};

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// The file that stands for standard input.
const STDIN: &str = "-";
/// A plan is a page, not a book.
const MOST_BYTES: u64 = 1 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    question: Vec<Question>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    ask: String,
    #[serde(default)]
    sources: Vec<SourceKind>,
    #[serde(default)]
    queries: Vec<String>,
}

/// The plan of a run, with a word on how to use it.
pub(crate) fn write(run: &str, plan: &Plan) -> Result<String, Failure> {
    let file = File {
        question: plan
            .sub_questions
            .iter()
            .map(|part| Question {
                ask: part.question.clone(),
                sources: part.sources.clone(),
                queries: part.queries.clone(),
            })
            .collect(),
    };
    let sources: Vec<&str> = SourceKind::ALL.iter().map(|source| source.as_str()).collect();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "# The plan of run {run}. Change, add or delete questions, then:"
    );
    let _ = writeln!(text, "#   aiex research approve {run} --plan THIS-FILE");
    let _ = writeln!(text, "# Sources are {}.", sources.join(", "));
    let _ = writeln!(
        text,
        "# Without queries, the question's own words are searched for."
    );
    let body =
        toml::to_string(&file).map_err(|error| Failure::from_error(ExitCode::RequestFailed, &error))?;
    let _ = write!(text, "\n{body}");
    Ok(text)
}

/// Reads a plan from a file, or from standard input when it is called `-`.
pub(crate) fn read(path: &Path) -> Result<Plan, Failure> {
    let text = if path == Path::new(STDIN) {
        let mut text = String::new();
        std::io::stdin()
            .lock()
            .take(MOST_BYTES)
            .read_to_string(&mut text)
            .map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| {
        Failure::new(
            ExitCode::Usage,
            format!("cannot read the plan {}", path.display()),
        )
        .because(&error)
    })?;
    parse(&text).map_err(|error| {
        Failure::new(ExitCode::Usage, format!("{} is not a plan", path.display()))
            .because(&error)
            .hint("`aiex research show RUN --plan` prints one")
    })
}

fn parse(text: &str) -> Result<Plan, PlanError> {
    let file: File = toml::from_str(text)?;
    if file.question.is_empty() {
        return Err(PlanError::Empty);
    }
    let parts = file.question.into_iter().zip(1..).map(|(part, number)| {
        if part.ask.trim().is_empty() {
            return Err(PlanError::Silent { number });
        }
        Ok(SubQuestion {
            question: part.ask,
            sources: part.sources,
            queries: part.queries,
        })
    });
    Ok(Plan {
        sub_questions: parts.collect::<Result<_, _>>()?,
    })
}

/// Why a file is not a plan.
#[derive(Debug, thiserror::Error)]
enum PlanError {
    #[error("it has no question")]
    Empty,
    #[error("question {number} is empty")]
    Silent { number: usize },
    #[error("{}", .0.to_string().trim_end())]
    Toml(#[from] toml::de::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            sub_questions: vec![
                SubQuestion {
                    question: "what does \"drop\" do?".into(),
                    sources: vec![SourceKind::Code, SourceKind::Docs],
                    queries: vec!["runtime drop".into(), "abort".into()],
                },
                SubQuestion {
                    question: "since when?".into(),
                    sources: vec![],
                    queries: vec![],
                },
            ],
        }
    }

    #[test]
    fn a_plan_is_a_page_that_says_what_to_do_with_it() {
        insta::assert_snapshot!(write("20260131-0af3c9", &plan()).unwrap());
    }

    #[test]
    fn what_is_written_is_read() {
        let text = write("20260131-0af3c9", &plan()).unwrap();
        assert_eq!(parse(&text).unwrap(), plan());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let wrong = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(wrong(""), "it has no question");
        assert_eq!(wrong("[[question]]\nask = \" \""), "question 1 is empty");
        let misspelt = wrong("[[question]]\nask = \"q\"\nsources = [\"wbe\"]");
        assert!(
            misspelt.contains("line 3") && misspelt.contains("wbe"),
            "{misspelt}"
        );
        let unknown = wrong("[[question]]\nask = \"q\"\nsource = [\"web\"]");
        assert!(unknown.contains("unknown field `source`"), "{unknown}");
    }
}
