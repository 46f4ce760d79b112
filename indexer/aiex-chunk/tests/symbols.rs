//! The symbols of one fixture per language: `line kind name` and, after `<`, the container.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aiex_chunk::{Language, Limits, Parse, chunk};

fn listing(text: &str, language: Language) -> String {
    let found = chunk(text, Some(language), &Limits::default());
    assert_eq!(found.parse, Parse::Syntax, "{}", language.name());
    let mut out = String::new();
    for symbol in &found.symbols {
        let name = symbol.name_bytes.start as usize..symbol.name_bytes.end as usize;
        let item = symbol.item_bytes.start as usize..symbol.item_bytes.end as usize;
        assert_eq!(text[name.clone()], symbol.name);
        assert!(item.start <= name.start && name.end <= item.end, "{symbol:?}");
        assert_eq!(
            symbol.name_line as usize,
            text[..name.start].matches('\n').count() + 1,
            "{symbol:?}"
        );
        out.push_str(&format!(
            "{} {} {}",
            symbol.name_line,
            symbol.kind.name(),
            symbol.name
        ));
        if !symbol.container.is_empty() {
            out.push_str(&format!(" < {}", symbol.container));
        }
        out.push('\n');
    }
    out
}

fn check(text: &str, language: Language, expected: &str) {
    let actual = listing(text, language);
    let expected: String = expected
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .map(|l| format!("{l}\n"))
        .collect();
    if actual != expected {
        panic!("{}:\n{actual}", language.name());
    }
}

#[test]
fn rust() {
    check(
        include_str!("fixtures/rust.rs"),
        Language::Rust,
        "
        5 constant SHELVES
        6 variable OPENED
        10 struct Item
        11 field weight < Item
        12 field label < Item
        15 enum Colour
        16 variant Red < Colour
        17 variant Mixed < Colour
        17 field parts < Colour > Mixed
        20 interface Weigh
        21 type Unit < Weigh
        22 method weigh < Weigh
        23 method heavy < Weigh
        29 type Unit < Item
        30 method weigh < Item
        31 function inner < Item > weigh
        38 method fmt < Colour
        42 macro say
        46 type Shelf
        47 struct Bits
        47 field a < Bits
        49 module deep
        50 function dive < deep
        54 function abs",
    );
}

#[test]
fn python() {
    check(
        include_str!("fixtures/python.py"),
        Language::Python,
        "
        4 constant LIMIT
        5 variable names
        6 variable low
        6 variable high
        10 function open_door
        13 function retry < open_door
        17 class Shelf
        18 field depth < Shelf
        19 field label < Shelf
        22 method size < Shelf
        26 method load < Shelf
        29 class Meta < Shelf
        30 field order < Shelf > Meta
        33 constant SEP
        35 function square
        36 type Pair",
    );
}

#[test]
fn javascript() {
    check(
        include_str!("fixtures/javascript.js"),
        Language::JavaScript,
        "
        2 function open
        3 constant LIMIT
        3 constant other
        4 variable counter
        5 function legacy
        8 function add
        9 function inner < add
        13 function ids
        15 class Shelf
        16 field #secret < Shelf
        17 field size < Shelf
        18 method handle < Shelf
        19 method constructor < Shelf
        20 method load < Shelf
        21 method width < Shelf
        24 function close < exports
        25 method run
        25 method stop
        26 method turn < Shelf
        27 constant api
        27 method fetch < api
        27 method post < api",
    );
}

#[test]
fn typescript() {
    check(
        include_str!("fixtures/typescript.ts"),
        Language::TypeScript,
        "
        1 interface Item
        2 field name < Item
        3 method weigh < Item
        5 type Key
        6 enum Colour
        6 variant Red < Colour
        6 variant Green < Colour
        7 enum Fast
        7 variant One < Fast
        9 function open
        10 constant LIMIT
        12 class Shelf
        13 field depth < Shelf
        14 field label < Shelf
        15 method constructor < Shelf
        16 method handle < Shelf
        17 method turn < Shelf
        19 method load < Shelf
        22 module outside
        23 function hidden < outside
        25 module Inner
        26 constant value < Inner
        28 constant VERSION
        29 function over
        30 function over",
    );
}

