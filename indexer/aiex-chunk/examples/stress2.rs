//! Temporary.
#![allow(clippy::unwrap_used)]
use aiex_chunk::{Language, Limits, chunk};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let only = Language::from_name(&a[1]).unwrap();
    let deep = format!("{}{}", "(".repeat(100_000), ")".repeat(100_000));
    let t = std::thread::spawn(move || {
        for ms in [2u64, 5, 11, 23, 47, 60, 80, 100, 130, 170, 210, 260, 3, 400] {
            let limits = Limits {
                parse_timeout: std::time::Duration::from_millis(ms),
                ..Limits::default()
            };
            chunk(&deep, Some(only), &limits);
            chunk("fn f() {}\n", Some(only), &limits);
        }
    });
    t.join().unwrap();
}
