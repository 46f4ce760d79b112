//! Temporary.
#![allow(clippy::unwrap_used)]
use aiex_chunk::{Language, Limits, chunk};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let only = Language::from_name(&a[1]).unwrap();
    let mut s: u64 = a[2].parse().unwrap();
    let n: usize = a[3].parse().unwrap();
    let dir = "indexer/aiex-chunk/tests/fixtures";
    let src: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| std::fs::read_to_string(e.unwrap().path()).unwrap())
        .collect();
    let mut r = move || {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        (s >> 11) as usize
    };
    let marks: Vec<char> = "     \n\n\n\t(){}[]\"'#/*:;,.=<>abc|&@$`~_-+!?%^\\é\u{85}\u{2028}1"
        .chars()
        .collect();
    let limits = Limits {
        parse_timeout: std::time::Duration::from_millis(100),
        ..Limits::default()
    };
    for _ in 0..n {
        let mut t = String::new();
        for _ in 0..1 + r() % 8 {
            match r() % 6 {
                4 => {
                    for _ in 0..r() % 150 {
                        t.push(if r() % 3 == 0 {
                            marks[r() % marks.len()]
                        } else {
                            char::from_u32((r() % 0x110000) as u32)
                                .filter(|c| *c != '\0')
                                .unwrap_or('{')
                        });
                    }
                }
                5 => {
                    let w = [
                        "- ",
                        "? ",
                        ": ",
                        "<<~A",
                        "#{",
                        "$\"{",
                        "'''",
                        "<a>",
                        "> ",
                        "* ",
                        "|\n",
                        "\n  ",
                        "\n        ",
                        "key: ",
                        "if x:\n",
                        "do\n",
                        "${",
                        "`",
                        "\"",
                        "[[",
                        "$(",
                        "<?php ",
                        "R\"(",
                        "<<<A\n",
                        "f\"{",
                        "where ",
                        "{-",
                        "let \n",
                    ];
                    let k = r() % w.len();
                    let j = r() % w.len();
                    for i in 0..r() % 400 {
                        t.push_str(w[if r() % 2 == 0 { k } else { j }]);
                        if i % 7 == 0 && r() % 2 == 0 {
                            t.push('\n');
                            for _ in 0..i {
                                t.push(' ');
                            }
                        }
                    }
                }
                0 => {
                    for _ in 0..r() % 200 {
                        t.push(marks[r() % marks.len()]);
                    }
                }
                1 => {
                    let s = &src[r() % src.len()];
                    let c: Vec<char> = s.chars().collect();
                    let i = r() % c.len();
                    t.extend(&c[i..(i + r() % 400).min(c.len())]);
                }
                2 => {
                    let c = marks[r() % marks.len()];
                    let d = marks[r() % marks.len()];
                    for _ in 0..r() % 1500 {
                        t.push(c);
                        if r() % 3 == 0 {
                            t.push(d);
                        }
                    }
                }
                _ => {
                    let k = r() % 60;
                    for _ in 0..r() % 100 {
                        t.push(char::from_u32((r() % 0x500) as u32 + 1).unwrap_or('x'));
                    }
                    for _ in 0..k {
                        t.push('\n');
                        for _ in 0..r() % 30 {
                            t.push(' ');
                        }
                        t.push(marks[r() % marks.len()]);
                    }
                }
            }
        }
        std::fs::write(format!("/dev/shm/stress-{}", a[1]), &t).unwrap();
        let f = chunk(&t, Some(only), &limits);
        let mut e = 0;
        for c in &f.chunks {
            assert_eq!(c.bytes.start, e);
            e = c.bytes.end;
            assert!(t[c.bytes.start as usize..e as usize].chars().count() <= 1500);
        }
        assert_eq!(e as usize, t.len());
    }
}