#[test]
fn tsx() {
    check(
        include_str!("fixtures/tsx.tsx"),
        Language::Tsx,
        "
        2 type Props
        2 field title < Props
        3 function Card
        4 function App
        5 function onClick < App
        8 constant Memo
        9 class Panel
        10 field state < Panel
        11 method render < Panel",
    );
}

#[test]
fn go() {
    check(
        include_str!("fixtures/go.go"),
        Language::Go,
        "
        6 constant Limit
        10 constant First
        11 constant Second
        14 variable names
        14 variable places
        17 struct Item
        18 field Weight < Item
        19 field label < Item
        19 field note < Item
        24 interface Weigher
        25 method Weigh < Weigher
        27 type Key
        31 method Weigh < Item
        33 method Push < Stack
        35 function New",
    );
}

#[test]
fn java() {
    check(
        include_str!("fixtures/java.java"),
        Language::Java,
        "
        7 class Shelf
        8 constant LIMIT < Shelf
        9 field label < Shelf
        9 field note < Shelf
        11 method Shelf < Shelf
        15 method weigh < Shelf
        17 interface Door < Shelf
        17 method open < Shelf > Door
        17 constant WIDTH < Shelf > Door
        19 enum Colour < Shelf
        19 variant RED < Shelf > Colour
        19 variant GREEN < Shelf > Colour
        19 method x < Shelf > Colour > GREEN
        19 field code < Shelf > Colour
        22 struct Point
        22 method Point < Point
        22 method norm < Point
        24 interface Marker
        24 method value < Marker",
    );
}

#[test]
fn c() {
    check(
        include_str!("fixtures/c.c"),
        Language::C,
        "
        4 constant LIMIT
        5 macro MAX
        7 type size_type
        8 type callback
        13 type node_t
        9 struct node
        10 field value < node
        11 field next < node
        11 field links < node
        12 field name < node
        15 struct shelf
        15 field depth < shelf
        16 struct bits
        16 field a < bits
        16 field b < bits
        17 enum colour
        17 variant RED < colour
        17 variant GREEN < colour
        19 constant table
        20 variable total
        21 variable first
        21 variable second
        24 function find
        25 variable handler
        27 function add
        33 function make
        34 function shelf_new",
    );
}

#[test]
fn cpp() {
    check(
        include_str!("fixtures/cpp.cpp"),
        Language::Cpp,
        "
        2 module stock::room
        6 class Shelf < stock::room
        8 method Shelf < stock::room > Shelf
        9 method ~Shelf < stock::room > Shelf
        10 method size < stock::room > Shelf
        11 method at < stock::room > Shelf
        12 method operator== < stock::room > Shelf
        13 field kLimit < stock::room > Shelf
        15 field n_ < stock::room > Shelf
        16 struct Inner < stock::room > Shelf
        16 field x < stock::room > Shelf > Inner
        19 enum Colour < stock::room
        19 variant Red < stock::room > Colour
        19 variant Green < stock::room > Colour
        20 type Key < stock::room
        23 function biggest < stock::room
        26 method Shelf < Shelf
        27 method open < Door
        28 method all < Door
        29 method operator< < Door
        30 function make
        31 constant FAST",
    );
}

#[test]
fn csharp() {
    check(
        include_str!("fixtures/csharp.cs"),
        Language::CSharp,
        "
        2 module Stock.Room
        6 class Shelf < Stock.Room
        8 constant Limit < Stock.Room > Shelf
        9 field label < Stock.Room > Shelf
        9 field note < Stock.Room > Shelf
        10 field Size < Stock.Room > Shelf
        11 field Opened < Stock.Room > Shelf
        12 method Shelf < Stock.Room > Shelf
        13 method Shelf < Stock.Room > Shelf
        14 method Weigh < Stock.Room > Shelf
        14 function Inner < Stock.Room > Shelf > Weigh
        15 method + < Stock.Room > Shelf
        17 interface IWeigh < Stock.Room
        17 method Weigh < Stock.Room > IWeigh
        18 enum Colour < Stock.Room
        18 variant Red < Stock.Room > Colour
        18 variant Green < Stock.Room > Colour
        19 struct Point < Stock.Room
        19 field X < Stock.Room > Point
        20 struct Pair < Stock.Room
        21 type Handler < Stock.Room",
    );
}

