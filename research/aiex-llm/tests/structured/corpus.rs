//! What models write when they are asked for JSON: broken in every way that was thought of.

/// What is to be made of an output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Made {
    /// A plan with these queries.
    Queries(&'static [&'static str]),
    /// Nothing: the caller goes on without a plan.
    Nothing,
}

use Made::{Nothing, Queries};

const AB: Made = Queries(&["a", "b"]);

/// `(what is wrong, the output, what is to be made of it)`, where a plan is
/// `{"kind": "find" | "compare" | "explain", "queries": [string, …], "note"?: string}`.
pub(crate) const OUTPUTS: &[(&str, &str, Made)] = &[
    // Thoughts.
    (
        "thoughts before",
        "<think>The user wants {\"kind\": \"compare\"}.</think>{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "thoughts never closed, plan inside",
        "<think>I would say {\"kind\": \"find\", \"queries\": [\"a\", \"b\"]} and that is it",
        AB,
    ),
    (
        "thoughts never closed, no plan",
        "<think>Let me think about this. The user asks",
        Nothing,
    ),
    (
        "only the end mark of the thoughts",
        "so the answer is clear.</think>\n{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "thoughts twice",
        "<think>a</think><think>b</think>\n{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "another word for thoughts",
        "<thinking>hm {}</thinking>{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "channels",
        "<|channel|>analysis<|message|>We need JSON.<|end|><|channel|>final<|message|>{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "thoughts that hold a draft",
        "<think>{\"kind\": \"explain\", \"queries\": [\"draft\"]}</think>{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    // Fences and prose.
    (
        "fenced",
        "```json\n{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}\n```",
        AB,
    ),
    (
        "fenced without a language",
        "```\n{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}\n```",
        AB,
    ),
    (
        "fence never closed",
        "```json\n{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "fence with prose around",
        "Sure! Here is the plan:\n```json\n{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}\n```\nLet me know if you need more.",
        AB,
    ),
    (
        "prose before",
        "Here you go: {\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "prose behind",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}\nI hope this helps!",
        AB,
    ),
    (
        "prose with braces",
        "In set notation {x, y}, the plan is {\"kind\": \"find\", \"queries\": [\"a\", \"b\"]} as asked.",
        AB,
    ),
    (
        "prose with a bracketed citation",
        "As said in [1] and [2]: {\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "a heading and a list",
        "# Plan\n- kind: find\n- queries: a, b",
        Nothing,
    ),
    ("only prose", "I cannot help with that.", Nothing),
    (
        "a refusal with an apology",
        "I'm sorry, but as a language model I can't plan searches.",
        Nothing,
    ),
    (
        "a label",
        "JSON: {\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "a role",
        "assistant\n{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "end marks of a template",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}<|im_end|>",
        AB,
    ),
    (
        "HTML",
        "<pre>{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}</pre>",
        AB,
    ),
    // Several values.
    (
        "an example first",
        "For example {\"kind\": \"explain\", \"queries\": [\"x\"]}. The plan: {\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "a useless value last",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}\n{\"done\": true}",
        AB,
    ),
    (
        "the same twice",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "a corrected value",
        "{\"kind\": \"wrong\", \"queries\": [\"x\"]} Correction: {\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "echo of the schema, then the plan",
        "{\"type\": \"object\", \"properties\": {\"kind\": {\"type\": \"string\"}}}\n{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "echo of the schema alone",
        "{\"type\": \"object\", \"required\": [\"kind\", \"queries\"], \"properties\": {\"kind\": {\"type\": \"string\"}, \"queries\": {\"type\": \"array\"}}}",
        Nothing,
    ),
    (
        "the schema filled in",
        "{\"type\": \"object\", \"properties\": {\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}}",
        AB,
    ),
    // Wrapped.
    (
        "an object around it",
        "{\"plan\": {\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}}",
        AB,
    ),
    (
        "a list around it",
        "[{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}]",
        AB,
    ),
    (
        "JSON in a string",
        "\"{\\\"kind\\\": \\\"find\\\", \\\"queries\\\": [\\\"a\\\", \\\"b\\\"]}\"",
        AB,
    ),
    (
        "JSON in a string in an object",
        "{\"answer\": \"{\\\"kind\\\": \\\"find\\\", \\\"queries\\\": [\\\"a\\\", \\\"b\\\"]}\"}",
        AB,
    ),
    (
        "a function call",
        "{\"name\": \"plan\", \"arguments\": {\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}}",
        AB,
    ),
    (
        "a tool's marks",
        "<tool_call>{\"name\": \"plan\", \"parameters\": {\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}}</tool_call>",
        AB,
    ),
    // Cut off.
    (
        "cut in a string",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b",
        AB,
    ),
    (
        "cut behind a string",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"",
        AB,
    ),
    (
        "cut behind a comma",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\",",
        AB,
    ),
    (
        "cut before the last bracket",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]",
        AB,
    ),
    (
        "cut in a later field's name",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"], \"no",
        AB,
    ),
    (
        "cut behind a colon",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"], \"note\":",
        AB,
    ),
    (
        "cut in an escape",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"], \"note\": \"x\\",
        AB,
    ),
    ("cut before anything required", "{\"kind\": \"fi", Nothing),
    (
        "cut in a fence",
        "```json\n{\"kind\": \"find\", \"queries\": [\"a\", \"b\"",
        AB,
    ),
    (
        "one bracket too many",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}}",
        AB,
    ),
    (
        "one bracket too few inside",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"}",
        AB,
    ),
    (
        "the wrong bracket",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]]",
        AB,
    ),
    // Quotes.
    ("single quotes", "{'kind': 'find', 'queries': ['a', 'b']}", AB),
    (
        "no quotes around names",
        "{kind: \"find\", queries: [\"a\", \"b\"]}",
        AB,
    ),
    ("no quotes at all", "{kind: find, queries: [a, b]}", AB),
    ("smart quotes", "{“kind”: “find”, “queries”: [“a”, “b”]}", AB),
    ("backquotes", "{`kind`: `find`, `queries`: [`a`, `b`]}", AB),
    (
        "quotes inside, not escaped",
        "{\"kind\": \"find\", \"queries\": [\"the \"best\" a\", \"b\"]}",
        Queries(&["the \"best\" a", "b"]),
    ),
    (
        "an apostrophe in single quotes",
        "{'kind': 'find', 'queries': ['what's a', 'b']}",
        Queries(&["what's a", "b"]),
    ),
    (
        "escaped quotes outside",
        "{\\\"kind\\\": \\\"find\\\", \\\"queries\\\": [\\\"a\\\", \\\"b\\\"]}",
        Nothing,
    ),
    (
        "a comma and quotes inside",
        "{\"kind\": \"find\", \"queries\": [\"a, \"b\" and c\"]}",
        Queries(&["a, \"b\" and c"]),
    ),
    (
        "a bracket inside a string",
        "{\"kind\": \"find\", \"queries\": [\"a[0] {x}\", \"b\"]}",
        Queries(&["a[0] {x}", "b"]),
    ),
    // Commas, comments, words, numbers.
    (
        "trailing commas",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\",],}",
        AB,
    ),
    (
        "missing commas",
        "{\"kind\": \"find\" \"queries\": [\"a\" \"b\"]}",
        AB,
    ),
    (
        "missing commas between lines",
        "{\n\"kind\": \"find\"\n\"queries\": [\n\"a\"\n\"b\"\n]\n}",
        AB,
    ),
    (
        "doubled commas",
        "{\"kind\": \"find\",, \"queries\": [\"a\",, \"b\"]}",
        AB,
    ),
    (
        "line comments",
        "{\n  \"kind\": \"find\", // what to do\n  \"queries\": [\"a\", \"b\"] # two\n}",
        AB,
    ),
    (
        "block comments",
        "{/* the plan */\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "an ellipsis",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\", ...]}",
        AB,
    ),
    (
        "Python's words",
        "{'kind': 'find', 'queries': ['a', 'b'], 'note': None}",
        AB,
    ),
    (
        "JavaScript's words",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"], \"note\": undefined}",
        AB,
    ),
    (
        "not a number",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"], \"score\": NaN}",
        AB,
    ),
    (
        "infinity",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"], \"score\": -Infinity}",
        AB,
    ),
    (
        "a number with a plus",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"], \"score\": +1.}",
        AB,
    ),
    ("equals signs", "{kind = \"find\", queries = [\"a\", \"b\"]}", AB),
    (
        "arrows",
        "{\"kind\" => \"find\", \"queries\" => [\"a\", \"b\"]}",
        AB,
    ),
    (
        "semicolons",
        "{\"kind\": \"find\"; \"queries\": [\"a\"; \"b\"]}",
        AB,
    ),
    (
        "a declaration",
        "const plan = {\"kind\": \"find\", \"queries\": [\"a\", \"b\"]};",
        AB,
    ),
    // Bytes.
    (
        "a byte-order mark",
        "\u{feff}{\"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "line ends inside strings",
        "{\"kind\": \"find\", \"queries\": [\"a\nb\"]}",
        Queries(&["a\nb"]),
    ),
    (
        "tabs inside strings",
        "{\"kind\": \"find\", \"queries\": [\"a\tb\"]}",
        Queries(&["a\tb"]),
    ),
    (
        "a stray backslash",
        "{\"kind\": \"find\", \"queries\": [\"\\d+ in C:\\x\"]}",
        Queries(&["\\d+ in C:\\x"]),
    ),
    (
        "non-breaking blanks",
        "{\u{a0}\"kind\":\u{a0}\"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    (
        "half a surrogate",
        "{\"kind\": \"find\", \"queries\": [\"\\ud83d\"]}",
        Queries(&["\u{fffd}"]),
    ),
    (
        "a repeated name",
        "{\"kind\": \"explain\", \"kind\": \"find\", \"queries\": [\"a\", \"b\"]}",
        AB,
    ),
    // The wrong shape.
    (
        "a word outside the list",
        "{\"kind\": \"search\", \"queries\": [\"a\"]}",
        Nothing,
    ),
    ("a missing field", "{\"kind\": \"find\"}", Nothing),
    (
        "a string for a list",
        "{\"kind\": \"find\", \"queries\": \"a\"}",
        Nothing,
    ),
    (
        "a number for a string",
        "{\"kind\": \"find\", \"queries\": [1]}",
        Nothing,
    ),
    ("null", "null", Nothing),
    ("a bare string", "\"find\"", Nothing),
    ("an empty object", "{}", Nothing),
    ("an empty list", "[]", Nothing),
    ("a list of the queries alone", "[\"a\", \"b\"]", Nothing),
    (
        "null for what is optional",
        "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"], \"note\": null}",
        AB,
    ),
    // Floods.
    ("dots", "........................................", Nothing),
    ("brackets", "{{{{{{{{{{{{{{{{[[[[[[[[[[[[[[[[", Nothing),
    ("quotes", "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"", Nothing),
];
