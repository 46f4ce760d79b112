//! Templates are read from files, and what is wrong with one is told.

use super::*;

fn broken(text: &str) -> String {
    parse("mine", "mine.toml", text).unwrap_err().to_string()
}

#[test]
fn the_built_in_templates_are_whole() {
    let library = Library::read(None);
    assert_eq!(library.broken().next(), None);
    assert_eq!(library.templates.len(), BUILT_IN.len());
    for template in &library.templates {
        let plan = template.plan("replace foo by bar?", &SourceKind::ALL, 99);
        assert_eq!(
            plan.sub_questions.len(),
            template.sections.len(),
            "{}",
            template.name
        );
        assert!(plan.sub_questions.iter().all(|sub| !sub.question.contains('{')));
    }
}

#[test]
fn an_error_names_the_file_and_the_line() {
    insta::assert_snapshot!(broken("title = \"x\"\nabout = 3\n"), @"mine.toml:2: invalid type: integer `3`, expected a string");
    let doubled = "title = \"x\"\nabout = \"y\"\n\n[[section]]\nheading = \"A\"\nask = \"b\"\n\n[[section]]\nheading = \"A\"\nask = \"c\"\n";
    assert!(
        broken(doubled).ends_with("there are two sections `A`"),
        "{}",
        broken(doubled)
    );
    let unknown = "title = \"x\"\nabout = \"y\"\n\n[[section]]\nheading = \"A\"\nask = \"{topic}?\"\n";
    assert!(
        broken(unknown).starts_with("mine.toml:4: `{topic}` is unknown"),
        "{}",
        broken(unknown)
    );
}

#[test]
fn a_users_template_takes_the_place_of_a_built_in_one() {
    let folder = tempfile::tempdir().unwrap();
    let text = "title = \"Mine\"\nabout = \"y\"\n\n[[section]]\nheading = \"A\"\nask = \"{question}\"\n";
    std::fs::write(folder.path().join("migration-plan.toml"), text).unwrap();
    let library = Library::read(Some(folder.path()));
    assert_eq!(library.templates.len(), BUILT_IN.len());
    assert_eq!(library.named("migration-plan").unwrap().title, "Mine");
    assert!(
        library
            .named("nonsense")
            .unwrap_err()
            .to_string()
            .contains("find-bug-cause")
    );
}

#[test]
fn a_file_that_is_wrong_costs_only_itself_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let text = "title = \"Mine\"\nabout = \"y\"\n\n[[section]]\nheading = \"A\"\nask = \"{question}\"\n";
    std::fs::write(folder.path().join("mine.toml"), text).unwrap();
    std::fs::write(folder.path().join("migration-plan.toml"), "title = 3\n").unwrap();
    let library = Library::read(Some(folder.path()));
    assert_eq!(
        library.named("mine").map(|template| template.title),
        Ok("Mine".into())
    );
    assert!(library.named("find-bug-cause").is_ok());
    let told: Vec<String> = library.broken().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("migration-plan.toml:1: "), "{told:?}");
    // Who names it is told too, and is not given the built-in one.
    assert_eq!(library.named("migration-plan").unwrap_err().to_string(), told[0]);
}

#[test]
fn a_folder_that_is_not_there_costs_nobody_the_built_in_ones() {
    let folder = tempfile::tempdir().unwrap();
    let library = Library::read(Some(&folder.path().join("gone")));
    assert_eq!(library.templates.len(), BUILT_IN.len());
    assert_eq!(library.broken().count(), 1);
}