#[test]
fn ruby() {
    check(
        include_str!("fixtures/ruby.rb"),
        Language::Ruby,
        "
        3 module Stock
        4 constant LIMIT < Stock
        7 class Shelf < Stock
        8 field label < Stock > Shelf
        8 field note < Stock > Shelf
        9 field size < Stock > Shelf
        11 method initialize < Stock > Shelf
        16 method build < Stock > Shelf
        19 method all < Stock > Shelf > self
        22 method turn < Stock > Shelf
        23 method spin < Stock > Shelf
        24 method old_turn < Stock > Shelf
        26 method ready? < Stock > Shelf
        27 method secret < Stock > Shelf
        31 class Door < Stock
        32 method open! < Stock > Door
        35 class Point",
    );
}

#[test]
fn php() {
    check(
        include_str!("fixtures/php.php"),
        Language::Php,
        "
        2 module Stock\\Room
        4 constant LIMIT
        5 constant OLD
        8 interface Weigh
        8 method weigh < Weigh
        10 interface Loud
        10 method shout < Loud
        13 class Shelf
        14 constant DEPTH < Shelf
        15 field label < Shelf
        16 field count < Shelf
        16 field total < Shelf
        17 method __construct < Shelf
        18 method weigh < Shelf
        21 enum Colour
        21 variant Red < Colour
        21 method label < Colour
        23 function open_door",
    );
}

#[test]
fn kotlin() {
    check(
        include_str!("fixtures/kotlin.kt"),
        Language::Kotlin,
        "
        5 constant LIMIT
        6 variable names
        10 class Shelf
        10 field label < Shelf
        10 field depth < Shelf
        11 field size < Shelf
        13 method weigh < Shelf
        15 constant MAX < Shelf
        16 method build < Shelf
        18 enum Colour < Shelf
        18 variant RED < Shelf > Colour
        18 variant GREEN < Shelf > Colour
        21 interface Weigh
        22 method weigh < Weigh
        24 class Registry
        25 method add < Registry
        27 type Key
        28 function open",
    );
}

#[test]
fn swift() {
    check(
        include_str!("fixtures/swift.swift"),
        Language::Swift,
        "
        3 constant limit
        4 type Key
        8 class Shelf
        9 field depth < Shelf
        10 field label < Shelf
        11 method init < Shelf
        13 method weigh < Shelf
        17 interface Weigh
        18 type Unit < Weigh
        19 field size < Weigh
        20 method weigh < Weigh
        23 struct Point
        23 field x < Point
        24 enum Colour
        24 variant red < Colour
        24 variant green < Colour
        26 method turn < Shelf
        28 function open
        29 class Door
        29 method open < Door",
    );
}

#[test]
fn scala() {
    check(
        include_str!("fixtures/scala.scala"),
        Language::Scala,
        "
        4 class Shelf
        5 field size < Shelf
        6 field depth < Shelf
        7 method weigh < Shelf
        8 type Key < Shelf
        11 class Shelf
        12 field Limit < Shelf
        13 method build < Shelf
        16 interface Weigh
        16 method weigh < Weigh
        17 enum Colour
        17 variant Red < Colour
        17 variant Green < Colour
        18 constant ordering
        19 function open",
    );
}

#[test]
fn elixir() {
    check(
        include_str!("fixtures/elixir.ex"),
        Language::Elixir,
        "
        1 module Stock.Shelf
        4 constant limit < Stock.Shelf
        6 struct defstruct < Stock.Shelf
        8 type key < Stock.Shelf
        14 function weigh < Stock.Shelf
        20 function secret < Stock.Shelf
        21 macro say < Stock.Shelf
        24 macro is_heavy < Stock.Shelf
        26 module Inner < Stock.Shelf
        27 function go < Stock.Shelf > Inner
        31 interface Weigh
        32 method run < Weigh
        36 method run < Weigh",
    );
}

