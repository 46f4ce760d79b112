//! What is said and what is shown of code with words in it, and of words with code in them.

use super::*;

#[test]
fn code_behind_a_docstring_that_the_span_begins_in_is_shown() {
    let code = "    limit = {\n        \"HEAVY\": None, \"PARCEL\": \"/\",\n    }";
    let text = format!(
        "    they are heavy.\n\n    A parcel is weighed once.\n    \"\"\"\n\n{code}\n\n    def weigh(self):\n        \"\"\"Weighs.\"\"\"\n"
    );
    let said = "    A parcel is weighed once.";
    let read = Read::span(40, "src/parcel.py", "Parcel", &text, &[code, said]);
    let told = read.section("limit of a heavy parcel that is weighed");
    let found = texts(&told);
    assert!(
        found.iter().any(|text| text.starts_with("```py\nlimit = {")),
        "{found:?}"
    );
    assert!(found.contains(&"A parcel is weighed once."), "{found:?}");
}

#[test]
fn what_is_typed_at_a_prompt_is_no_sentence() {
    let typed = ">>> from parcel import weigh\n>>> weigh(heavy)";
    let read = Read::parts("docs/parcel.rst", "", typed, &[typed]);
    assert_eq!(
        texts(&read.section("how is a heavy parcel weighed")),
        [format!("```\n{typed}\n```")]
    );
    let quoted = Read::whole("README.md", "", "> A heavy parcel\n> is weighed twice.");
    assert_eq!(
        texts(&quoted.section("how is a heavy parcel weighed")),
        ["A heavy parcel is weighed twice."]
    );
}

#[test]
fn a_comment_of_a_value_is_no_part_of_the_value() {
    let code = "    #: The scale that a parcel is weighed on.\n    #:\n    #: .. versionadded:: 0.8\n    scale: Scale = \
                HeavyScale()";
    let read = Read::whole("src/parcel.py", "Parcel > scale", code);
    let question = "which scale is a parcel weighed on";
    assert!(texts(&read.section(question))[0].starts_with("```py\n#: The scale"));
    assert_eq!(
        texts(&read.short(question))[1..],
        ["The scale that a parcel is weighed on."]
    );
    let comment = code.split_once("\n    scale").unwrap().0;
    let read = Read::whole("src/parcel.py", "", comment);
    assert_eq!(
        texts(&read.section(question)),
        ["The scale that a parcel is weighed on."]
    );
}

#[test]
fn an_indented_example_is_shown_and_what_announces_it_is_no_answer() {
    let code = "// Weigh sets the scale of heavy parcels. To weigh them use:\n//\n//\timport \"example.org/scale\"\n//\tparcel.Scale = \
                scale.New()\n//\n// A parcel is weighed by its sender.";
    let read = Read::whole("weigh.go", "", code);
    let question = "how are heavy parcels weighed by their sender";
    assert!(texts(&read.section(question))[0].starts_with("```go\n// Weigh sets"));
    let short = read.short(question);
    assert!(
        texts(&short)
            .iter()
            .all(|line| !line.contains("import") && !line.ends_with("use:")),
        "{short:?}"
    );
    let read = Read::whole(
        "README.md",
        "",
        "To weigh a heavy parcel, look at the example below:",
    );
    assert_eq!(
        texts(&read.short("how is a heavy parcel weighed")),
        [NOT_IN_A_LINE]
    );
}

#[test]
fn a_list_is_never_one_line() {
    let text = "**Post** - weighs heavy parcels\n- **Door** - weighs light parcels\n- **Sky** - carries none";
    let read = Read::whole("README.md", "", text);
    assert_eq!(
        texts(&read.short("where are light parcels weighed at the door"))[1..],
        ["**Door** - weighs light parcels"]
    );
}

#[test]
fn marks_of_directives_are_no_answer() {
    let text = ".. py:data:: PARCEL_LIMIT\n\n.. versionadded:: 3.1";
    let read = Read::parts("docs/parcel.rst", "", text, &[".. py:data:: PARCEL_LIMIT"]);
    assert_eq!(texts(&read.short("what is PARCEL_LIMIT")), [NOT_IN_A_LINE]);
    let text = "A :class:`~parcel.Heavy` parcel is weighed.\n.. versionadded:: 3.1";
    let read = Read::whole("docs/parcel.rst", "", text);
    assert_eq!(
        texts(&read.section("is a heavy parcel weighed")),
        ["A `parcel.Heavy` parcel is weighed."]
    );
}

#[test]
fn a_span_is_told_from_where_a_sentence_begins() {
    let text = "(:exc:`Heavy`) will be raised. A parcel that is light is never weighed.";
    let read = Read::span(12, "docs/parcel.rst", "", text, &[text]);
    let question = "is a light parcel weighed or an error raised";
    assert_eq!(
        texts(&read.section(question)),
        ["A parcel that is light is never weighed."]
    );
}

#[test]
fn what_names_its_subject_answers_before_what_does_not() {
    let first = "This is called for each parcel that is weighed on the scale.";
    let second = "The hook `after_weighing` is called for each weighed parcel.";
    let mut read = Read::whole("docs/a.md", "", first);
    let question = "what is called for each weighed parcel";
    assert_eq!(texts(&read.short(question))[1..], [first], "nothing else answers");
    read = Read::parts("docs/a.md", "", &format!("{first}\n\n{second}"), &[first, second]);
    assert_eq!(texts(&read.short(question))[1..], [second]);
}