#[test]
fn haskell() {
    check(
        include_str!("fixtures/haskell.hs"),
        Language::Haskell,
        "
        6 enum Shelf
        6 variant Shelf < Shelf
        6 field label < Shelf > Shelf
        6 field depth < Shelf > Shelf
        7 variant Empty < Shelf
        10 struct Key
        10 field unKey < Key
        11 type Name
        13 interface Weigh
        14 method weighOne < Weigh
        18 method weighOne < Weigh
        21 function weigh
        25 function go < weigh
        27 constant limit
        29 function <+>",
    );
}

#[test]
fn lua() {
    check(
        include_str!("fixtures/lua.lua"),
        Language::Lua,
        "
        1 variable M
        2 variable LIMIT
        3 variable total
        6 function open
        11 function close < M
        12 method turn < M.sub
        13 function free
        14 function run < M
        15 function walk
        16 variable size < M
        17 variable api
        17 function go < api",
    );
}

#[test]
fn zig() {
    check(
        include_str!("fixtures/zig.zig"),
        Language::Zig,
        "
        1 constant std
        4 constant limit
        5 variable total
        7 struct Shelf
        8 field label < Shelf
        9 field depth < Shelf
        11 constant Self < Shelf
        14 method weigh < Shelf
        20 enum Colour
        20 variant red < Colour
        20 variant green < Colour
        21 struct Bits
        21 field a < Bits
        21 field b < Bits
        22 enum Failure
        23 function abs
        24 function List
        27 function push < List
        30 function adds",
    );
}

#[test]
fn bash() {
    check(
        include_str!("fixtures/bash.sh"),
        Language::Bash,
        "
        3 variable LIMIT
        4 variable DEPTH
        5 variable NAME
        10 function open_door
        16 function close",
    );
}

#[test]
fn sql() {
    check(
        include_str!("fixtures/sql.sql"),
        Language::Sql,
        "
        2 table items
        3 field id < items
        4 field label < items
        7 table heavy
        8 table totals
        9 index items_label
        10 type colour
        11 module stock
        12 variable item_ids
        14 function weigh
        20 function touch",
    );
}

#[test]
fn markdown() {
    check(
        include_str!("fixtures/markdown.md"),
        Language::Markdown,
        "
        1 heading Stock room
        5 heading Doors < Stock room
        9 heading Open `now` < Stock room > Doors
        15 heading Shelves < Stock room
        17 heading Last < Stock room > Shelves
        22 heading Lower < Stock room > Shelves",
    );
}

#[test]
fn html() {
    check(
        include_str!("fixtures/html.html"),
        Language::Html,
        "
        6 selector top
        7 selector shelf < top
        8 selector plain < top > shelf
        9 selector pic < top > shelf
        12 heading Doors open < top
        13 selector line < top",
    );
}

#[test]
fn css() {
    check(
        include_str!("fixtures/css.css"),
        Language::Css,
        "
        2 selector shelf
        2 selector rack
        2 selector item
        3 selector door
        4 variable --limit
        6 selector small
        6 selector inner
        8 function turn",
    );
}

#[test]
fn toml() {
    check(
        include_str!("fixtures/toml.toml"),
        Language::Toml,
        "
        2 key name
        4 table package
        5 key version < package
        6 key quoted key < package
        7 key nested.key < package
        9 table package.metadata.docs
        10 key all < package.metadata.docs
        12 table bin
        13 key path < bin
        15 table bin
        16 key path < bin",
    );
}

#[test]
fn yaml() {
    check(
        include_str!("fixtures/yaml.yaml"),
        Language::Yaml,
        "
        2 key name
        3 key on
        4 key push < on
        6 key quoted < on
        7 key jobs
        8 key build < jobs
        11 key list
        14 key second",
    );
}

#[test]
fn json() {
    check(
        include_str!("fixtures/json.json"),
        Language::Json,
        "
        2 key name
        3 key scripts
        3 key build < scripts
        3 key deep < scripts
        4 key list",
    );
}
